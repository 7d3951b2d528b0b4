"""`logstack adopt`: a stack file from the values of a running Loki chart, and what becomes of each value."""
