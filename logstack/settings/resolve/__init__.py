"""The settings that follow from the ingest: replicas, sizes, volumes, caches and limits."""
