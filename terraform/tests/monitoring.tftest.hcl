# Who is told of what: each policy has the channels of its route.

mock_provider "google" {}

variables {
  project_id      = "highwater-test"
  environment     = "dev"
  service_id      = "highwater"
  slos            = {}
  dashboards      = {}
  pagerduty       = {}
  pagerduty_keys  = {}
  uptime_host     = "api.example.com"
  uptime_statuses = ["STATUS_CLASS_2XX"]
  emails = {
    on-call = { address = "on-call@example.com", routes = ["page"] }
    team    = { address = "team@example.com", routes = ["ticket"] }
    both    = { address = "both@example.com", routes = ["page", "ticket"] }
  }
  alert_policies = {
    for route in ["page", "ticket"] : route => {
      display_name       = route, severity = "ERROR", route = route, subject = route, documentation = "What to do."
      auto_close_seconds = 1800, labels = {}
      conditions         = [{ name = "c", query = "up == 0", duration_seconds = 0, evaluation_interval_seconds = 30 }]
    }
  }
}

run "channels_by_route" {
  module {
    source = "./modules/monitoring"
  }
  assert {
    condition = toset(google_monitoring_alert_policy.this["page"].notification_channels) == toset([
      google_monitoring_notification_channel.email["on-call"].name, google_monitoring_notification_channel.email["both"].name,
    ])
    error_message = "Expected a page to go to those who are paged."
  }
  assert {
    condition = toset(google_monitoring_alert_policy.this["ticket"].notification_channels) == toset([
      google_monitoring_notification_channel.email["team"].name, google_monitoring_notification_channel.email["both"].name,
    ])
    error_message = "Expected a ticket to go to those who take tickets."
  }
  assert {
    condition = (
      google_monitoring_uptime_check_config.api.http_check[0].path == "/readyz" &&
      google_monitoring_uptime_check_config.api.http_check[0].validate_ssl &&
      length(google_monitoring_uptime_check_config.api.selected_regions) >= 3
    )
    error_message = "Expected a look from outside at whether requests would be answered."
  }
  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.this :
      policy.conditions[0].condition_prometheus_query_language[0].disable_metric_validation &&
      policy.alert_strategy[0].auto_close == "1800s" && toset(policy.alert_strategy[0].notification_prompts) == toset(["OPENED", "CLOSED"])
    ])
    error_message = "Expected policies that apply to an empty project, close by themselves, and tell of both ends."
  }
}
