variable "project_id" {
  description = "Project."
  type        = string
}

variable "dataset" {
  description = "Id of the dataset."
  type        = string
}

variable "location" {
  description = "Where the dataset lies."
  type        = string
}

variable "tables" {
  description = "The root's tables."
  type = map(object({
    description              = string
    schema                   = string
    partition_column         = string
    require_partition_filter = bool
    clustering               = list(string)
  }))
}

variable "views" {
  description = "The root's views."
  type        = map(object({ description = string, query = string }))
}

variable "replays_table" {
  description = "The table that the reader writes to."
  type        = string
  default     = "highwater_replays"
}

variable "deletion_protection" {
  description = "Whether tables and their rows are kept from being destroyed."
  type        = bool
}

variable "writer" {
  description = "Member that writes rows."
  type        = string
}

variable "reader" {
  description = "Member that reads rows."
  type        = string
}
