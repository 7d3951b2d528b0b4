"""From a release's values to a stack file, and what was said of each value on the way."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path as File

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from logstack.adopt import access, ingress
from logstack.adopt import not_taken as rest
from logstack.adopt.alloy_text import alloy_blocks
from logstack.adopt.chart import enterprise_text, is_exact, parse_version, refuse_foreign
from logstack.adopt.collector import cluster_of, collector
from logstack.adopt.documents import Release, readable
from logstack.adopt.errors import RefusedError, UnreadableError
from logstack.adopt.limits import follow_retention, limits, retention
from logstack.adopt.loki_config import assembled, with_config_text, with_running
from logstack.adopt.mode import mode, other_roles
from logstack.adopt.paths import Path, at, path_of, spelled_path
from logstack.adopt.reading import Entry, Reading, Verdict
from logstack.adopt.release_name import names
from logstack.adopt.schema import schema
from logstack.adopt.stack_text import stack_text
from logstack.adopt.store import store
from logstack.adopt.tenants import tenants
from logstack.adopt.workloads import parts
from logstack.settings.load.loader import settings_from
from logstack.settings.load.source import from_file
from logstack.settings.load.stack_file import YamlFile, parsed, plain, stack_path
from logstack.settings.model.stack_file import StackFile
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, StackProblems


@dataclass(frozen=True)
class Wanted:
    """What the person says beside the values."""

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
    """What was read, in words."""
    notes: tuple[str, ...]
    entries: tuple[Entry, ...]
    stack: str
    text: str
    """The stack file."""
    problems: tuple[Problem, ...]
    """What the checks say of it."""
    side_by_side: tuple[str, ...]
    """Why the running Loki cannot be taken over in place."""

    @property
    def decisions(self) -> tuple[Entry, ...]:
        """What somebody has to decide."""
        return tuple(entry for entry in self.entries if entry.decide)

    @property
    def is_whole(self) -> bool:
        """Whether every value was taken, and the stack file has no error."""
        return not self.decisions and not any(problem.severity == "error" for problem in self.problems)


def adopted(release: Release, wanted: Wanted, directory: File = File(), *, today: date | None = None) -> Adoption:
    """The adoption; raises UnreadableError and RefusedError."""
    said = wanted.chart_version or release.version
    if not said:
        raise UnreadableError("the chart's version is not said: --chart-version 6.49.0 (helm list shows it)")
    version = parse_version(said)
    refuse_foreign(release.chart, release.repository, version)
    if at(release.values, path_of("enterprise.enabled")) is True:
        raise RefusedError(enterprise_text("a release with enterprise.enabled"))
    values, unread = readable(with_running(with_config_text(release.values), wanted.running))
    reading = Reading(values, version, wanted.chart_defaults or {})
    reading.entries += [_unread(path, why) for path, why in unread]
    source = f"{release.source} of chart {release.chart or 'loki'} {said}"
    _release(reading, release, said)
    _topics(reading, release, wanted)
    text = stack_text(reading.stack, reading.entries, source)
    entries = tuple(sorted(reading.entries, key=lambda entry: (list(Verdict).index(entry.verdict), entry.path)))
    problems = _problems(text, wanted.stack, directory, today)
    return Adoption(source, release.notes, entries, wanted.stack, text, problems, tuple(reading.side_by_side))


def _unread(path: Path, why: str) -> Entry:
    told = spelled_path(path)
    text = f"{why}: what it says is not known here; write what it stands for, a secret into the Pulumi config"
    return Entry(told, Verdict.NOT_TAKEN, text, decide=True, values=(told,))


def _release(reading: Reading, release: Release, version: str) -> None:
    """What stands elsewhere, and a version that is a range."""
    for unread in release.unread:
        text = f"{unread.what}: not read, so what it says is not in this report; a secret goes to the Pulumi config"
        reading.entries.append(Entry(unread.path, Verdict.NOT_TAKEN, text, decide=True))
    if not is_exact(version):
        lowest = ".".join(map(str, reading.version))
        text = f"{version} is a range: read as {lowest}; name the one that runs (--chart-version)"
        reading.entries.append(Entry("(the chart's version)", Verdict.TRANSLATED, text, decide=True))


def _topics(reading: Reading, release: Release, wanted: Wanted) -> None:
    """Each topic speaks of its values; what is left is compared, explained or unknown."""
    rest.gone_keys(reading)
    config = assembled(reading)
    blocks = alloy_blocks(wanted.alloy or "")
    names(reading, release, wanted.cluster or cluster_of(blocks) or wanted.stack, wanted.context or wanted.stack)
    mode(reading, config)
    rest.unknown(reading)
    other_roles(reading)
    store(reading, config, release)
    schema(reading, config)
    limits(reading, config)
    retention(reading, config)
    tenants(reading, config)
    follow_retention(reading, config)
    parts(reading, config)
    access.password(reading)
    ingress.ingress(reading)
    collector(reading, blocks)
    settings = _tree(reading.stack)
    access.nginx(reading, settings)
    rest.loki_values(reading, config, settings)
    rest.defaults(reading)
    rest.all_others(reading)


def _tree(stack: Mapping[str, object]) -> Settings:
    """The settings, as far as they can be built: what Loki's configuration is compared with."""
    store = {"objectStore": {"kind": "s3-compatible", "endpoint": "http://store", "bucket": "logs"}}
    for tree in (stack, {**stack, **store}):
        with suppress(ValidationError):
            return _settings(tree)
    keys = {key: stack[key] for key in ("cluster", "deploymentMode", "retention") if key in stack}
    return _settings({**keys, **store})


def _settings(keys: Mapping[str, object]) -> Settings:
    return Settings.of(StackFile.model_validate(keys, by_alias=True, by_name=False))


def _problems(text: str, stack: str, directory: File, today: date | None) -> tuple[Problem, ...]:
    """What `logstack check` would say of the file."""
    content = parsed(text)
    tree = content["config"] if isinstance(content, CommentedMap) else CommentedMap()
    config = plain(tree)
    file = YamlFile(stack_path(stack, directory), config if isinstance(config, Mapping) else {}, tree)
    try:
        return settings_from(from_file(file), stack, directory, file=file, today=today).problems
    except StackProblems as problems:
        return problems.problems
