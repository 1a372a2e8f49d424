# The REST API as a Cloud Run service.

resource "google_cloud_run_v2_service" "this" {
  project             = var.project_id
  name                = var.name
  location            = var.region
  description         = "Highwater: REST API"
  ingress             = var.settings.ingress
  iap_enabled         = var.settings.iap
  deletion_protection = var.deletion_protection

  template {
    service_account                  = var.service_account
    timeout                          = "60s"
    max_instance_request_concurrency = var.settings.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      min_instance_count = var.settings.min_instances
      max_instance_count = var.settings.max_instances
    }

    # Straight into the network, without a connector; what is not private goes as it did.
    dynamic "vpc_access" {
      for_each = var.network[*]

      content {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          network    = vpc_access.value.network
          subnetwork = vpc_access.value.subnetwork
        }
      }
    }

    containers {
      image = var.image
      args  = ["api"]

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = var.settings.cpu, memory = var.settings.memory }
        startup_cpu_boost = true
        # Telemetry is sent and SLOs are evaluated between requests too.
        cpu_idle = false
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30

        http_get {
          path = "/readyz"
        }
      }

      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 6

        http_get {
          path = "/healthz"
        }
      }

      dynamic "env" {
        for_each = var.env

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.settings.secret_env

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  # Delivery changes images and moves traffic. Without the revision's name in the list each unrelated apply would make a new one.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].revision,
      template[0].labels,
      template[0].containers[0].image,
      traffic,
    ]
  }
}

locals {
  # Delivery asks the new revision for its SLOs before it gets traffic.
  callers = setunion(var.settings.callers, ["serviceAccount:${var.deployer}"])
  # With IAP on, IAP alone calls the service, and callers pass IAP; with IAP off they call it themselves.
  invokers = var.settings.iap ? toset(["serviceAccount:service-${var.project_number}@gcp-sa-iap.iam.gserviceaccount.com"]) : local.callers
  users    = var.settings.iap ? local.callers : toset([])
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = local.invokers

  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.key
}

resource "google_iap_web_cloud_run_service_iam_member" "user" {
  for_each = local.users

  project                = var.project_id
  location               = google_cloud_run_v2_service.this.location
  cloud_run_service_name = google_cloud_run_v2_service.this.name
  role                   = "roles/iap.httpsResourceAccessor"
  member                 = each.key
}

# The uptime check proves who it is; without IAP it is let in as this account.
resource "google_cloud_run_v2_service_iam_member" "uptime" {
  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:service-${var.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
}

resource "google_cloud_run_v2_service_iam_member" "deployer" {
  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.developer"
  member   = "serviceAccount:${var.deployer}"
}
