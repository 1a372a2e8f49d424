# What `highwater compile` writes into definitions.auto.tfvars.json. Thresholds, queries and filters are computed there, once; nothing
# here is derived from anything else.

variable "names" {
  description = "Names that definitions refer to; the same in every environment, as each has a project of its own."
  type = object({
    api      = string
    ingester = string
    dataset  = string
    service  = string
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.names.dataset))
    error_message = "names.dataset: expected lower-case letters, digits and _, such as highwater."
  }
}

variable "streams" {
  description = "Streams by name: their topics and subscriptions, table and views. From streams/*.yaml."
  type = map(object({
    description                   = string
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
  }))

  validation {
    condition     = alltrue([for s in var.streams : s.ack_deadline_seconds >= 10 && s.ack_deadline_seconds <= 600])
    error_message = "streams: expected ack_deadline_seconds from 10 to 600, such as 60."
  }
  validation {
    condition     = alltrue([for s in var.streams : s.max_delivery_attempts >= 5 && s.max_delivery_attempts <= 100])
    error_message = "streams: expected max_delivery_attempts from 5 to 100, such as 20."
  }
  validation {
    condition     = length(distinct([for s in var.streams : s.topic])) == length(var.streams)
    error_message = "streams: expected a topic of its own for each stream, such as transactions."
  }
}

variable "tables" {
  description = "Tables of the dataset by id. From streams/*.yaml, and those that quarantine needs."
  type = map(object({
    description              = string
    schema                   = string
    partition_column         = string
    require_partition_filter = bool
    clustering               = list(string)
  }))

  validation {
    condition     = alltrue([for t in var.tables : length(t.clustering) <= 4])
    error_message = "tables: expected at most four clustering columns."
  }
  validation {
    condition     = alltrue([for t in var.tables : can(jsondecode(t.schema))])
    error_message = "tables: expected schema to be a JSON list of columns."
  }
}

variable "views" {
  description = "Views of the dataset by id, in GoogleSQL."
  type = map(object({
    description = string
    query       = string
  }))
}

variable "slos" {
  description = "SLOs by name, as Cloud Monitoring counts them; exactly one indicator each. From slo/*.yaml."
  type = map(object({
    display_name        = string
    goal                = number
    rolling_period_days = number
    labels              = map(string)
    # Counted from metrics that the service itself sends: unknown to Cloud Monitoring before it has run.
    needs_own_metrics = bool
    good_total_ratio = optional(object({
      total_filter = string
      bad_filter   = optional(string)
      good_filter  = optional(string)
    }))
    distribution_cut = optional(object({
      filter = string
      max    = number
    }))
    mean_in_range = optional(object({
      filter         = string
      window_seconds = number
      max            = number
    }))
  }))

  validation {
    condition     = alltrue([for s in var.slos : s.goal > 0 && s.goal <= 0.9999])
    error_message = "slos: expected a goal above 0 and at most 0.9999, such as 0.999 for an objective of 99.9 %."
  }
  validation {
    condition     = alltrue([for s in var.slos : contains(range(1, 31), s.rolling_period_days)])
    error_message = "slos: expected rolling_period_days from 1 to 30, such as 30."
  }
  validation {
    condition = alltrue([for s in var.slos :
      length([for i in [s.good_total_ratio, s.distribution_cut, s.mean_in_range] : 1 if i != null]) == 1
    ])
    error_message = "slos: expected exactly one of good_total_ratio, distribution_cut and mean_in_range."
  }
}

variable "alert_policies" {
  description = "Alert policies by name, one for each policy and route, with their PromQL. From alerts/policies.yaml and slo/*.yaml."
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

  validation {
    condition     = alltrue([for p in var.alert_policies : contains(["CRITICAL", "ERROR", "WARNING"], p.severity)])
    error_message = "alert_policies: expected a severity of CRITICAL, ERROR or WARNING, such as CRITICAL."
  }
  validation {
    condition     = alltrue([for p in var.alert_policies : contains(["page", "ticket"], p.route)])
    error_message = "alert_policies: expected a route of page or ticket, such as page."
  }
  validation {
    condition     = alltrue([for p in var.alert_policies : length(p.conditions) >= 1 && length(p.conditions) <= 6])
    error_message = "alert_policies: expected one to six conditions; Cloud Monitoring takes no more."
  }
  validation {
    condition     = alltrue([for p in var.alert_policies : length(p.documentation) <= 8192])
    error_message = "alert_policies: expected a documentation of at most 8192 characters; put longer text behind a link."
  }
  validation {
    condition     = alltrue([for p in var.alert_policies : p.auto_close_seconds >= 1800])
    error_message = "alert_policies: expected auto_close_seconds of 1800 or more, such as 1800."
  }
  validation {
    condition = alltrue(flatten([for p in var.alert_policies : [for c in p.conditions :
      c.evaluation_interval_seconds >= 30 && c.evaluation_interval_seconds % 30 == 0
    ]]))
    error_message = "alert_policies: expected evaluation_interval_seconds in multiples of 30, such as 60."
  }
  validation {
    condition = alltrue(flatten([for p in var.alert_policies : [for k, v in p.labels :
      can(regex("^[a-z][a-z0-9_-]{0,62}$", k)) && can(regex("^[a-z0-9_-]{0,63}$", v))
    ]]))
    error_message = "alert_policies: expected labels of lower-case letters, digits, _ and -, such as slo = \"api-latency\"."
  }
}

variable "dashboards" {
  description = "Dashboards by name: the file of each, from the project's folder. From dashboards/*.yaml."
  type        = map(string)

  validation {
    condition     = alltrue([for file in var.dashboards : can(regex("^dashboards/compiled/[a-z0-9-]+[.]json$", file))])
    error_message = "dashboards: expected a file such as dashboards/compiled/on-call.json."
  }
}
