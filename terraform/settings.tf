# Settings of the processes, by the names that docs/settings.md explains.

locals {
  common_env = {
    GOOGLE_CLOUD_PROJECT = var.project_id
    HIGHWATER_WAREHOUSE  = "bigquery"
    BIGQUERY_DATASET     = var.names.dataset
    BIGQUERY_LOCATION    = var.data_location
    # The root of the image is read-only; what is kept here may be lost with the instance.
    HIGHWATER_DATA_DIR = "/tmp/highwater"
    LOG_FORMAT         = "json"
    # Cloud Run ends a container ten seconds after it asked it to stop.
    SHUTDOWN_DEADLINE  = "8s"
    TELEMETRY_EXPORTER = "google"
    # Where the metadata server is slow, a start does not depend on it.
    TELEMETRY_REGION = var.region
  }

  api_env = {
    HIGHWATER_HOST = "0.0.0.0"
    METRICS_SOURCE = "google"
    # The process checks for itself who was let in: IAP's signed header, or the ID token where IAP is off.
    AUTH_MODE          = var.api.iap ? "iap" : "oidc"
    AUTH_IAP_AUDIENCE  = "/projects/${var.project_number}/locations/${var.region}/services/${var.names.api}"
    AUTH_OIDC_AUDIENCE = "https://${var.names.api}-${var.project_number}.${var.region}.run.app"
    AUTH_READERS       = join(",", var.api.readers)
    AUTH_PUBLISHERS    = join(",", var.api.publishers)
    AUTH_OPERATORS     = join(",", var.api.operators)
  }
}
