"""The diff: what a change of stack files, or of the code behind them, comes to, classed by consequence."""
