"""Redaction: replacing secrets and personal data in every line of every source.

Go's regular expressions cost about 10 ns per character and branch. A pattern that begins with plain text is fifty times
as fast. So each rule names texts of which every line that it can change contains at least one, and these are searched
first. A LogQL selector has `and` but no `or`: lines without any of the texts get a label, and the rules run on all
others. The label's name begins with __: no source accepts it from outside, and loki.write does not send it.

Measured with Alloy 1.19.0 and the default rules, on lines of Hadoop, OpenSSH, Spark and ZooKeeper of 133 bytes: 9 us of
CPU per line, beside 6 us for reading and dropping it. stage.replace alone takes 160 us. A line with a password takes
140 us.
"""

from collections.abc import Collection, Iterator, Mapping

from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.secret_rules import RULES, Rule, redacted
from logstack.manifests.alloy.syntax import Block, quoted
from logstack.settings.model.redaction import CustomRedaction, RedactionName, RedactionSettings

CLEAN = "__nothing_to_redact__"
# This also matches a line without the label.
_EVERY_LINE = f'{{{SOURCE}=~".*"}}'


def redaction(settings: RedactionSettings) -> tuple[Block, ...]:
    """Return the stages: built-in rules first, then those of the stack file."""
    rules = {name: rule for name, rule in RULES.items() if name in settings.rules}
    return (*_built_in(rules), *map(_custom, settings.custom))


def texts_and_patterns(rules: Collection[Rule]) -> tuple[list[str], list[str]]:
    """Return the texts and patterns of which a line contains at least one if a rule can change it."""
    texts = dict.fromkeys(text for rule in rules for text in rule.texts.split())
    return list(texts), list(dict.fromkeys(pattern for rule in rules for pattern in rule.patterns))


def _built_in(rules: Mapping[RedactionName, Rule]) -> Iterator[Block]:
    if rules:
        stages = tuple(block for name, rule in rules.items() for block in _rule(name, rule))
        yield from _but_clean("all", list(rules.values()), stages, "collector.redact.rules")


def _rule(name: RedactionName, rule: Rule) -> Iterator[Block]:
    stages = tuple(
        Block("stage.replace", attributes={"expression": stage.expression, "replace": stage.template})
        for stage in rule.stages
    )
    return _but_clean(name, [rule], stages, name)


def _but_clean(mark: str, rules: Collection[Rule], stages: tuple[Block, ...], comment: str) -> Iterator[Block]:
    """Yield the stages, which run only on lines that contain one of the rules' texts or patterns."""
    texts, patterns = texts_and_patterns(rules)
    filters = [f"!= {quoted(text)}" for text in texts] + [f"!~ {quoted(pattern)}" for pattern in patterns]
    yield Block(
        "stage.match",
        attributes={"selector": " ".join([_EVERY_LINE, *filters])},
        blocks=(Block("stage.static_labels", attributes={"values": {CLEAN: mark}}),),
        comment=f"Lines without {comment}.",
    )
    yield Block(
        "stage.match",
        attributes={"selector": f"{{{CLEAN}!={quoted(mark)}}}"},
        blocks=stages,
        comment=f"All other lines: {comment}.",
    )


def _custom(rule: CustomRedaction) -> Block:
    text = redacted(rule.name) if rule.replacement is None else rule.replacement
    attributes = {"expression": rule.expression, "replace": text.replace("{{", '{{ "{{" }}')}
    # Matching first takes half of the time of stage.replace.
    return Block(
        "stage.match",
        attributes={"selector": f"{_EVERY_LINE} |~ {quoted(rule.pattern)}"},
        blocks=(Block("stage.replace", attributes=attributes),),
        comment=f"collector.redact.custom: {rule.name}",
    )
