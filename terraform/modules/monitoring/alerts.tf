locals {
  console        = "https://console.cloud.google.com"
  dashboard_urls = { for name, each in google_monitoring_dashboard.this : name => "${local.console}/monitoring/dashboards/builder/${basename(each.id)}?project=${var.project_id}" }
  # What leads on from an alert beside its playbook, which is in it: the page to open first, and what was traced.
  alert_links = merge(
    { for name, url in local.dashboard_urls : "Dashboard" => url if name == "on-call" },
    { Traces = "${local.console}/traces/explorer?project=${var.project_id}" },
  )
}

# Alert policies on PromQL: both windows and the guards of a burn rate are one query, so one condition.

resource "google_monitoring_alert_policy" "this" {
  for_each = var.alert_policies

  project               = var.project_id
  display_name          = each.value.display_name
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels[each.value.route]
  user_labels           = merge(each.value.labels, { environment = var.environment, route = each.value.route })

  dynamic "conditions" {
    for_each = each.value.conditions

    content {
      display_name = conditions.value.name

      condition_prometheus_query_language {
        query               = conditions.value.query
        duration            = "${conditions.value.duration_seconds}s"
        evaluation_interval = "${conditions.value.evaluation_interval_seconds}s"
        # On an empty project no metric has been seen yet; the queries are held against a real Prometheus before they get here.
        disable_metric_validation = true
      }
    }
  }

  alert_strategy {
    auto_close           = "${each.value.auto_close_seconds}s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    content   = each.value.documentation
    mime_type = "text/markdown"
    subject   = "[${var.environment}] ${each.value.subject}"

    # Three at most, by the API.
    dynamic "links" {
      for_each = local.alert_links

      content {
        display_name = links.key
        url          = links.value
      }
    }
  }
}
