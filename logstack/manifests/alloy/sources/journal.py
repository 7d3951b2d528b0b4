"""The nodes' systemd journal."""

from collections.abc import Iterator

from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.labels import SOURCE, pattern_of
from logstack.manifests.alloy.sources.record import NODE, HostPath, LogSource, SourceFormat, to_lines
from logstack.manifests.alloy.syntax import Block, Expression, Value
from logstack.manifests.loki.intake import Intake
from logstack.settings.model import sources as facts
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.quantities import loki_duration
from logstack.settings.model.sources import Sources


def _blocks(collector: CollectorSettings, _environment: Environment, _intake: Intake) -> Iterator[Block]:
    journal = collector.sources.journal
    unit = "__journal__systemd_unit"
    only: dict[str, Value] = {
        "source_labels": [unit],
        "regex": "|".join(pattern_of(name) for name in journal.units),
        "action": "keep",
    }
    yield Block(
        "loki.relabel",
        "journal",
        {"forward_to": []},
        (
            *([Block("rule", attributes=only)] if journal.units else []),
            Block("rule", attributes={"source_labels": [unit], "target_label": "unit"}),
            Block("rule", attributes={"source_labels": ["__journal_priority_keyword"], "target_label": "level"}),
        ),
        comment="Unit and level of the node's journal (collector.sources.journal).",
    )
    labels: Value = {"job": facts.JOURNAL_JOB, "node": NODE, SOURCE: facts.JOURNAL.name}
    yield Block(
        "loki.source.journal",
        "journal",
        {
            "max_age": loki_duration(journal.max_age),
            "relabel_rules": Expression("loki.relabel.journal.rules"),
            "labels": labels,
            "forward_to": to_lines(),
        },
    )


def _describe(sources: Sources) -> Iterator[str]:
    units = sources.journal.units
    yield f"each node's systemd journal{': ' if units else ''}{', '.join(units)}"


JOURNAL = LogSource(
    facts.JOURNAL,
    blocks=_blocks,
    describe=_describe,
    # A line with a level has it as a label already.
    format=SourceFormat(),
    # The persistent journal is /var/log/journal.
    needs_var_log=lambda _: True,
    host_paths=(HostPath("runlogjournal", "/run/log/journal"), HostPath("machine-id", "/etc/machine-id", "File")),
    component="loki.source.journal",
)
