"""Loki: its configuration, its overrides, the chart's values, and what of a failure it survives."""
