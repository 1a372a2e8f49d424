output "api_url" {
  description = "Where the REST API answers."
  value       = module.api.url
}

output "registry" {
  description = "Where images are pushed to."
  value       = module.registry.url
}

output "api_service" {
  description = "Name of the Cloud Run service of the API."
  value       = module.api.name
}

output "ingester" {
  description = "Name of the worker pool or service of the ingester."
  value       = module.ingester.name
}

output "dashboards" {
  description = "Dashboards in the console, by name."
  value       = module.monitoring.dashboard_urls
}

output "waiting_slos" {
  description = "SLOs that are made once own_metrics_exist is true."
  value       = sort([for name, slo in var.slos : name if slo.needs_own_metrics && !var.own_metrics_exist])
}
