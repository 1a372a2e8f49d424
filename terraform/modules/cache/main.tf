# Answers of the warehouse that all instances of the API share: a small Valkey (Memorystore) on a network of its own. It is spoken to over
# TLS by the API's own identity, so that there is no password: the one of Memorystore for Redis would lie in Terraform's state.

resource "google_compute_network" "this" {
  #checkov:skip=CKV2_GCP_18:no machine is in it, and without a rule nothing comes in
  project                 = var.project_id
  name                    = "highwater"
  description             = "Highwater: the API and its cache"
  auto_create_subnetworks = false
}

# Instances of the API have their addresses here too; Cloud Run wants /26 or larger.
resource "google_compute_subnetwork" "this" {
  #checkov:skip=CKV_GCP_26:one protocol to one address; flow logs of it cost more than the cache and show nothing
  #checkov:skip=CKV_GCP_76:the subnetwork has no IPv6
  project                  = var.project_id
  name                     = "highwater"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.settings.ip_range
  private_ip_google_access = true
}

# By it Memorystore puts its address into the network.
resource "google_network_connectivity_service_connection_policy" "this" {
  project       = var.project_id
  name          = "highwater"
  location      = var.region
  description   = "Highwater: the cache's address"
  service_class = "gcp-memorystore"
  network       = google_compute_network.this.id

  psc_config {
    subnetworks = [google_compute_subnetwork.this.id]
  }
}

resource "google_memorystore_instance" "this" {
  project                     = var.project_id
  instance_id                 = var.name
  location                    = var.region
  mode                        = "CLUSTER_DISABLED"
  shard_count                 = 1
  replica_count               = var.settings.replicas
  node_type                   = var.settings.node_type
  engine_version              = "VALKEY_8_0"
  engine_configs              = { maxmemory-policy = "allkeys-lru" }
  authorization_mode          = "IAM_AUTH"
  transit_encryption_mode     = "SERVER_AUTHENTICATION"
  deletion_protection_enabled = var.deletion_protection

  # What is lost is asked again.
  persistence_config {
    mode = "DISABLED"
  }

  desired_auto_created_endpoints {
    network    = google_compute_network.this.id
    project_id = var.project_id
  }

  depends_on = [google_network_connectivity_service_connection_policy.this]
}

# No instance of Memorystore holds grants of its own; the condition holds this one to it.
resource "google_project_iam_member" "user" {
  project = var.project_id
  role    = "roles/memorystore.dbConnectionUser"
  member  = var.user

  condition {
    title      = "only-the-cache-of-highwater"
    expression = "resource.name == '${google_memorystore_instance.this.id}'"
  }
}

locals {
  connections = flatten([
    for endpoint in google_memorystore_instance.this.endpoints : [for each in endpoint.connections : each.psc_auto_connection]
  ])
  primary = one([for each in local.connections : each if each.connection_type == "CONNECTION_TYPE_PRIMARY"])
}
