# The cache: no password, TLS, and its address as the API is told it.

mock_provider "google" {
  mock_resource "google_memorystore_instance" {
    defaults = {
      id = "projects/highwater-test/locations/europe-west1/instances/highwater"
      endpoints = [{
        connections = [
          { psc_auto_connection = [{ ip_address = "10.80.0.4", port = 6379, connection_type = "CONNECTION_TYPE_READER" }] },
          { psc_auto_connection = [{ ip_address = "10.80.0.3", port = 6379, connection_type = "CONNECTION_TYPE_PRIMARY" }] },
        ]
      }]
      managed_server_ca = [{ ca_certs = [{ certificates = ["one", "two"] }] }]
    }
  }
}

variables {
  project_id          = "highwater-test"
  region              = "europe-west1"
  name                = "highwater"
  user                = "serviceAccount:highwater-api@highwater-test.iam.gserviceaccount.com"
  deletion_protection = true
  settings            = { node_type = "SHARED_CORE_NANO", replicas = 0, ip_range = "10.80.0.0/24" }
}

run "by_tls_and_identity" {
  module {
    source = "./modules/cache"
  }
  assert {
    condition = output.env == {
      ANSWER_CACHE            = "redis"
      ANSWER_CACHE_REDIS_URL  = "rediss://10.80.0.3:6379"
      ANSWER_CACHE_REDIS_CA   = "one\ntwo"
      ANSWER_CACHE_REDIS_AUTH = "google"
    }
    error_message = "Expected the address that takes writes, and the authority that signs for it."
  }
  assert {
    condition     = google_memorystore_instance.this.authorization_mode == "IAM_AUTH" && google_memorystore_instance.this.transit_encryption_mode == "SERVER_AUTHENTICATION"
    error_message = "Expected identity and TLS."
  }
  assert {
    condition     = google_project_iam_member.user.condition[0].expression == "resource.name == 'projects/highwater-test/locations/europe-west1/instances/highwater'"
    error_message = "Expected a grant on this instance alone."
  }
}
