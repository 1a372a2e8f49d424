# Put your own values here; docs/deploying.md says where each comes from.
project_id     = "highwater-prod"
project_number = 100000000002
deployer       = "highwater-deploy@highwater-prod.iam.gserviceaccount.com"

environment = "prod"

api = {
  min_instances = 2
  max_instances = 20
  callers       = ["group:data-platform@example.com"]
  publishers    = ["*@example.com"]
}

ingester = {
  instances   = 2
  autoscaling = { min_instances = 2, max_instances = 20 }
}

# Once bootstrap has made the secret and the integration key is in it (docs/deploying.md):
# pagerduty = { on-call = { secret = "pagerduty-key", version = 1 } }

emails = {
  on-call = { address = "on-call@example.com", routes = ["page"] }
  team    = { address = "data-platform@example.com", routes = ["ticket"] }
}
