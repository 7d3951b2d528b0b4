"""Secrets and personal data, replaced in every line of every source.

Go's regular expressions cost about 10 ns a character and branch, unless they begin with plain text, which is searched
fifty times as fast. So each line is first held against texts of which one is in every line that a rule is for. A
selector knows `and` and no `or`: lines without any of them are marked by a label, and all others go on to the rules.
The label's name begins with __, so no source takes it from outside, and loki.write does not send it.

Measured with Alloy 1.19.0 and the default rules, on lines of Hadoop, OpenSSH, Spark and ZooKeeper of 133 bytes: 9 us of
CPU a line, beside 6 us for reading and dropping it; by stage.replace alone it is 160 us. A line with a password in it
takes 140 us.
"""

from collections.abc import Collection, Iterator, Mapping

from logstack.manifests.alloy.labels import SOURCE
from logstack.manifests.alloy.secret_rules import RULES, Rule, redacted
from logstack.manifests.alloy.syntax import Block, quoted
from logstack.settings.model.redaction import CustomRedaction, RedactionName, RedactionSettings

CLEAN = "__nothing_to_redact__"
# A line without the label is matched as well.
_EVERY_LINE = f'{{{SOURCE}=~".*"}}'


def redaction(settings: RedactionSettings) -> tuple[Block, ...]:
    """The stages: built-in rules, then those of the stack."""
    rules = {name: rule for name, rule in RULES.items() if name in settings.rules}
    return (*_built_in(rules), *map(_custom, settings.custom))


def texts_and_patterns(rules: Collection[Rule]) -> tuple[list[str], list[str]]:
    """What a line has one of if a rule is for it."""
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
    """The stages, for lines that have something of what the rules search for first."""
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
    # Whether a line matches at all is found in half of the time that stage.replace takes.
    return Block(
        "stage.match",
        attributes={"selector": f"{_EVERY_LINE} |~ {quoted(rule.pattern)}"},
        blocks=(Block("stage.replace", attributes=attributes),),
        comment=f"collector.redact.custom: {rule.name}",
    )
