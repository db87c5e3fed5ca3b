"""Watching what runs: metrics for Prometheus, spans for OpenTelemetry. See docs/metrics.md."""
