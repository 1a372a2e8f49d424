# The root wires the modules: what a module needs of another it is handed here.

module "project_services" {
  source     = "./modules/project-services"
  project_id = var.project_id
  has_cache  = var.redis != null
}

module "registry" {
  source     = "./modules/registry"
  project_id = var.project_id
  region     = var.region
  deployer   = var.deployer

  depends_on = [module.project_services]
}

module "secrets" {
  source     = "./modules/secrets"
  project_id = var.project_id
  secrets    = var.secrets
  readers = {
    for pair in flatten([
      for secret in toset([for ref in var.api.secret_env : ref.secret]) : { secret = secret, member = local.api_member }
    ]) : "${pair.secret}.api" => pair
  }

  depends_on = [module.project_services]
}

module "stream" {
  source   = "./modules/stream"
  for_each = var.streams

  project_id     = var.project_id
  project_number = var.project_number
  name           = each.key
  stream         = each.value
  enforce_schema = var.enforce_schemas
  publisher      = local.api_member
  subscriber     = local.ingester_member

  depends_on = [module.project_services]
}

module "warehouse" {
  source              = "./modules/warehouse"
  project_id          = var.project_id
  dataset             = var.names.dataset
  location            = var.data_location
  tables              = var.tables
  views               = var.views
  deletion_protection = var.deletion_protection
  writer              = local.ingester_member
  reader              = local.api_member

  depends_on = [module.project_services]
}

module "cache" {
  source = "./modules/cache"
  count  = var.redis == null ? 0 : 1

  project_id          = var.project_id
  region              = var.region
  name                = var.names.service
  settings            = var.redis
  user                = local.api_member
  deletion_protection = var.deletion_protection

  depends_on = [module.project_services, google_service_account.api]
}

module "api" {
  source              = "./modules/api"
  project_id          = var.project_id
  project_number      = var.project_number
  region              = var.region
  name                = var.names.api
  service_account     = google_service_account.api.email
  image               = var.initial_image
  settings            = var.api
  env                 = merge(local.common_env, local.api_env, concat(module.cache[*].env, [{}])[0], var.api.env)
  network             = one(module.cache[*].network)
  deletion_protection = var.deletion_protection
  deployer            = var.deployer

  depends_on = [module.project_services, module.secrets, google_project_iam_member.runtime]
}

module "ingester" {
  source              = "./modules/ingester"
  project_id          = var.project_id
  region              = var.region
  name                = var.names.ingester
  service_account     = google_service_account.ingester.email
  image               = var.initial_image
  settings            = var.ingester
  env                 = merge(local.common_env, var.ingester.env)
  deletion_protection = var.deletion_protection
  deployer            = var.deployer

  depends_on = [module.project_services, google_project_iam_member.runtime]
}

module "autoscaler" {
  source = "./modules/autoscaler"
  count  = var.ingester.autoscaling == null ? 0 : 1

  project_id             = var.project_id
  region                 = var.region
  worker_pool            = module.ingester.name
  worker_pool_account_id = google_service_account.ingester.name
  subscriptions          = { for name, stream in var.streams : name => stream.subscription }
  settings               = var.ingester.autoscaling
  deletion_protection    = var.deletion_protection

  depends_on = [module.project_services]
}

# Read while it runs, and never written down.
ephemeral "google_secret_manager_secret_version" "pagerduty" {
  for_each = var.read_secrets ? var.pagerduty : {}

  project = var.project_id
  secret  = each.value.secret
  version = each.value.version
}

module "monitoring" {
  source         = "./modules/monitoring"
  project_id     = var.project_id
  environment    = var.environment
  service_id     = var.names.service
  slos           = { for name, slo in var.slos : name => slo if var.own_metrics_exist || !slo.needs_own_metrics }
  alert_policies = var.alert_policies
  dashboards     = { for name, file in var.dashboards : name => file("${path.root}/../${file}") }
  emails         = var.emails
  pagerduty      = var.pagerduty
  # A plan alone compares versions; should it be applied none the less, the API refuses a channel without a key.
  pagerduty_keys = {
    for name in keys(var.pagerduty) : name => (
      var.read_secrets ? ephemeral.google_secret_manager_secret_version.pagerduty[name].secret_data
      : terraform.applying ? null : "not read"
    )
  }
  uptime_host = module.api.host
  # IAP sends a probe to the sign-in page: that it answers is what can be seen from outside.
  uptime_statuses = var.api.iap ? ["STATUS_CLASS_2XX", "STATUS_CLASS_3XX"] : ["STATUS_CLASS_2XX"]

  depends_on = [module.project_services, module.secrets]
}
