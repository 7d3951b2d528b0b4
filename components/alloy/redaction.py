"""Secrets and personal data, replaced in every line of every source."""

from components.alloy.syntax import Block
from settings.redaction import RedactionSettings


def redaction(settings: RedactionSettings) -> tuple[Block, ...]:
    """The stages."""
    return ()
