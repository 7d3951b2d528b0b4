"""loki-canary: writes a line a second and queries it."""
