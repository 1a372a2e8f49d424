variable "project_id" {
  description = "Project."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
}

variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "settings" {
  description = "The root's redis."
  type = object({
    node_type = string
    replicas  = number
    ip_range  = string
  })
}

variable "user" {
  description = "Member that reads and writes it."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the instance is kept from being destroyed."
  type        = bool
}
