"""What redaction is measured with: kinds of secrets, the forms of a log, innocent lines; and the measurement."""
