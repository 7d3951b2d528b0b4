"""What ends the command before anything can be reported of single values."""


class UnreadableError(Exception):
    """The command was misused: a file that is none of those that are read, or a version that nobody named."""


class RefusedError(Exception):
    """What was read cannot be adopted at all; the message says why, and the way out."""
