"""The generated parts of docs/reference/diff.md: classes with exit codes, rules, and which values restart pods."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from logstack.diff.effects import EXIT_CODES, MEANINGS, Effect
from logstack.diff.rule import Rule
from logstack.diff.rules import RULES
from logstack.docsgen.splice import table
from logstack.manifests.alloy.chart import TEMPLATES as ALLOY_TEMPLATES
from logstack.manifests.charts import Templates
from logstack.manifests.loki.chart import TEMPLATES as LOKI_TEMPLATES


def inserts() -> Mapping[str, str]:
    """Return the text between each pair of markers."""
    classes = ((f"`{effect}`", str(EXIT_CODES[effect]), MEANINGS[effect]) for effect in Effect)
    return {
        "classes": table(("class", "exit code", "what it means"), classes),
        "rules": table(("class", "rule", "looks at", "when", "says"), map(_rule, RULES)),
        "restarts": table(("chart", "values", "in the template of"), _restarts()),
    }


def _rule(rule: Rule) -> tuple[str, ...]:
    paths = "<br>".join(_code(path.strip() or "any file's form") for path in rule.looks_at)
    return rule.effect, f"`{rule.name}`", paths, rule.when.words, _cell(rule.sentence)


def _restarts() -> Iterator[tuple[str, ...]]:
    for chart, values in (("loki", LOKI_TEMPLATES), ("alloy", ALLOY_TEMPLATES)):
        for pods, patterns in _grouped(values):
            yield chart, ", ".join(map(_code, patterns)), pods


def _grouped(values: Templates) -> Iterator[tuple[str, list[str]]]:
    """Yield neighbours of the same pods together: the first of several patterns decides."""
    for pods, run in groupby(values, lambda row: row[1]):
        yield " and ".join(pods), [pattern for pattern, _ in run]


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
