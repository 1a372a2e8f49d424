# Bootstrap with a mocked provider: who proves what, and may do what.

mock_provider "google" {
  # The bucket of the state is kept from being destroyed, so nothing is applied here.
  override_during = plan

  mock_resource "google_iam_workload_identity_pool" {
    defaults = {
      name = "projects/123456789012/locations/global/workloadIdentityPools/github"
    }
  }
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/highwater-test/serviceAccounts/x@highwater-test.iam.gserviceaccount.com"
      email  = "x@highwater-test.iam.gserviceaccount.com"
      member = "serviceAccount:x@highwater-test.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id    = "highwater-test"
  repository    = "example/highwater"
  repository_id = "123456789"
  branch        = "develop"
}

run "accounts" {
  command = plan
  assert {
    condition     = toset(keys(google_service_account.this)) == toset(["plan", "terraform", "deploy"])
    error_message = "Expected one account for each of the three tasks."
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.github.attribute_condition == "assertion.repository_id == \"123456789\""
    error_message = "Expected workflows of this repository alone."
  }
  assert {
    condition = alltrue([
      for who in ["terraform", "deploy"] :
      endswith(google_service_account_iam_member.federated[who].member, "/attribute.ref/example/highwater:refs/heads/develop")
    ])
    error_message = "Expected what applies and delivers to run on the branch of the environment."
  }
  assert {
    condition     = !can(regex("(?i)admin|owner|editor", join(" ", local.plan_roles)))
    error_message = "Expected the account that plans to read."
  }
  assert {
    condition     = length(google_secret_manager_secret.this) == 0
    error_message = "Expected no secret that nobody named."
  }
}

run "another_branch" {
  command = plan
  variables {
    branch = "main"
  }
  expect_failures = [var.branch]
}
