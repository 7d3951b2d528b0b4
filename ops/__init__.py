"""What the operator does: the `logstack` command."""
