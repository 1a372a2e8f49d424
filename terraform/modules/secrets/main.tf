# Places for secrets. No value passes through Terraform: `gcloud secrets versions add NAME --data-file=-` puts it in.

variable "project_id" {
  description = "Project."
  type        = string
}

variable "secrets" {
  description = "Names."
  type        = set(string)
}

variable "readers" {
  description = "Who may read which secret."
  type        = map(object({ secret = string, member = string }))
}

resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project   = var.project_id
  secret_id = each.key

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = var.readers

  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}
