"""`python -m ops`: the `logstack` command without its installation."""

from ops.cli import main

main()
