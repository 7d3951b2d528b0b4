"""`logstack migrate`: the stages from the running stack to its target, with a rollback for each."""
