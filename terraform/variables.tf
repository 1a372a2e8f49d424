# What differs from one environment to the other: environments/dev.tfvars and environments/prod.tfvars.

variable "project_id" {
  description = "Project that everything lives in."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: expected the id of a project, such as highwater-dev-1234."
  }
}

variable "project_number" {
  description = "Number of that project; Google's own service accounts are named by it."
  type        = number

  validation {
    condition     = var.project_number >= 1 && floor(var.project_number) == var.project_number
    error_message = "project_number: expected the number of the project, such as 123456789012 (gcloud projects describe PROJECT)."
  }
}

variable "environment" {
  description = "Which environment this is."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment: expected dev or prod, such as dev."
  }
}

variable "region" {
  description = "Region of Cloud Run, Artifact Registry and Redis."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: expected a region of Google Cloud, such as europe-west1."
  }
}

variable "data_location" {
  description = "Where the dataset lies: a region, or a multi-region such as EU or US. It can never be changed."
  type        = string
  default     = "EU"
}

variable "initial_image" {
  description = "Image of the first revision only; from then on delivery changes the images, and Terraform leaves them alone."
  type        = string
  default     = "us-docker.pkg.dev/cloudrun/container/hello:latest"
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the API, the ingester and the tables."
  type        = bool
  default     = true
}

variable "own_metrics_exist" {
  description = "True once the service has sent its first metrics. Cloud Monitoring refuses SLOs on a metric that it has never seen, so those wait for it."
  type        = bool
  default     = false
}

variable "enforce_schemas" {
  description = "Whether Pub/Sub itself refuses messages that do not fit the stream; without it they go to quarantine with a reason, and can be replayed."
  type        = bool
  default     = false
}

variable "api" {
  description = "The REST API: its size, who comes in, and how."
  type = object({
    min_instances = optional(number, 1)
    max_instances = optional(number, 10)
    concurrency   = optional(number, 80)
    cpu           = optional(string, "1")
    memory        = optional(string, "1Gi")
    ingress       = optional(string, "INGRESS_TRAFFIC_ALL")
    iap           = optional(bool, true)
    # Members that may pass IAP, or call with an ID token where IAP is off.
    callers = optional(set(string), [])
    # What they may do once they are in: addresses, *@DOMAIN, or * for everyone that was let in.
    readers    = optional(set(string), ["*"])
    publishers = optional(set(string), [])
    operators  = optional(set(string), [])
    env        = optional(map(string), {})
    # Setting to the name of a secret and the version of it; a version is pinned, so that a revision is always the same.
    secret_env = optional(map(object({ secret = string, version = string })), {})
  })
  default = {}

  validation {
    condition     = var.api.min_instances >= 0 && var.api.max_instances >= max(1, var.api.min_instances)
    error_message = "api: expected max_instances of at least 1 and not below min_instances, such as min_instances = 1 and max_instances = 10."
  }
  validation {
    condition     = contains(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.api.ingress)
    error_message = "api.ingress: expected INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_ONLY or INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER."
  }
  validation {
    condition     = alltrue([for m in var.api.callers : can(regex("^(user|group|serviceAccount|domain):.+[.].+$", m))])
    error_message = "api.callers: expected members such as group:data@example.com; everyone (allUsers) may not come in."
  }
}

variable "ingester" {
  description = "The ingester: what it runs on, its size, and whether its number follows the backlog."
  type = object({
    # worker-pool, or service where worker pools cannot be used.
    kind      = optional(string, "worker-pool")
    instances = optional(number, 1)
    cpu       = optional(string, "1")
    memory    = optional(string, "1Gi")
    env       = optional(map(string), {})
    autoscaling = optional(object({
      min_instances         = optional(number, 1)
      max_instances         = optional(number, 10)
      messages_per_instance = optional(number, 20000)
      image                 = optional(string, "us-central1-docker.pkg.dev/cloud-run-oss-images/crema-v1/autoscaler:1.0")
    }))
  })
  default = {}

  validation {
    condition     = contains(["worker-pool", "service"], var.ingester.kind)
    error_message = "ingester.kind: expected worker-pool or service, such as worker-pool."
  }
  validation {
    condition     = var.ingester.instances >= 1
    error_message = "ingester.instances: expected 1 or more: with none the data stand still."
  }
  validation {
    condition     = var.ingester.autoscaling == null ? true : var.ingester.kind == "worker-pool" && var.ingester.autoscaling.min_instances >= 1
    error_message = "ingester.autoscaling: expected kind = \"worker-pool\" and min_instances of 1 or more."
  }
}

variable "redis" {
  description = "A cache of answers that all instances of the API share (Memorystore for Valkey, which speaks as Redis does); null is none: each keeps its own in memory."
  type = object({
    node_type = optional(string, "SHARED_CORE_NANO")
    replicas  = optional(number, 0)
    # Addresses of the cache and of the API's instances.
    ip_range = optional(string, "10.80.0.0/24")
  })
  default = null

  validation {
    condition     = var.redis == null ? true : can(regex("^(SHARED_CORE_NANO|CUSTOM_(PICO|MICRO|MINI)|STANDARD_(SMALL|LARGE)|HIGH(MEM_(MEDIUM|XLARGE|2XLARGE)|CPU_MEDIUM))$", var.redis.node_type))
    error_message = "redis.node_type: expected a node of Memorystore for Valkey, such as SHARED_CORE_NANO."
  }
  validation {
    condition     = var.redis == null ? true : var.redis.replicas >= 0 && var.redis.replicas <= 5 && floor(var.redis.replicas) == var.redis.replicas
    error_message = "redis.replicas: expected 0 to 5, such as 1."
  }
  validation {
    condition     = var.redis == null ? true : can(cidrhost(var.redis.ip_range, 0)) && try(tonumber(split("/", var.redis.ip_range)[1]) <= 26, false)
    error_message = "redis.ip_range: expected a range of /26 or larger, such as 10.80.0.0/24."
  }
}

variable "secrets" {
  description = "Names of secrets that are kept in Secret Manager. Terraform makes the places; people put the values in."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for s in var.secrets : can(regex("^[a-zA-Z0-9_-]{1,255}$", s))])
    error_message = "secrets: expected names such as flights-api-key."
  }
}

variable "emails" {
  description = "Who is told by email, by a name of your choice; routes are page and ticket."
  type = map(object({
    address = string
    routes  = optional(set(string), ["page", "ticket"])
  }))
  default = {}

  validation {
    condition     = alltrue([for e in var.emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$", e.address))])
    error_message = "emails: expected an address such as on-call@example.com."
  }
  validation {
    condition     = alltrue(flatten([for e in var.emails : [for r in e.routes : contains(["page", "ticket"], r)]]))
    error_message = "emails: expected routes of page and ticket, such as [\"page\"]."
  }
}

variable "pagerduty" {
  description = "PagerDuty services that are paged, by a name of your choice: the secret with the integration key, which bootstrap made, and its version. The key never enters the state."
  type = map(object({
    secret  = string
    version = number
    routes  = optional(set(string), ["page"])
  }))
  default = {}

  validation {
    condition     = alltrue([for p in var.pagerduty : can(regex("^[a-zA-Z0-9_-]{1,255}$", p.secret))])
    error_message = "pagerduty: expected the name of a secret, such as pagerduty-key."
  }
  validation {
    condition     = alltrue([for p in var.pagerduty : p.version >= 1])
    error_message = "pagerduty: expected the version of the secret, such as 1."
  }
}

variable "read_secrets" {
  description = "False where nothing but a plan is made, by an account that may read no secret; an apply needs true."
  type        = bool
  default     = true
}

variable "deployer" {
  description = "Email of the service account that delivers images, from bootstrap; it may act as the two runtime accounts."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9-]+[.]iam[.]gserviceaccount[.]com$", var.deployer))
    error_message = "deployer: expected a service account, such as highwater-deploy@highwater-dev-1234.iam.gserviceaccount.com."
  }
}
