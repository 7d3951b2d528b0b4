"""What owners ran into, as stack files of ours: one file for each kind of case."""
