variable "project_id" {
  description = "Project."
  type        = string
}

variable "project_number" {
  description = "Number of the project."
  type        = number
}

variable "name" {
  description = "Name of the stream."
  type        = string
}

variable "stream" {
  description = "One of the root's streams."
  type = object({
    topic                         = string
    subscription                  = string
    dead_letter_topic             = string
    dead_letter_subscription      = string
    ack_deadline_seconds          = number
    retry_backoff_min_seconds     = number
    retry_backoff_max_seconds     = number
    max_delivery_attempts         = number
    message_retention_seconds     = number
    dead_letter_retention_seconds = number
    proto_schema                  = optional(string)
  })
}

variable "enforce_schema" {
  description = "Whether the topic refuses what does not fit the schema, where the stream has one."
  type        = bool
}

variable "publisher" {
  description = "Member that publishes."
  type        = string
}

variable "subscriber" {
  description = "Member that receives, and publishes refusals."
  type        = string
}
