output "network" {
  description = "Network and subnetwork from which it is reached."
  value       = { network = google_compute_network.this.id, subnetwork = google_compute_subnetwork.this.id }
}

output "env" {
  description = "Settings of a process that uses it."
  value = {
    ANSWER_CACHE           = "redis"
    ANSWER_CACHE_REDIS_URL = "rediss://${local.primary.ip_address}:${local.primary.port}"
    # It is signed by an authority of its own, whose certificates are no secret.
    ANSWER_CACHE_REDIS_CA = join("\n", flatten([
      for authority in google_memorystore_instance.this.managed_server_ca : [for chain in authority.ca_certs : chain.certificates]
    ]))
    ANSWER_CACHE_REDIS_AUTH = "google"
  }
}
