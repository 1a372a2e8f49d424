# The dataset with its tables and views.

resource "google_bigquery_dataset" "this" {
  project                    = var.project_id
  dataset_id                 = var.dataset
  friendly_name              = "Highwater"
  description                = "Events of the streams as they were committed, and what was refused."
  location                   = var.location
  delete_contents_on_destroy = !var.deletion_protection
}

resource "google_bigquery_table" "this" {
  for_each = var.tables

  project                  = var.project_id
  dataset_id               = google_bigquery_dataset.this.dataset_id
  table_id                 = each.key
  description              = each.value.description
  schema                   = each.value.schema
  clustering               = each.value.clustering
  require_partition_filter = each.value.require_partition_filter
  deletion_protection      = var.deletion_protection

  time_partitioning {
    type  = "DAY"
    field = each.value.partition_column
  }
}

resource "google_bigquery_table" "view" {
  #checkov:skip=CKV_GCP_121:a view holds no data
  for_each = var.views

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  description         = each.value.description
  deletion_protection = false

  view {
    query          = each.value.query
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.this]
}

resource "google_bigquery_dataset_iam_member" "writer" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = var.writer
}

resource "google_bigquery_dataset_iam_member" "reader" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = var.reader
}

# Whoever puts quarantined messages back writes down that it did.
resource "google_bigquery_table_iam_member" "replays" {
  for_each = setintersection(keys(var.tables), [var.replays_table])

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  table_id   = google_bigquery_table.this[each.key].table_id
  role       = "roles/bigquery.dataEditor"
  member     = var.reader
}
