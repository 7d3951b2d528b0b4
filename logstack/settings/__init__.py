"""What the operator says: one frozen typed tree, and the checks between its fields."""
