# What openWorld has, over environments/prod.tfvars.
own_metrics_exist = true
pagerduty         = { on-call = { secret = "pagerduty-key", version = 1 } }
