"""Which secrets and personal data the collector replaces before a line leaves its node."""

from typing import Annotated, Literal

from logstack.settings.model.base import Group, spelled
from logstack.settings.model.patterns import group_count
from logstack.settings.model.processing import Pattern, RuleName
from logstack.settings.model.ranges import Switch

RedactionName = Literal["private-keys", "tokens", "passwords", "cards", "mails"]

# A replacement must not end the JSON string that the secret was in.
Replacement = Annotated[
    str, spelled(r'^[^\x00-\x1f"\\]{0,100}$', 'a text of at most 100 characters, on one line and without " and \\')
]


class CustomRedaction(Group):
    """A redaction rule of this stack's own."""

    name: RuleName
    """The rule's name, which also appears in `<redacted:NAME>`."""
    pattern: Pattern
    """The text to replace, wherever it occurs in a line: the pattern's groups, or the whole match if it has none. The
    collector tries it on every line; patterns that begin with plain text are the fastest."""
    replacement: Replacement | None = None
    """The new text; by default `<redacted:NAME>`."""

    @property
    def expression(self) -> str:
        """Return the pattern with at least one group."""
        return self.pattern if group_count(self.pattern) else f"({self.pattern})"


class RedactionSettings(Group):
    """The rules for every line of every source. They do not change labels and structured metadata."""

    rules: tuple[RedactionName, ...] = ("private-keys", "tokens", "passwords", "cards")
    """Built-in rules; each writes `<redacted:RULE>` instead of the secret. `private-keys`: PEM blocks, also those that
    a program prints line by line: the collector joins these lines to one entry. `tokens`: the forms of tokens
    that issuers publish (docs/reference/redaction.md), JWT, and the values of authorization headers.
    `passwords`: the values of names such as password, secret, token or api_key, and passwords in URLs,
    commands, XML and connection strings. `cards`: payment card numbers with a correct check digit, in lines
    about a card. `mails`: mail addresses; off by default, because people search for them."""
    custom: tuple[CustomRedaction, ...] = ()
    """Further rules; they apply after the built-in ones."""
    secretfilter: Switch = False
    """Let Alloy's loki.secretfilter redact as well, after all rules: gitleaks' rules, which also know secrets by their
    randomness. It is a public preview in Alloy, so `collector.stability` must allow it. docs/reference/redaction.md has
    what it finds and what it costs."""
