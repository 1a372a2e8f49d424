variable "project_id" {
  description = "Project."
  type        = string
}

variable "environment" {
  description = "Environment, named in every notification."
  type        = string
}

variable "service_id" {
  description = "Id of the service that the SLOs are of."
  type        = string
}

variable "slos" {
  description = "The root's SLOs that can be made now."
  type = map(object({
    display_name        = string
    goal                = number
    rolling_period_days = number
    labels              = map(string)
    good_total_ratio    = optional(object({ total_filter = string, bad_filter = optional(string), good_filter = optional(string) }))
    distribution_cut    = optional(object({ filter = string, max = number }))
    mean_in_range       = optional(object({ filter = string, window_seconds = number, max = number }))
  }))
}

variable "alert_policies" {
  description = "The root's alert policies."
  type = map(object({
    display_name       = string
    severity           = string
    route              = string
    subject            = string
    documentation      = string
    auto_close_seconds = number
    labels             = map(string)
    conditions = list(object({
      name                        = string
      query                       = string
      duration_seconds            = number
      evaluation_interval_seconds = number
    }))
  }))
}

variable "dashboards" {
  description = "JSON of each dashboard by name."
  type        = map(string)
}

variable "emails" {
  description = "The root's emails."
  type        = map(object({ address = string, routes = set(string) }))
}

variable "pagerduty" {
  description = "The root's PagerDuty services."
  type        = map(object({ secret = string, version = number, routes = set(string) }))
}

variable "pagerduty_keys" {
  description = "Their integration keys: written to the channels, and kept in no state and no plan."
  type        = map(string)
  ephemeral   = true
  sensitive   = true
}

variable "uptime_host" {
  description = "Host that the uptime check asks."
  type        = string
}

variable "uptime_statuses" {
  description = "Classes of answers that count as up."
  type        = list(string)
}
