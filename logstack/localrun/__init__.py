"""The local run: a stack's own artefacts on this machine, with the real Loki and a real S3 server."""
