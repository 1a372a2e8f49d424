output "name" {
  description = "Name of the worker pool or service."
  value       = one(concat(google_cloud_run_v2_worker_pool.this[*].name, google_cloud_run_v2_service.this[*].name))
}
