output "dashboard_urls" {
  description = "Dashboards in the console."
  value = {
    for name, dashboard in google_monitoring_dashboard.this :
    name => "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(dashboard.id)}?project=${var.project_id}"
  }
}
