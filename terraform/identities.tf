# One service account for each workload. What it may do is granted on the resource where that is possible; the roles here have no
# resource to be granted on.

resource "google_service_account" "api" {
  project      = var.project_id
  account_id   = var.names.api
  display_name = "Highwater: REST API"

  depends_on = [module.project_services]
}

resource "google_service_account" "ingester" {
  project      = var.project_id
  account_id   = var.names.ingester
  display_name = "Highwater: ingester"

  depends_on = [module.project_services]
}

locals {
  api_member      = "serviceAccount:${var.names.api}@${var.project_id}.iam.gserviceaccount.com"
  ingester_member = "serviceAccount:${var.names.ingester}@${var.project_id}.iam.gserviceaccount.com"

  telemetry_roles = [
    "roles/cloudtrace.agent",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/serviceusage.serviceUsageConsumer",
  ]
  runtime_roles = merge(
    { for role in local.telemetry_roles : "api ${role}" => { role = role, member = local.api_member } },
    { for role in local.telemetry_roles : "ingester ${role}" => { role = role, member = local.ingester_member } },
    {
      "api queries"        = { role = "roles/bigquery.jobUser", member = local.api_member }
      "ingester queries"   = { role = "roles/bigquery.jobUser", member = local.ingester_member }
      "api reads its SLIs" = { role = "roles/monitoring.viewer", member = local.api_member }
    },
  )
}

resource "google_project_iam_member" "runtime" {
  for_each = local.runtime_roles

  project = var.project_id
  role    = each.value.role
  member  = each.value.member

  depends_on = [google_service_account.api, google_service_account.ingester]
}

# Whoever delivers a revision that runs as an account has to be allowed to use that account.
resource "google_service_account_iam_member" "deployer" {
  for_each = {
    api      = google_service_account.api.name
    ingester = google_service_account.ingester.name
  }

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${var.deployer}"
}
