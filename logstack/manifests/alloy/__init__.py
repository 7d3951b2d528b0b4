"""Grafana Alloy: its configuration language, the pipeline, the chart's values."""
