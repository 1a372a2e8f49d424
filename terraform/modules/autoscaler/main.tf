# The number of ingesters follows the backlog. Cloud Run does not scale worker pools by itself: Google's external autoscaler (CREMA, a
# preview, built on KEDA) asks for the backlog of each subscription and sets the number.
# Source: https://docs.cloud.google.com/run/docs/configuring/workerpools/crema-autoscaling

locals {
  config = {
    apiVersion = "crema/v1"
    kind       = "CremaConfig"
    spec = {
      pollingInterval = 30
      triggerAuthentications = [{
        metadata = { name = "own-account" }
        spec     = { podIdentity = { provider = "gcp" } }
      }]
      scaledObjects = [{
        spec = {
          scaleTargetRef  = { name = "projects/${var.project_id}/locations/${var.region}/workerpools/${var.worker_pool}" }
          minReplicaCount = var.settings.min_instances
          maxReplicaCount = var.settings.max_instances
          triggers = [for name, subscription in var.subscriptions : {
            type = "gcp-pubsub"
            name = name
            metadata = {
              subscriptionName = "projects/${var.project_id}/subscriptions/${subscription}"
              mode             = "NumUndeliveredMessages"
              value            = tostring(var.settings.messages_per_instance)
            }
            authenticationRef = { name = "own-account" }
          }]
          # Up at once; down only when the backlog has stayed small, as the figures are minutes old.
          advanced = { horizontalPodAutoscalerConfig = { behavior = {
            scaleUp   = { stabilizationWindowSeconds = 0 }
            scaleDown = { stabilizationWindowSeconds = 600 }
          } } }
        }
      }]
    }
  }
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = "highwater-autoscaler"
  display_name = "Highwater: autoscaler of the ingester"
}

resource "google_parameter_manager_parameter" "this" {
  project      = var.project_id
  parameter_id = "highwater-autoscaler"
  format       = "YAML"
}

resource "google_parameter_manager_parameter_version" "this" {
  parameter = google_parameter_manager_parameter.this.id
  # A version cannot be changed: another content is another version.
  parameter_version_id = substr(sha256(yamlencode(local.config)), 0, 12)
  parameter_data       = yamlencode(local.config)

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_project_iam_member" "this" {
  for_each = toset(["roles/monitoring.viewer", "roles/parametermanager.parameterViewer"])

  project = var.project_id
  role    = each.key
  member  = google_service_account.this.member
}

resource "google_cloud_run_v2_worker_pool_iam_member" "this" {
  project  = var.project_id
  location = var.region
  name     = var.worker_pool
  role     = "roles/run.developer"
  member   = google_service_account.this.member
}

resource "google_service_account_iam_member" "this" {
  service_account_id = var.worker_pool_account_id
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this.member
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.project_id
  name                = "highwater-autoscaler"
  location            = var.region
  description         = "Highwater: sets the number of ingesters by the backlog"
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = var.deletion_protection

  template {
    service_account = google_service_account.this.email

    # Two of them would work against each other.
    scaling {
      min_instance_count = 1
      max_instance_count = 1
    }

    containers {
      image          = var.settings.image
      base_image_uri = "${var.region}-docker.pkg.dev/serverless-runtimes/google-24/runtimes/java25"

      resources {
        limits   = { cpu = "1", memory = "512Mi" }
        cpu_idle = false
      }

      env {
        name  = "CREMA_CONFIG"
        value = google_parameter_manager_parameter_version.this.name
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version, template[0].revision, template[0].labels]
  }

  depends_on = [google_project_iam_member.this]
}
