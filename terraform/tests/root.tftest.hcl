# The root as it is planned for an empty project: that asks no API, so the token is none. A mocked provider has no ephemeral resources
# yet, which read PagerDuty's keys; the modules are tested with one.

provider "google" {
  access_token = "none"
}

variables {
  project_id     = "highwater-test"
  project_number = 123456789012
  environment    = "dev"
  deployer       = "highwater-deploy@highwater-test.iam.gserviceaccount.com"
  emails = {
    on-call = { address = "on-call@example.com", routes = ["page"] }
    team    = { address = "team@example.com" }
  }
}

run "as_it_comes" {
  command = plan
  assert {
    condition     = toset(keys(module.stream)) == toset(keys(var.streams))
    error_message = "Expected topics and subscriptions of every stream."
  }
  assert {
    condition     = length(module.autoscaler) == 0
    error_message = "Expected no autoscaler without ingester.autoscaling."
  }
  assert {
    condition     = toset(output.waiting_slos) == toset([for name, slo in var.slos : name if slo.needs_own_metrics])
    error_message = "Expected SLOs on the service's own metrics to wait for them."
  }
  assert {
    condition = alltrue([
      for grant in google_project_iam_member.runtime :
      !can(regex("(?i)admin|owner|editor$", grant.role)) && startswith(grant.member, "serviceAccount:highwater-")
    ])
    error_message = "Expected no runtime account to administer the project."
  }
  assert {
    condition     = output.ingester == "highwater-ingest" && output.api_service == "highwater-api"
    error_message = "Expected the names that delivery uses."
  }
}

run "once_metrics_exist" {
  command = plan
  variables {
    own_metrics_exist = true
  }
  assert {
    condition     = length(output.waiting_slos) == 0
    error_message = "Expected no SLO to wait."
  }
}

run "an_objective_of_101_percent" {
  command = plan
  variables {
    slos = {
      a = {
        display_name     = "a", goal = 1.01, rolling_period_days = 30, labels = {}, needs_own_metrics = false
        good_total_ratio = { total_filter = "a", bad_filter = "b" }
      }
    }
  }
  expect_failures = [var.slos]
}

run "everyone_as_a_caller" {
  command = plan
  variables {
    api = { callers = ["allUsers"] }
  }
  expect_failures = [var.api]
}

run "an_email_that_is_none" {
  command = plan
  variables {
    emails = { a = { address = "on-call at example.com" } }
  }
  expect_failures = [var.emails]
}

run "with_a_cache" {
  command = plan
  variables {
    redis = { replicas = 1 }
  }
  assert {
    condition     = length(module.cache) == 1
    error_message = "Expected a cache."
  }
}

run "a_range_that_is_too_small" {
  command = plan
  variables {
    redis = { ip_range = "10.80.0.0/28" }
  }
  expect_failures = [var.redis]
}
