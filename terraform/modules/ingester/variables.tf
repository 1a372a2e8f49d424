variable "project_id" {
  description = "Project."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
}

variable "name" {
  description = "Name of the worker pool or service."
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
  description = "The root's ingester."
  type = object({
    kind      = string
    instances = number
    cpu       = string
    memory    = string
  })
}

variable "env" {
  description = "Settings of the process."
  type        = map(string)
}

variable "deletion_protection" {
  description = "Whether it is kept from being destroyed."
  type        = bool
}

variable "deployer" {
  description = "Service account that delivers revisions."
  type        = string
}
