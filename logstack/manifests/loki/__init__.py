"""Loki: its configuration, its overrides, the chart's values, and the failures that it survives."""
