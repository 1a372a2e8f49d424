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

# Put the integration key in, then name its version under pagerduty:
#   printf %s "$KEY" | gcloud secrets versions add pagerduty-key --data-file=- --project=highwater-prod
secrets = ["pagerduty-key"]

emails = {
  on-call = { address = "on-call@example.com", routes = ["page"] }
  team    = { address = "data-platform@example.com", routes = ["ticket"] }
}
