"""Grafana: the datasource that its sidecar picks up."""
