"""Words, numbers and tables laid out for people; documents for machines."""
