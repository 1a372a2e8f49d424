# Dashboards, and the look from outside.

resource "google_monitoring_dashboard" "this" {
  for_each = var.dashboards

  project        = var.project_id
  dashboard_json = each.value
}

resource "google_monitoring_uptime_check_config" "api" {
  project          = var.project_id
  display_name     = "Highwater ${var.environment}: API"
  timeout          = "10s"
  period           = "60s"
  selected_regions = ["EUROPE", "USA_OREGON", "ASIA_PACIFIC"]

  http_check {
    path         = "/readyz"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    dynamic "accepted_response_status_codes" {
      for_each = var.uptime_statuses

      content {
        status_class = accepted_response_status_codes.value
      }
    }

    service_agent_authentication {
      type = "OIDC_TOKEN"
    }
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = var.uptime_host }
  }

  lifecycle {
    create_before_destroy = true
  }
}
