# Applied once for each environment by a person: what everything after it stands on. The bucket of the state, the federation by which
# workflows prove who they are without a key, and three accounts: who plans, who applies, who delivers.

resource "google_project_service" "this" {
  for_each = toset([
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "sts.googleapis.com",
    "storage.googleapis.com",
  ])

  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:Cloud Audit Logs say who read or wrote it; access logs would need a second bucket
  project                     = var.project_id
  name                        = "${var.project_id}-terraform"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 50
      with_state         = "ARCHIVED"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.this]
}

# What the first apply reads has to be there before it: no value passes through Terraform's state.
resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project   = var.project_id
  secret_id = each.key

  replication {
    auto {}
  }

  depends_on = [google_project_service.this]
}

resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project_id
  workload_identity_pool_id = "github"
  display_name              = "GitHub"

  depends_on = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:it knows one value of assertion.sub alone; this is held to the id of the repository, and the accounts to branches
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub"

  # Workflows of this one repository, and of no other.
  attribute_condition = "assertion.repository_id == \"${var.repository_id}\""
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
    "attribute.ref"        = "assertion.repository + \":\" + assertion.ref"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "this" {
  for_each = {
    plan      = "plans pull requests, reads only"
    terraform = "applies Terraform"
    deploy    = "delivers images"
  }

  project      = var.project_id
  account_id   = "highwater-${each.key}"
  display_name = "Highwater: ${each.value}"

  depends_on = [google_project_service.this]
}

locals {
  pool = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}"
  # Pull requests only ever plan; what applies and delivers runs on the environment's branch.
  federated = {
    plan      = "${local.pool}/attribute.repository/${var.repository}"
    terraform = "${local.pool}/attribute.ref/${var.repository}:refs/heads/${var.branch}"
    deploy    = "${local.pool}/attribute.ref/${var.repository}:refs/heads/${var.branch}"
  }
}

resource "google_service_account_iam_member" "federated" {
  for_each = local.federated

  service_account_id = google_service_account.this[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value
}

# The deployer signs its own token, with which it passes IAP to ask the new revision for its SLOs.
resource "google_service_account_iam_member" "signs_for_itself" {
  service_account_id = google_service_account.this["deploy"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.this["deploy"].member
}
