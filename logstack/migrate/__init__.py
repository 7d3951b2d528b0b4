"""`logstack migrate`: from the stack that runs to the one that is wanted, in stages that can each be taken back."""
