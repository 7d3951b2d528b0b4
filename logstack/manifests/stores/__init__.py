"""The object store: embedded, referenced or made in AWS; and how Loki reaches it."""
