"""The servers' figures as metrics: `tenantry metrics`. See docs/metrics.md."""
