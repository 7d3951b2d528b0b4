"""Which secrets and personal data the collector replaces before a line leaves its node."""

from typing import Literal

from settings.base import Group

RedactionName = Literal["private-keys", "tokens", "passwords", "cards", "mails"]


class RedactionSettings(Group):
    """What is replaced by <redacted:RULE>, in every line of every source."""

    rules: tuple[RedactionName, ...] = ("private-keys", "tokens", "passwords", "cards")
    """Built-in rules; mail addresses are left, as people search for them."""
