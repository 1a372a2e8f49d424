output "state_bucket" {
  description = "For environments/*.gcs.tfbackend."
  value       = google_storage_bucket.state.name
}

output "deployer" {
  description = "For environments/*.tfvars, and GCP_DEPLOY_ACCOUNT of the workflows."
  value       = google_service_account.this["deploy"].email
}

output "workflow_variables" {
  description = "Variables of the GitHub environment, by name."
  value = {
    GCP_PROJECT           = var.project_id
    GCP_IDENTITY_PROVIDER = google_iam_workload_identity_pool_provider.github.name
    GCP_PLAN_ACCOUNT      = google_service_account.this["plan"].email
    GCP_TERRAFORM_ACCOUNT = google_service_account.this["terraform"].email
    GCP_DEPLOY_ACCOUNT    = google_service_account.this["deploy"].email
  }
}
