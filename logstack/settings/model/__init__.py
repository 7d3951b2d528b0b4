"""The typed tree of a stack file: one frozen group a file."""
