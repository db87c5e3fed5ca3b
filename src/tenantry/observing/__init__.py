"""Watching what runs: metrics for Prometheus, spans for OpenTelemetry. See docs/monitoring.md."""
