variable "project_id" {
  description = "Project."
  type        = string
}

variable "project_number" {
  description = "Number of the project."
  type        = number
}

variable "region" {
  description = "Region."
  type        = string
}

variable "name" {
  description = "Name of the service."
  type        = string
}

variable "service_account" {
  description = "Email of the account that it runs as."
  type        = string
}

variable "image" {
  description = "Image of the first revision."
  type        = string
}

variable "settings" {
  description = "The root's api."
  type = object({
    min_instances = number
    max_instances = number
    concurrency   = number
    cpu           = string
    memory        = string
    ingress       = string
    iap           = bool
    callers       = set(string)
    secret_env    = map(object({ secret = string, version = string }))
  })
}

variable "env" {
  description = "Settings of the process."
  type        = map(string)
}

variable "network" {
  description = "Network from which private addresses are reached; null where nothing is there to be reached."
  type        = object({ network = string, subnetwork = string })
  default     = null
}

variable "deletion_protection" {
  description = "Whether the service is kept from being destroyed."
  type        = bool
}

variable "deployer" {
  description = "Service account that delivers revisions."
  type        = string
}
