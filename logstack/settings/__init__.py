"""The settings of a stack: one frozen typed tree, and the checks between its fields."""
