"""`logstack adopt`: a stack file from the values of a running Loki chart, and a report on each value."""
