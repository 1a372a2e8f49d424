# SLOs as Cloud Monitoring counts them, for its own pages. The service counts the same ones by PromQL, and alerts are on that.

resource "google_monitoring_custom_service" "this" {
  project      = var.project_id
  service_id   = var.service_id
  display_name = "Highwater"
}

resource "google_monitoring_slo" "this" {
  for_each = var.slos

  project             = var.project_id
  service             = google_monitoring_custom_service.this.service_id
  slo_id              = each.key
  display_name        = each.value.display_name
  goal                = each.value.goal
  rolling_period_days = each.value.rolling_period_days
  user_labels         = each.value.labels

  dynamic "request_based_sli" {
    for_each = each.value.mean_in_range == null ? [each.value] : []

    content {
      dynamic "good_total_ratio" {
        for_each = request_based_sli.value.good_total_ratio[*]

        content {
          total_service_filter = good_total_ratio.value.total_filter
          bad_service_filter   = good_total_ratio.value.bad_filter
          good_service_filter  = good_total_ratio.value.good_filter
        }
      }

      dynamic "distribution_cut" {
        for_each = request_based_sli.value.distribution_cut[*]

        content {
          distribution_filter = distribution_cut.value.filter

          range {
            max = distribution_cut.value.max
          }
        }
      }
    }
  }

  dynamic "windows_based_sli" {
    for_each = each.value.mean_in_range[*]

    content {
      window_period = "${windows_based_sli.value.window_seconds}s"

      metric_mean_in_range {
        time_series = windows_based_sli.value.filter

        range {
          max = windows_based_sli.value.max
        }
      }
    }
  }
}
