# Put your own values here; docs/deploying.md says where each comes from.
project_id     = "highwater-dev"
project_number = 100000000001
deployer       = "highwater-deploy@highwater-dev.iam.gserviceaccount.com"

environment         = "dev"
deletion_protection = false

api = {
  min_instances = 0
  max_instances = 2
  callers       = ["domain:example.com"]
  publishers    = ["*@example.com"]
}

emails = {
  team = { address = "data-platform-dev@example.com" }
}
