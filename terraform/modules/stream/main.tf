# The way of a stream through Pub/Sub: topic, subscription, and what takes the messages that nobody could deal with.

locals {
  pubsub_agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  has_schema   = var.enforce_schema && var.stream.proto_schema != null
}

resource "google_pubsub_schema" "this" {
  count = local.has_schema ? 1 : 0

  project    = var.project_id
  name       = var.name
  type       = "PROTOCOL_BUFFER"
  definition = var.stream.proto_schema
}

resource "google_pubsub_topic" "this" {
  project                    = var.project_id
  name                       = var.stream.topic
  message_retention_duration = "${var.stream.message_retention_seconds}s"

  dynamic "schema_settings" {
    for_each = google_pubsub_schema.this

    content {
      schema   = schema_settings.value.id
      encoding = "JSON"
    }
  }
}

resource "google_pubsub_topic" "dead_letter" {
  project = var.project_id
  name    = var.stream.dead_letter_topic
}

resource "google_pubsub_subscription" "this" {
  project                    = var.project_id
  name                       = var.stream.subscription
  topic                      = google_pubsub_topic.this.id
  ack_deadline_seconds       = var.stream.ack_deadline_seconds
  message_retention_duration = "${var.stream.message_retention_seconds}s"

  # Without it Pub/Sub removes a subscription that was idle for a month.
  expiration_policy {
    ttl = ""
  }

  # The last net: what is refused is quarantined long before.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = var.stream.max_delivery_attempts
  }

  retry_policy {
    minimum_backoff = "${var.stream.retry_backoff_min_seconds}s"
    maximum_backoff = "${var.stream.retry_backoff_max_seconds}s"
  }

  depends_on = [google_pubsub_topic_iam_member.agent]
}

# A topic without a subscription loses what is published to it.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project_id
  name                       = var.stream.dead_letter_subscription
  topic                      = google_pubsub_topic.dead_letter.id
  ack_deadline_seconds       = var.stream.ack_deadline_seconds
  message_retention_duration = "${var.stream.dead_letter_retention_seconds}s"

  expiration_policy {
    ttl = ""
  }
}
