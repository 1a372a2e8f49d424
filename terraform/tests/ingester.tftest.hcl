# The two kinds of ingester, and who may call the API with IAP and without it.

mock_provider "google" {}

variables {
  project_id          = "highwater-test"
  project_number      = 123456789012
  region              = "europe-west1"
  name                = "highwater-x"
  service_account     = "highwater-x@highwater-test.iam.gserviceaccount.com"
  deployer            = "highwater-deploy@highwater-test.iam.gserviceaccount.com"
  image               = "an/image"
  env                 = { LOG_FORMAT = "json" }
  deletion_protection = true
}

run "a_worker_pool" {
  module {
    source = "./modules/ingester"
  }
  variables {
    settings = { kind = "worker-pool", instances = 2, cpu = "1", memory = "1Gi" }
  }
  assert {
    condition     = length(google_cloud_run_v2_worker_pool.this) == 1 && length(google_cloud_run_v2_service.this) == 0
    error_message = "Expected a worker pool alone."
  }
}

run "a_service" {
  module {
    source = "./modules/ingester"
  }
  variables {
    settings = { kind = "service", instances = 2, cpu = "1", memory = "1Gi" }
  }
  assert {
    condition     = length(google_cloud_run_v2_worker_pool.this) == 0 && length(google_cloud_run_v2_service.this) == 1
    error_message = "Expected a service alone."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.this[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" &&
      google_cloud_run_v2_service.this[0].template[0].scaling[0].min_instance_count == 2 &&
      google_cloud_run_v2_service.this[0].template[0].containers[0].resources[0].cpu_idle == false
    )
    error_message = "Expected a service that is always on, and not public."
  }
}

run "the_api_behind_iap" {
  module {
    source = "./modules/api"
  }
  variables {
    settings = {
      min_instances = 1, max_instances = 2, concurrency = 80, cpu = "1", memory = "1Gi", ingress = "INGRESS_TRAFFIC_ALL"
      iap           = true, callers = ["group:data@example.com"], secret_env = {}
    }
  }
  assert {
    condition     = [for m in google_cloud_run_v2_service_iam_member.invoker : m.member] == ["serviceAccount:service-123456789012@gcp-sa-iap.iam.gserviceaccount.com"]
    error_message = "Expected IAP alone to call the service."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.this.template[0].containers[0].startup_probe[0].http_get[0].path == "/readyz" &&
      google_cloud_run_v2_service.this.template[0].containers[0].liveness_probe[0].http_get[0].path == "/healthz" &&
      google_cloud_run_v2_service.this.template[0].scaling[0].max_instance_count == 2 && google_cloud_run_v2_service.this.iap_enabled
    )
    error_message = "Expected probes, a bound to its size, and IAP."
  }
  assert {
    condition     = toset([for m in google_iap_web_cloud_run_service_iam_member.user : m.member]) == toset(["group:data@example.com", "serviceAccount:highwater-deploy@highwater-test.iam.gserviceaccount.com"])
    error_message = "Expected callers and the gate to pass IAP."
  }
}

run "the_api_without_iap" {
  module {
    source = "./modules/api"
  }
  variables {
    settings = {
      min_instances = 1, max_instances = 2, concurrency = 80, cpu = "1", memory = "1Gi", ingress = "INGRESS_TRAFFIC_ALL"
      iap           = false, callers = ["group:data@example.com"], secret_env = {}
    }
  }
  assert {
    condition     = toset([for m in google_cloud_run_v2_service_iam_member.invoker : m.member]) == toset(["group:data@example.com", "serviceAccount:highwater-deploy@highwater-test.iam.gserviceaccount.com"])
    error_message = "Expected callers and the gate to call the service themselves."
  }
}
