# The ingester pulls, so it needs no requests: a worker pool. Where those cannot be used, a service that is always on does the same.

resource "google_cloud_run_v2_worker_pool" "this" {
  count = var.settings.kind == "worker-pool" ? 1 : 0

  project             = var.project_id
  name                = var.name
  location            = var.region
  description         = "Highwater: ingester"
  deletion_protection = var.deletion_protection

  scaling {
    manual_instance_count = var.settings.instances
  }

  template {
    service_account = var.service_account

    containers {
      image = var.image
      args  = ["ingest"]

      resources {
        limits = { cpu = var.settings.cpu, memory = var.settings.memory }
      }

      dynamic "env" {
        for_each = var.env

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  # Delivery changes the image. The number of instances is where it starts: from then on the autoscaler has it, or
  # `gcloud run worker-pools update --instances`.
  lifecycle {
    ignore_changes = [
      client,
      client_version,
      scaling[0].manual_instance_count,
      template[0].revision,
      template[0].labels,
      template[0].containers[0].image,
      instance_splits,
    ]
  }
}

resource "google_cloud_run_v2_service" "this" {
  count = var.settings.kind == "service" ? 1 : 0

  project             = var.project_id
  name                = var.name
  location            = var.region
  description         = "Highwater: ingester"
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = var.deletion_protection

  template {
    service_account       = var.service_account
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

    # A service is scaled by its requests, and this one has none.
    scaling {
      min_instance_count = var.settings.instances
      max_instance_count = var.settings.instances
    }

    containers {
      image = var.image
      args  = ["ingest"]

      # Its metrics page is what listens.
      ports {
        container_port = 9464
      }

      resources {
        limits            = { cpu = var.settings.cpu, memory = var.settings.memory }
        startup_cpu_boost = true
        cpu_idle          = false
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30

        tcp_socket {
          port = 9464
        }
      }

      dynamic "env" {
        for_each = merge(var.env, { METRICS_HOST = "0.0.0.0" })

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

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

resource "google_cloud_run_v2_worker_pool_iam_member" "deployer" {
  count = length(google_cloud_run_v2_worker_pool.this)

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_worker_pool.this[0].name
  role     = "roles/run.developer"
  member   = "serviceAccount:${var.deployer}"
}

resource "google_cloud_run_v2_service_iam_member" "deployer" {
  count = length(google_cloud_run_v2_service.this)

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.this[0].name
  role     = "roles/run.developer"
  member   = "serviceAccount:${var.deployer}"
}
