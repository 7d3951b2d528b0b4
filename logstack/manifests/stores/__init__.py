"""The object store: one module for each kind, `kinds.py` to find it, and what all kinds share."""
