"""What is generated into the documentation and the schema of the stack file."""
