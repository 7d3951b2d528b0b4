"""Which secrets and personal data the collector replaces before a line leaves its node."""

from typing import Annotated, Literal

from logstack.settings.model.base import Group, spelled
from logstack.settings.model.patterns import group_count
from logstack.settings.model.processing import Pattern, RuleName

RedactionName = Literal["private-keys", "tokens", "passwords", "cards", "mails"]

# What stands in the place of a secret must not end the JSON string that the secret stood in.
Replacement = Annotated[
    str, spelled(r'^[^\x00-\x1f"\\]{0,100}$', 'a text of at most 100 characters, on one line and without " and \\')
]


class CustomRedaction(Group):
    """A rule of one's own, for what only this stack's programs write."""

    name: RuleName
    """What the rule is called, in `<redacted:NAME>` as well."""
    pattern: Pattern
    """What is replaced, everywhere in a line: the pattern's groups, or all that it matches if it has none. The
    collector tries it on every line; a pattern that begins with plain text is found fastest."""
    replacement: Replacement | None = None
    """What stands there instead; without it `<redacted:NAME>`."""

    @property
    def expression(self) -> str:
        """The pattern with a group."""
        return self.pattern if group_count(self.pattern) else f"({self.pattern})"


class RedactionSettings(Group):
    """What is replaced in every line of every source. Labels and structured metadata are left as they are."""

    rules: tuple[RedactionName, ...] = ("private-keys", "tokens", "passwords", "cards")
    """Built-in rules; what one replaces reads `<redacted:RULE>`. `private-keys`: PEM blocks, of one entry; `tokens`:
    JWT, keys of GitHub, GitLab, Slack, AWS, Google, Stripe, npm, PyPI, Grafana and Vault, and what headers of
    authorization carry; `passwords`: what follows a name such as password, secret, token or api_key, and passwords in
    URLs; `cards`: payment card numbers whose check digit is right; `mails`: mail addresses, which are left by default,
    as they are what one searches by."""
    custom: tuple[CustomRedaction, ...] = ()
    """Further rules, which come after the built-in ones."""
