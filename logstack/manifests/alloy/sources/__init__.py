"""The collector's log sources: one record in one module each."""
