"""The errors that end the command before it can report single values."""


class UnreadableError(Exception):
    """A file cannot be read or has an unsupported kind, or the chart's version is missing."""


class RefusedError(Exception):
    """The release cannot be adopted at all; the message gives the reason and a fix."""
