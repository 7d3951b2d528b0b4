"""`python -m logstack`: the `logstack` command without its installation."""

from logstack.cli import main

main()
