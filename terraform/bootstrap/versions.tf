terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8.0"
    }
  }

  # The first apply keeps its state here; `terraform init -migrate-state` with a gcs backend moves it into the bucket that it made.
}

provider "google" {
  project = var.project_id
}
