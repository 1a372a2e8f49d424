variable "project_id" {
  description = "Project of this environment; it exists already and is billed."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: expected the id of a project, such as highwater-dev-1234."
  }
}

variable "location" {
  description = "Where the bucket of the state lies."
  type        = string
  default     = "EU"
}

variable "repository" {
  description = "Repository whose workflows deliver, as OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository: expected OWNER/NAME, such as example/highwater."
  }
}

variable "repository_id" {
  description = "Numeric id of the repository: a name can be taken over by somebody else, an id cannot (gh api repos/OWNER/NAME --jq .id)."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_id))
    error_message = "repository_id: expected a number, such as 123456789."
  }
}

variable "secrets" {
  description = "Places in Secret Manager for what the first apply reads, such as PagerDuty's integration key. People put the values in."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for s in var.secrets : can(regex("^[a-zA-Z0-9_-]{1,255}$", s))])
    error_message = "secrets: expected names such as pagerduty-key."
  }
}

variable "branch" {
  description = "The branch that is delivered to this environment: develop to dev, master to prod."
  type        = string

  validation {
    condition     = contains(["develop", "master"], var.branch)
    error_message = "branch: expected develop or master."
  }
}
