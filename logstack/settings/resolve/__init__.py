"""What a stated ingest decides: replicas, sizes, volumes, caches and limits."""
