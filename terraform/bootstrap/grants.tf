# What the three accounts may do in the project.

locals {
  terraform_roles = [
    "roles/artifactregistry.admin",
    "roles/bigquery.admin",
    "roles/compute.networkAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iap.admin",
    "roles/memorystore.admin",
    "roles/monitoring.admin",
    "roles/networkconnectivity.consumerNetworkAdmin",
    "roles/parametermanager.admin",
    "roles/pubsub.admin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
  ]
  # The roles that Terraform hands out on the project; it can grant no others, to nobody.
  grantable_roles = [
    "roles/bigquery.jobUser",
    "roles/cloudtrace.agent",
    "roles/logging.logWriter",
    "roles/memorystore.dbConnectionUser",
    "roles/monitoring.metricWriter",
    "roles/monitoring.viewer",
    "roles/parametermanager.parameterViewer",
    "roles/serviceusage.serviceUsageConsumer",
  ]
  plan_roles   = ["roles/viewer", "roles/iam.securityReviewer"]
  deploy_roles = ["roles/monitoring.viewer"]

  project_roles = merge(
    { for role in local.terraform_roles : "terraform ${role}" => { account = "terraform", role = role } },
    { for role in local.plan_roles : "plan ${role}" => { account = "plan", role = role } },
    { for role in local.deploy_roles : "deploy ${role}" => { account = "deploy", role = role } },
  )
}

resource "google_project_iam_member" "this" {
  for_each = local.project_roles

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.this[each.value.account].member
}

resource "google_project_iam_member" "grants" {
  project = var.project_id
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.this["terraform"].member

  condition {
    title       = "only-the-roles-of-highwater"
    description = "Grants and withdraws the roles of the runtime accounts, and no others."
    expression  = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${join(", ", [for role in local.grantable_roles : "'${role}'"])}])"
  }
}

# Whoever makes a service that runs as an account has to be allowed to use that account, also before it exists.
resource "google_project_iam_member" "act_as" {
  #checkov:skip=CKV_GCP_41:the condition holds it to the accounts of Highwater
  #checkov:skip=CKV_GCP_49:the condition holds it to the accounts of Highwater
  project = var.project_id
  role    = "roles/iam.serviceAccountUser"
  member  = google_service_account.this["terraform"].member

  condition {
    title       = "only-the-accounts-of-highwater"
    description = "Runs services as the accounts of Highwater."
    expression  = "resource.name.extract('serviceAccounts/{account}').startsWith('highwater-')"
  }
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = {
    terraform = "roles/storage.objectAdmin"
    plan      = "roles/storage.objectViewer"
  }

  bucket = google_storage_bucket.state.name
  role   = each.value
  member = google_service_account.this[each.key].member
}
