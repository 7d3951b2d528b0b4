"""loki-canary: a line a second, asked for again."""
