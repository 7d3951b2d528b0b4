"""The pinned external binaries, and how logstack gets them: PATH, cache, official release, build from source."""
