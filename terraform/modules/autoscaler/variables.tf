variable "project_id" {
  description = "Project."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
}

variable "worker_pool" {
  description = "Name of the worker pool."
  type        = string
}

variable "worker_pool_account_id" {
  description = "Resource name of the account that the worker pool runs as."
  type        = string
}

variable "subscriptions" {
  description = "Subscriptions whose backlog counts, by stream."
  type        = map(string)
}

variable "settings" {
  description = "The root's ingester.autoscaling."
  type = object({
    min_instances         = number
    max_instances         = number
    messages_per_instance = number
    image                 = string
  })
}

variable "deletion_protection" {
  description = "Whether it is kept from being destroyed."
  type        = bool
}
