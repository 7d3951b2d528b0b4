"""The conversion of a release's values into a stack file, with an entry for each value."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path as File

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from logstack.adopt import access, ingress, not_taken
from logstack.adopt.chart import enterprise_text, is_exact, parse_version, refuse_foreign, values_version
from logstack.adopt.collector import cluster_of, collector
from logstack.adopt.conditions import conditions
from logstack.adopt.documents import Release, readable
from logstack.adopt.earlier_charts import entries_of_left, of_loki_3
from logstack.adopt.errors import RefusedError, UnreadableError
from logstack.adopt.images import images
from logstack.adopt.limits import follow_retention, limits, retention
from logstack.adopt.loki_config import assembled, with_config_text, with_running
from logstack.adopt.mode import mode, other_roles
from logstack.adopt.paths import Path, at, path_of, spelled_path
from logstack.adopt.placeholders import placeholders
from logstack.adopt.pods import pods
from logstack.adopt.promtail import collector_blocks
from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.adopt.release_name import names
from logstack.adopt.ring import ring
from logstack.adopt.schema import schema
from logstack.adopt.stack_text import stack_text
from logstack.adopt.store import store
from logstack.adopt.tenants import tenants
from logstack.adopt.workloads import parts
from logstack.settings.load.loader import settings_from
from logstack.settings.load.source import from_file
from logstack.settings.load.stack_file import YamlFile, parsed, plain, stack_path
from logstack.settings.model.stack_file import StackFile
from logstack.settings.problems import Problem, StackProblems
from logstack.settings.tree import Settings


@dataclass(frozen=True)
class Request:
    """The command's options besides the values."""

    stack: str
    chart_version: str | None = None
    cluster: str | None = None
    context: str | None = None
    running: Mapping[str, object] | None = None
    """The configuration that the running Loki reads."""
    chart_defaults: Mapping[str, object] | None = None
    """The chart's own values in the release's version."""
    alloy: str | None = None
    """The collector's config.alloy."""


@dataclass(frozen=True)
class Adoption:
    """A stack file, and the report."""

    source: str
    """The input, described for people."""
    notes: tuple[str, ...]
    entries: tuple[Entry, ...]
    stack: str
    text: str
    """The stack file."""
    problems: tuple[Problem, ...]
    """Its problems."""
    side_by_side: tuple[str, ...]
    """Why the running Loki cannot be taken over in place."""
    conditions: tuple[str, ...]
    """What has to be known or done first, for taking it over in place."""

    @property
    def decisions(self) -> tuple[Entry, ...]:
        """Return the entries that need a decision."""
        return tuple(entry for entry in self.entries if entry.decide)

    @property
    def is_whole(self) -> bool:
        """Return whether no value needs a decision and the stack file has no error."""
        return not self.decisions and not any(problem.severity == "error" for problem in self.problems)


def adopted(release: Release, request: Request, directory: File = File(), *, today: date | None = None) -> Adoption:
    """Convert a release into a stack file; raises UnreadableError and RefusedError."""
    release = of_loki_3(release, request.chart_version or release.version)
    version_text = release.version if release.side_by_side else request.chart_version or release.version
    if not version_text:
        where = release.version_source
        file = f"the file of the {where}, which has it (--values), or " if where else ""
        raise UnreadableError(f"the chart's version is missing: pass {file}--chart-version 6.49.0 (helm list shows it)")
    version = parse_version(version_text)
    refuse_foreign(release.chart, version)
    version = values_version(version, release.repository)
    if at(release.values, path_of("enterprise.enabled")) is True:
        raise RefusedError(enterprise_text("a release with enterprise.enabled"))
    values, unread = readable(with_running(with_config_text(release.values), request.running))
    reading = Reading(
        values,
        version,
        request.chart_defaults or {},
        starts_anew=release.side_by_side is not None,
        unread=tuple(path for path, _ in unread),
    )
    reading.entries += [_unread(path, why) for path, why in unread]
    reading.entries += entries_of_left(release)
    reading.side_by_side += [release.side_by_side] if release.side_by_side else []
    chart = release.described_chart or f"{release.chart or 'loki'} {version_text}"
    source = f"{release.source} of chart {chart}" if not release.is_bare else release.source
    _release(reading, release, version_text)
    _topics(reading, release, request)
    text = stack_text(reading.stack, reading.entries, source)
    entries = tuple(sorted(reading.entries, key=lambda entry: (list(Verdict).index(entry.verdict), entry.path)))
    problems = _problems(text, request.stack, directory, today)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        text = stack_text(reading.stack, reading.entries, source, errors)
        problems = _problems(text, request.stack, directory, today)
    return Adoption(
        source,
        release.notes,
        entries,
        request.stack,
        text,
        problems,
        tuple(dict.fromkeys(reading.side_by_side)),
        () if reading.side_by_side else tuple(conditions(entries, release)),
    )


def _unread(path: Path, why: str) -> Entry:
    name = spelled_path(path)
    text = f"{why}: logstack does not know the value; write it into the stack file, or as a Pulumi secret"
    return Entry(name, Verdict.NOT_TAKEN, text, decide=True, values=(name,))


def _release(reading: Reading, release: Release, version: str) -> None:
    """Report values in other objects, and a version that is a range."""
    for unread in release.unread:
        text = f"{unread.what}: not read and not in this report; write secrets as Pulumi secrets"
        reading.entries.append(Entry(unread.path, Verdict.NOT_TAKEN, text, decide=True))
    if not is_exact(version):
        lowest = ".".join(map(str, reading.version))
        text = f"{version} is a range: read as {lowest}; pass the installed version (--chart-version)"
        reading.entries.append(Entry("(the chart's version)", Verdict.TRANSLATED, text, decide=True))


def _topics(reading: Reading, release: Release, request: Request) -> None:
    """Report the values of each topic, then compare, explain or reject the open ones."""
    not_taken.gone_keys(reading)
    config = assembled(reading)
    reading.collector, blocks = collector_blocks(request.alloy or "")
    names(reading, release, request.cluster or cluster_of(blocks) or request.stack, request.context or request.stack)
    mode(reading, config)
    not_taken.unknown(reading)
    other_roles(reading)
    store(reading, config, release)
    schema(reading, config)
    limits(reading, config)
    retention(reading, config)
    tenants(reading, config)
    follow_retention(reading, config)
    images(reading)
    pods(reading)
    parts(reading, config)
    access.password(reading)
    ingress.ingress(reading)
    collector(reading, config, blocks)
    _additions(reading, has_collector=bool(blocks))
    placeholders(reading)
    settings = _tree(reading.stack)
    access.nginx(reading, settings)
    ring(reading, config, settings)
    not_taken.loki_values(reading, config, settings)
    not_taken.defaults(reading)
    not_taken.linux_nodes(reading)
    not_taken.all_others(reading)


def _additions(reading: Reading, *, has_collector: bool) -> None:
    """Report what the stack runs or does beside what runs today."""
    is_new = reading.starts_anew or bool(reading.side_by_side)
    if not has_collector and is_new:
        text = (
            "the stack runs Grafana Alloy on every node, which sends the lines of every pod: beside a collector of "
            "yours lines exist twice. --config-alloy translates that one"
        )
        reading.missing("(the collector)", text, key="collector")
    elif not has_collector:
        reading.write("collector.enabled", False)  # noqa: FBT003 - a value of the stack file
        text = (
            "no collector's configuration is given: the stack runs none, and those of today go on pushing. To replace "
            "one, pass its configuration (--config-alloy), or remove the key and stop the others: beside them lines "
            "exist twice"
        )
        reading.missing("(the collector)", text, key="collector.enabled")
    if has_collector or is_new:
        text = "the collector replaces private keys, tokens, passwords and card numbers in lines"
        reading.missing("(redaction)", text, key="collector.redact")
    if not reading.has("lokiCanary") and reading.key_value("canary.enabled") is not False:
        text = "the stack runs a canary on every node, which writes a line a second and asks for it"
        reading.missing("(the canary)", text, key="canary")


def _tree(stack: Mapping[str, object]) -> Settings:
    """Return the settings to compare Loki's configuration with, as far as the stack file is valid."""
    store = {"objectStore": {"kind": "s3-compatible", "endpoint": "http://store", "bucket": "logs"}}
    for tree in (stack, {**stack, **store}):
        with suppress(ValidationError):
            return _settings(tree)
    keys = {key: stack[key] for key in ("cluster", "deploymentMode", "retention") if key in stack}
    return _settings({**keys, **store})


def _settings(keys: Mapping[str, object]) -> Settings:
    return Settings.of(StackFile.model_validate(keys, by_alias=True, by_name=False))


def _problems(text: str, stack: str, directory: File, today: date | None) -> tuple[Problem, ...]:
    """Return the problems that `logstack check` would print."""
    content = parsed(text)
    tree = content["config"] if isinstance(content, CommentedMap) else CommentedMap()
    config = plain(tree)
    file = YamlFile(stack_path(stack, directory), config if isinstance(config, Mapping) else {}, tree)
    try:
        return settings_from(from_file(file), stack, directory, file=file, today=today).problems
    except StackProblems as problems:
        return problems.problems
