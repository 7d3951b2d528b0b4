"""Grafana Alloy: the log sources, the pipeline of config.alloy, and the chart's values."""
