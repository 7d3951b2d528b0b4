"""Labels that the parts of one collector pass on, selectors and their stage, and the labels that make no stream."""

import re
from collections.abc import Mapping

from logstack.manifests.alloy.syntax import Block, Joined, quoted
from logstack.settings.model.collector import CollectorSettings, LabelName

# Labels that Alloy's components of one collector pass on to each other; the last one drops them.
SOURCE, FORMAT, MULTILINE = "logstack_source", "logstack_format", "logstack_multiline"
# The structured metadata, and then the label, with the container runtime's time of a line, while the collector has it.
READ_AT = "logstack_read"
# Airflow's KubernetesExecutor writes these on a task's pod: as annotations, and cut to Kubernetes' form as labels.
AIRFLOW_IDS = ("dag_id", "task_id", "run_id")


def metadata_labels(collector: CollectorSettings) -> list[LabelName]:
    """Return the labels that become structured metadata, as they are no index labels of every source."""
    # loki.write adds `cluster` after the line has passed every stage.
    without = {
        "cluster",
        *collector.sources.unknown_labels,
        *collector.stream_labels,
        *collector.sources.further_labels,
    }
    return [label for label in collector.known_labels if label not in without]


def selector(match: Mapping[LabelName, str], **more: str) -> str:
    """Return a LogQL selector; `*` in a value of `match` stands for any text, values of `more` are literal."""
    matchers = [_matcher(label, text) for label, text in match.items()]
    matchers += [f"{label}={quoted(text)}" for label, text in more.items()]
    # LogQL refuses a selector that the empty label set matches; every line has a source.
    return "{" + ", ".join(matchers or [f'{SOURCE}=~".+"']) + "}"


def within(what: str | Joined, *stages: Block, comment: str = "") -> Block:
    """Return the stage that runs others on the lines of a selector."""
    return Block("stage.match", attributes={"selector": what}, blocks=stages, comment=comment)


def _matcher(label: LabelName, text: str) -> str:
    if "*" not in text:
        return f"{label}={quoted(text)}"
    return f"{label}=~{quoted('.*'.join(map(pattern_of, text.split('*'))))}"


def pattern_of(text: str) -> str:
    """Return the regular expression that matches only this text, as Go's regexp.QuoteMeta writes it."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)
