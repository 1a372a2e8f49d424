output "name" {
  description = "Name of the service."
  value       = google_cloud_run_v2_service.this.name
}

output "url" {
  description = "Where it answers."
  value       = google_cloud_run_v2_service.this.uri
}

output "host" {
  description = "Its host name."
  value       = trimprefix(google_cloud_run_v2_service.this.uri, "https://")
}
