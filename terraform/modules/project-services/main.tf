# APIs that have to be on before anything else can be made.

variable "project_id" {
  description = "Project."
  type        = string
}

variable "has_cache" {
  description = "Whether there is a cache, which needs a network."
  type        = bool
}

locals {
  services = toset(concat(local.always, var.has_cache ? local.of_the_cache : []))
  of_the_cache = [
    "compute.googleapis.com",
    "memorystore.googleapis.com",
    "networkconnectivity.googleapis.com",
  ]
  always = [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigquerystorage.googleapis.com",
    "cloudtrace.googleapis.com",
    "iam.googleapis.com",
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "parametermanager.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "telemetry.googleapis.com",
  ]
}

resource "google_project_service" "this" {
  for_each = local.services

  project = var.project_id
  service = each.key
  # Others in the project may use it too.
  disable_on_destroy = false
}
