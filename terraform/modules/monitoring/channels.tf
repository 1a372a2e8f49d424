# Who is told. A channel that is replaced has a successor before it goes: a policy in use keeps it from being deleted.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.emails

  project      = var.project_id
  display_name = "Highwater ${var.environment}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.value.address }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_notification_channel" "pagerduty" {
  for_each = var.pagerduty

  project      = var.project_id
  display_name = "Highwater ${var.environment}: ${each.key}"
  type         = "pagerduty"

  sensitive_labels {
    service_key_wo         = var.pagerduty_keys[each.key]
    service_key_wo_version = each.value.version
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  channels = {
    for route in ["page", "ticket"] : route => concat(
      [for name, email in var.emails : google_monitoring_notification_channel.email[name].name if contains(email.routes, route)],
      [for name, service in var.pagerduty : google_monitoring_notification_channel.pagerduty[name].name if contains(service.routes, route)],
    )
  }
}
