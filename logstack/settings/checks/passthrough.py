"""What a stack passes on: nothing that another key decides, nothing that Loki or a chart does not know, no secret."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logstack.settings import pins
from logstack.settings.checks.check import reads
from logstack.settings.model.charts import PINNED, ChartSource
from logstack.settings.passthrough.alloy_text import AlloyBlock, AlloyTextError, alloy_blocks
from logstack.settings.passthrough.credentials import credentials_in, is_credential
from logstack.settings.passthrough.documents import JOINED, Path, leaves, spelled
from logstack.settings.passthrough.misfits import TAKEN, UnknownKey, WrongType, misfits
from logstack.settings.passthrough.ownership import ALLOY_VALUES, CONFIG, LOKI_VALUES, TENANT, Row, owner
from logstack.settings.passthrough.tables import Table, chart_values, loki_config, tenant_config
from logstack.settings.problems import Problem, Rule, listed, nearest
from logstack.settings.tree import Settings

OWNED = Rule("passed-value-is-owned", "the stack would say two things about one value")
UNKNOWN_CONFIG = Rule("loki-config-unknown", "no Loki pod starts: its parser refuses a key that it does not know")
UNKNOWN_VALUE = Rule("chart-value-unknown", "the chart does not read it: nothing would change")
WRONG_TYPE = Rule("passed-value-wrong-type", "Loki or the chart refuses it")
REFUSED = Rule("passed-value-refused", "no Loki pod starts")
SECRET = Rule(
    "passed-secret-in-clear", "everybody who reads the repository, Pulumi's state or the ConfigMap can read it"
)
ALLOY_TEXT = Rule("alloy-config-invalid", "Alloy refuses the whole configuration")
ALLOY_TWICE = Rule("alloy-config-block-twice", "Alloy refuses a configuration with two blocks of one name")
ALLOY_UNKNOWN = Rule("alloy-config-no-receiver", "Alloy refuses a reference to a block that does not exist")
ALLOY_NOWHERE = Rule("alloy-config-without-collector", "no pod reads alloy.config")

# Names that logstack's own blocks have or may have in config.alloy; a test compares them with every stack's.
RECEIVERS = ("loki.process.lines", "loki.write.default")
OWN_BLOCKS = frozenset(
    {
        *RECEIVERS,
        "logging",
        "discovery.kubernetes.pods",
        "discovery.relabel.pods",
        "local.file_match.node_files",
        "local.file_match.pods",
        "loki.process.otlp",
        "loki.process.pods",
        "loki.relabel.journal",
        "loki.secretfilter.default",
        "loki.source.api.push",
        "loki.source.file.node_files",
        "loki.source.file.pods",
        "loki.source.journal.journal",
        "loki.source.kubernetes.pods",
        "otelcol.exporter.loki.otlp",
        "otelcol.receiver.otlp.otlp",
    }
)
_RECEIVER = re.compile(r"\b(loki\.\w+\.\w+)\.receiver\b")
_FROM_ENVIRONMENT = (
    "write ${NAME} in its place, and give the pods the variable from a Secret:\n"
    "logstack:loki: {values: {defaults: {extraEnvFrom: [{secretRef: {name: NAME-OF-THE-SECRET}}]}}}"
)
_FROM_FILE = "Loki expands no variables in overrides: name a file instead, with a key such as password_file"
_FROM_REFERENCE = "name a Secret in its place, by existingSecret, secretKeyRef or secretRef"
_FROM_ALLOY = (
    'write sys.env("NAME") in its place, and give the pods the variable from a Secret:\n'
    "logstack:alloy: {values: {alloy: {envFrom: [{secretRef: {name: NAME-OF-THE-SECRET}}]}}}"
)


@dataclass(frozen=True)
class _Document:
    """One document that a stack passes on."""

    key: str
    """Its key in the stack file."""
    content: Mapping[str, object]
    rows: Sequence[Row]
    table: Table | None
    """None for a version whose keys are not known."""
    reader: str
    """Who reads it, with the version."""
    unknown: Rule
    by_secret: str
    """How a secret gets there."""
    joined: frozenset[Path] = frozenset()


def _documents(settings: Settings) -> Iterator[_Document]:
    pinned = settings.loki_version == pins.LOKI_VERSION
    loki, version = settings.loki, f"Loki {pins.LOKI_VERSION}"
    table = loki_config() if pinned and loki.config else None
    yield _Document("loki.config", loki.config, CONFIG, table, version, UNKNOWN_CONFIG, _FROM_ENVIRONMENT)
    for number, tenant in enumerate(settings.tenants):
        if tenant.config:
            key, limits = f"tenants[{number}]", tenant_config() if pinned else None
            rows = [_of_tenant(row, key) for row in TENANT]
            yield _Document(f"{key}.config", tenant.config, rows, limits, version, UNKNOWN_CONFIG, _FROM_FILE)
    for name, values, rows_, source in (
        ("loki", loki.values, LOKI_VALUES, settings.charts.loki),
        ("alloy", settings.alloy.values, ALLOY_VALUES, settings.charts.alloy),
    ):
        known = chart_values(name) if values and _is_pinned(name, source) else None
        reader = f"the chart {name} {PINNED[name].version}"
        yield _Document(f"{name}.values", values, rows_, known, reader, UNKNOWN_VALUE, _FROM_REFERENCE, JOINED[name])


def _is_pinned(name: str, source: ChartSource) -> bool:
    return not source.path and source.version in (None, PINNED[name].version)


def _of_tenant(row: Row, tenant: str) -> Row:
    return Row(row.path, row.key.replace("tenants[]", tenant), row.reason, row.when)


@reads("loki", "alloy", "tenants", "charts", "loki_version", "deployment_mode", "replicas", "gateway", "caches")
def passed_on(settings: Settings) -> Iterator[Problem]:
    """Each value of the documents is for the stack to set, is known, is of the right type, and is no secret."""
    for document in _documents(settings):
        refused: set[Path] = set()
        for path, problem in (
            *_owned(document, settings),
            *_secrets(document),
            *(_misfits(document, document.table) if document.table else ()),
        ):
            if not any(path[: len(above)] == above for above in refused):
                refused.add(path)
                yield problem


def _owned(document: _Document, settings: Settings) -> Iterator[tuple[Path, Problem]]:
    for path, value in leaves(document.content, document.joined):
        found = owner(document.rows, path)
        if found is None or value in ({}, []):
            continue
        row, prefix = found
        if row.is_default or (row.when and not row.when(settings)):
            continue
        what = (
            f"{row.key} decides {spelled(prefix)}" if row.key else f"{spelled(prefix)} is logstack's own: {row.reason}"
        )
        fix = f"use logstack:{row.key} instead" if row.key else f"remove {spelled(prefix)}"
        yield prefix, OWNED.problem(_at(document, prefix), what, fix)


def _secrets(document: _Document) -> Iterator[tuple[Path, Problem]]:
    for path in credentials_in(document.content):
        what = f"{spelled(path)} looks like a credential in clear text"
        yield path, SECRET.problem(_at(document, path), what, document.by_secret)


def _misfits(document: _Document, table: Table) -> Iterator[tuple[Path, Problem]]:
    for misfit in misfits(table, document.content):
        path = misfit.path
        match misfit:
            case UnknownKey(meant=meant):
                what = f'{document.reader} knows no "{spelled(path)}"'
                fix = f"did you mean {listed(meant)}?" if meant else f"remove {path[-1]}"
                yield path, document.unknown.problem(_at(document, path), what, fix)
            case WrongType(takes=takes):
                what = f"{spelled(path)} must be {TAKEN[takes]}"
                yield path, WRONG_TYPE.problem(_at(document, path), what, f"correct the value of {path[-1]}")


def _at(document: _Document, path: Path) -> str:
    return spelled((document.key, *path))


@reads("alloy", "collector")
def alloy_config(settings: Settings) -> Iterator[Problem]:
    """The blocks are Alloy's syntax, have names of their own, and forward to a block that exists."""
    text, path = settings.alloy.config, "alloy.config"
    if text is None:
        return
    if not settings.collector.sources.on_nodes:
        yield ALLOY_NOWHERE.problem(path, "no collector runs on the nodes", "remove it, or add a source of the nodes")
    try:
        blocks = alloy_blocks(text)
    except AlloyTextError as error:
        yield ALLOY_TEXT.problem(path, f"line {error.line} is no Alloy configuration", "`alloy fmt` prints the reason")
        return
    names = [block.called for block in blocks]
    for number, block in enumerate(blocks):
        if block.called in OWN_BLOCKS or block.called in names[:number]:
            owner_ = "logstack" if block.called in OWN_BLOCKS else "an earlier line"
            fix = f'give it another label: {block.name} "own" {{' if block.label else f"remove {block.name}"
            yield ALLOY_TWICE.problem(path, f"line {block.line}: {owner_} has the block {block.called} already", fix)
    yield from _receivers(path, text, names)
    yield from _alloy_secrets(path, blocks)


def _receivers(path: str, text: str, names: Sequence[str]) -> Iterator[Problem]:
    known = [*RECEIVERS, *OWN_BLOCKS, *names]
    for name in dict.fromkeys(_RECEIVER.findall(text)):
        if name not in known:
            meant = nearest(name, [*RECEIVERS, *names])
            fix = (
                f"did you mean {meant}.receiver?"
                if meant
                else f"forward to {listed([f'{each}.receiver' for each in RECEIVERS])}"
            )
            yield ALLOY_UNKNOWN.problem(path, f"there is no block {name}", fix)


def _alloy_secrets(path: str, blocks: Sequence[AlloyBlock]) -> Iterator[Problem]:
    for block in blocks:
        for name, expression in block.attributes.items():
            for text in re.findall(r'"(?:\\.|[^"\\\n])*"|`[^`]*`', expression):
                if "sys.env" not in expression and is_credential(name, text[1:-1]):
                    what = f"{name} in the block {block.called} looks like a credential in clear text"
                    yield SECRET.problem(path, what, _FROM_ALLOY)
        yield from _alloy_secrets(path, block.blocks)


CHECKS = (passed_on, alloy_config)
