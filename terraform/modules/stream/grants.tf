# Who may do what on each topic and subscription. Pub/Sub's own agent moves dead letters, which needs both of its grants.

resource "google_pubsub_topic_iam_member" "agent" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.id
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "agent" {
  project      = var.project_id
  subscription = google_pubsub_subscription.this.id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_pubsub_topic_iam_member" "publisher" {
  project = var.project_id
  topic   = google_pubsub_topic.this.id
  role    = "roles/pubsub.publisher"
  member  = var.publisher
}

resource "google_pubsub_topic_iam_member" "refusals" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.id
  role    = "roles/pubsub.publisher"
  member  = var.subscriber
}

resource "google_pubsub_subscription_iam_member" "subscriber" {
  project      = var.project_id
  subscription = google_pubsub_subscription.this.id
  role         = "roles/pubsub.subscriber"
  member       = var.subscriber
}

# Both look at start, and for readiness, whether what they need is there.
locals {
  viewers = { api = var.publisher, ingester = var.subscriber }
  topics  = { main = google_pubsub_topic.this.id, dead_letter = google_pubsub_topic.dead_letter.id }
  subscriptions = {
    main        = google_pubsub_subscription.this.id
    dead_letter = google_pubsub_subscription.dead_letter.id
  }
}

resource "google_pubsub_topic_iam_member" "viewer" {
  for_each = { for pair in setproduct(keys(local.viewers), ["main", "dead_letter"]) : join(".", pair) => pair }

  project = var.project_id
  topic   = local.topics[each.value[1]]
  role    = "roles/pubsub.viewer"
  member  = local.viewers[each.value[0]]
}

resource "google_pubsub_subscription_iam_member" "viewer" {
  for_each = { for pair in setproduct(keys(local.viewers), ["main", "dead_letter"]) : join(".", pair) => pair }

  project      = var.project_id
  subscription = local.subscriptions[each.value[1]]
  role         = "roles/pubsub.viewer"
  member       = local.viewers[each.value[0]]
}
