output "dashboard_urls" {
  description = "Dashboards in the console."
  value       = local.dashboard_urls
}
