# What follows the backlog, and how long images are kept.

mock_provider "google" {
  mock_resource "google_parameter_manager_parameter" {
    defaults = { id = "projects/highwater-test/locations/global/parameters/highwater-autoscaler" }
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
  project_id = "highwater-test"
  region     = "europe-west1"
}

run "the_number_follows_the_backlog_of_every_stream" {
  module {
    source = "./modules/autoscaler"
  }
  variables {
    worker_pool            = "highwater-ingest"
    worker_pool_account_id = "projects/highwater-test/serviceAccounts/highwater-ingest@highwater-test.iam.gserviceaccount.com"
    subscriptions          = { a = "a-ingest", b = "b-ingest" }
    settings               = { min_instances = 2, max_instances = 20, messages_per_instance = 20000, image = "an/image" }
    deletion_protection    = true
  }
  assert {
    condition = [
      for trigger in yamldecode(google_parameter_manager_parameter_version.this.parameter_data).spec.scaledObjects[0].spec.triggers :
      [trigger.type, trigger.metadata.subscriptionName, trigger.metadata.mode, trigger.metadata.value]
      ] == [
      ["gcp-pubsub", "projects/highwater-test/subscriptions/a-ingest", "NumUndeliveredMessages", "20000"],
      ["gcp-pubsub", "projects/highwater-test/subscriptions/b-ingest", "NumUndeliveredMessages", "20000"],
    ]
    error_message = "Expected a trigger for each subscription."
  }
  assert {
    condition = (
      yamldecode(google_parameter_manager_parameter_version.this.parameter_data).spec.scaledObjects[0].spec.minReplicaCount == 2 &&
      yamldecode(google_parameter_manager_parameter_version.this.parameter_data).spec.scaledObjects[0].spec.maxReplicaCount == 20
    )
    error_message = "Expected the bounds that were asked for."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.template[0].scaling[0].max_instance_count == 1
    error_message = "Expected one autoscaler: two would work against each other."
  }
}

run "images_are_kept_for_a_while" {
  module {
    source = "./modules/registry"
  }
  variables {
    deployer = "highwater-deploy@highwater-test.iam.gserviceaccount.com"
  }
  assert {
    condition = alltrue([
      for policy in google_artifact_registry_repository.this.cleanup_policies :
      policy.action == "KEEP" ? policy.most_recent_versions[0].keep_count == 20 : policy.condition[0].older_than == "7776000s"
    ]) && length(google_artifact_registry_repository.this.cleanup_policies) == 2
    error_message = "Expected the newest to be kept, and the old to go."
  }
  assert {
    condition     = google_artifact_registry_repository.this.docker_config[0].immutable_tags
    error_message = "Expected no image to be overwritten."
  }
}
