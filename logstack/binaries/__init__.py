"""The pinned external binaries, and how they come to this machine: PATH, cache, official release, build from source."""
