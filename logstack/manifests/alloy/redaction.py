"""Redaction: replacing secrets and personal data in every line of every source.

Go's regular expressions cost about 10 ns per character and branch. A pattern that begins with plain text is fifty
times as fast. So each rule names texts of which every line that it can change contains at least one, and these are
searched first, for all rules at once. A LogQL selector has `and` but no `or`: lines without any of the texts get a
label, and the rules run on all others. The label's name begins with __: no source accepts it from outside, and
loki.write does not send it.

Measured with Alloy 1.19.0 and the default rules, on lines of a Kubernetes cluster of 218 bytes: the searches take 4
to 6 us of CPU per line, the stage with the label 2 us, beside 20 us for reading and sending a line. A line with a
secret takes 140 us. An expression of more than 500 instructions costs five times as much: Go then runs it in another
way (regexp.maxBacktrackProg).
"""

from collections.abc import Iterator, Mapping, Sequence

from logstack.manifests.alloy.labels import SOURCE, within
from logstack.manifests.alloy.secret_rules import RULES, Rule, Search, Step, merged, redacted
from logstack.manifests.alloy.syntax import Block, Expression, Joined, Part, Value, quoted
from logstack.settings.model.redaction import CustomRedaction, RedactionName, RedactionSettings

CLEAN = "__nothing_to_redact__"
# This also matches a line without the label.
_EVERY_LINE = f'{{{SOURCE}=~".*"}}'


def redaction(settings: RedactionSettings) -> tuple[Block, ...]:
    """Return the stages: built-in rules first, then those of the stack file."""
    rules = {name: rule for name, rule in RULES.items() if name in settings.rules}
    return (*_built_in(rules), *map(_custom, settings.custom))


def receiver(settings: RedactionSettings) -> str:
    """Return what gets the lines after the stages."""
    return "loki.secretfilter.default.receiver" if settings.secretfilter else "loki.write.default.receiver"


def secretfilter(settings: RedactionSettings) -> Iterator[Block]:
    """Yield Alloy's own filter, which is a component. It comes last: it puts no quotes around a JSON number."""
    if settings.secretfilter:
        attributes: dict[str, Value] = {
            "forward_to": [Expression("loki.write.default.receiver")],
            "redact_with": redacted("$SECRET_NAME"),
        }
        yield Block("loki.secretfilter", "default", attributes, comment="collector.redact.secretfilter")


def _built_in(rules: Mapping[RedactionName, Rule]) -> Iterator[Block]:
    if not rules:
        return
    searches = [search for rule in rules.values() for search in (*rule.searches, *rule.issued_searches)]
    stages = tuple(stage for name, rule in rules.items() for stage in _rule(name, rule))
    yield from _unless_clean("all", searches, stages, "collector.redact.rules")


def _rule(name: RedactionName, rule: Rule) -> Iterator[Block]:
    if rule.issued:
        steps = tuple(_step(name, step) for step in rule.issued)
        comment = f"{name} in the forms that issuers publish"
        yield from _unless_clean(name, rule.issued_searches, steps, comment)
    yield from (_step(name, step) for step in rule.steps)


def _step(name: RedactionName, step: Step) -> Block:
    only = " ".join([_EVERY_LINE, *(search.present for search in step.only)])
    return within(only, *step.stages, comment=f"{name}: {step.comment}")


def _unless_clean(mark: str, searches: Sequence[Search], stages: tuple[Block, ...], comment: str) -> Iterator[Block]:
    """Yield the stages, which run only on lines in which a search finds something."""
    every = merged(list(dict.fromkeys(searches)))
    parts = (Part(_EVERY_LINE), *(Part(search.absent) for search in every))
    static = Block("stage.static_labels", attributes={"values": {CLEAN: mark}})
    yield within(Joined(parts, " "), static, comment=f"Lines without any text of {comment} pass by.")
    yield within(f"{{{CLEAN}!={quoted(mark)}}}", *stages, comment=f"All other lines: {comment}.")


def _custom(rule: CustomRedaction) -> Block:
    text = redacted(rule.name) if rule.replacement is None else rule.replacement
    attributes = {"expression": rule.expression, "replace": text.replace("{{", '{{ "{{" }}')}
    # Matching first takes half of the time of stage.replace.
    return within(
        f"{_EVERY_LINE} |~ {quoted(rule.pattern)}",
        Block("stage.replace", attributes=attributes),
        comment=f"collector.redact.custom: {rule.name}",
    )
