"""Generated parts of the documentation, and the schema of the stack file."""
