"""Several faults in one stack file: each one is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from logstack.settings import checks
from logstack.settings.checks.check import Check
from logstack.settings.load.loader import settings_from
from logstack.settings.load.parsing import parse
from logstack.settings.load.source import Source
from logstack.settings.load.stack_file import Value
from logstack.settings.model.stack_file import StackFile
from logstack.settings.problems import StackProblems
from logstack.settings.resolve.unknown import have_common_keys, unknown_keys
from logstack.settings.tree import Settings
from tests.support.reads import NOTED, noting
from tests.support.stacks import EXAMPLES
from tests.unit.settings.stacks import FAULTLESS, NOWHERE, TODAY, keys
from tests.unit.settings.test_messages import MESSAGES

FORMER = "{kind: s3-compatible, endpoint: 'http://10.0.0.9', bucket: old, credentialsSecret: old}"
# Lines of a stack file, with the path and the name of the one problem that they cause.
FAULTS = {
    "cluster: {nodeMemory: lots}": ("cluster.nodeMemory", "wrong-value"),
    "cluster: {apiServer: null}": ("cluster.apiServer", "api-server-not-checked"),
    "deploymentMode: simple-scaleable": ("deploymentMode", "wrong-value"),
    "lokiVersion: '3'": ("lokiVersion", "wrong-value"),
    "walReplayCeiling: lots": ("walReplayCeiling", "wrong-value"),
    "size: huge": ("size", "wrong-value"),
    "storageClass: A_B": ("storageClass", "wrong-value"),
    "replicationFactor: 2": ("replicationFactor", "replication-survives-no-lost-writer"),
    "schemaPeriods: []": ("schemaPeriods", "schema-no-period"),
    "limits: {maxStreams: -1}": ("limits.maxStreams", "wrong-value"),
    "limits: {queryTimeout: 1h}": ("limits.queryTimeout", "query-timeout-above-gateway"),
    "limits: {maxQueryLength: 1d}": ("limits.maxQueryLength", "query-length-below-retention"),
    "limits: {maxLineSize: 512B}": ("limits.maxLineSize", "longest-line-too-short"),
    "caches: {chunks: 1Mi}": ("caches.chunks", "cache-too-small"),
    "gateway: {replica: 2}": ("gateway.replica", "unknown-key"),
    "objectStore: {bucket: Loki}": ("objectStore.bucket", "bucket-name"),
    f"formerObjectStore: {{before: '2026-05-25', store: {FORMER}}}": (
        "formerObjectStore.before",
        "former-store-without-period",
    ),
    "resources: {alloy: {cpu: 1, memory: 1Gi, disk: 1Gi}}": ("resources.alloy.disk", "volume-on-daemonset"),
    "collector: {maxAge: 1x}": ("collector.maxAge", "wrong-value"),
    "collector: {labelBudget: 3}": ("collector.indexLabels", "label-budget"),
    "collector: {drop: [{name: a, match: {app: a}}, {name: a, match: {app: b}}]}": (
        "collector.drop[1].name",
        "drop-name-twice",
    ),
    "collector: {parsers: [{match: {app: a}}]}": ("collector.parsers[0]", "parser-without-work"),
    "collector: {rateLimits: [{rate: 1, burst: 1}, {rate: 2, burst: 2}]}": (
        "collector.rateLimits[1]",
        "rate-limit-twice",
    ),
    "collector: {redact: {custom: [{name: a, pattern: 'a('}]}}": (
        "collector.redact.custom[0].pattern",
        "pattern-not-re2",
    ),
    "canary: {interval: 1x}": ("canary.interval", "wrong-value"),
    "grafana: {uid: a b}": ("grafana.uid", "wrong-value"),
    "charts: {loki: {path: a, version: '1'}}": ("charts.loki.path", "chart-source-twice"),
    "acknowledge: [nothing]": ("acknowledge[0]", "acknowledgement-unknown"),
    "retentoin: 5d": ("retentoin", "unknown-key"),
}


def merge(base: Value, changes: Value) -> Value:
    if isinstance(base, Mapping) and isinstance(changes, Mapping):
        return {**base, **{key: merge(base.get(key), value) for key, value in changes.items()}}
    return changes


def problems_of(config: Mapping[str, Value], today: date = TODAY) -> list[tuple[str, str]]:
    try:
        reported = settings_from(Source(dict(config)), "test", NOWHERE, today=today).problems
    except StackProblems as error:
        reported = error.problems
    return sorted((problem.path.removeprefix("logstack:"), problem.name) for problem in reported)


def config_with(faults: list[str], more: str) -> dict[str, Value]:
    config: Value = keys(FAULTLESS + more)
    for fault in faults:
        config = merge(config, keys(fault))
    assert isinstance(config, dict)
    return config


@pytest.mark.parametrize("fault", FAULTS)
def test_single_fault_is_one_problem(fault: str) -> None:
    assert problems_of(config_with([fault], "")) == [FAULTS[fault]]


@profile(max_examples=150)
@given(
    st.lists(st.sampled_from(sorted(FAULTS)), min_size=2, max_size=8, unique=True),
    st.sampled_from(["", "ingest: 30GB/day\n"]),
)
def test_independent_faults_are_all_reported_at_once(faults: list[str], more: str) -> None:
    assert problems_of(config_with(faults, more)) == sorted(FAULTS[fault] for fault in faults)


def test_all_known_faults_are_reported_together() -> None:
    assert problems_of(config_with(list(FAULTS), "")) == sorted(FAULTS.values())


def test_bad_limit_and_bad_age_hide_no_problem() -> None:
    reported = problems_of(
        keys(FAULTLESS)
        | keys(
            """
            ingest: 60GB/day
            replicas: {}
            replicationFactor: 2
            limits: {queryTimeout: 1x, maxQueryLength: 1d}
            collector: {maxAge: 1x, labelBudget: 3}
            """
        )
    )
    assert reported == [
        ("collector.indexLabels", "label-budget"),
        ("collector.maxAge", "wrong-value"),
        ("ingest", "ingest-above-mode"),
        ("limits.maxQueryLength", "query-length-below-retention"),
        ("limits.queryTimeout", "wrong-value"),
        ("replicationFactor", "replication-survives-no-lost-writer"),
    ]


@pytest.mark.parametrize(
    ("changes", "misread", "known_keys"),
    [
        pytest.param("ingest: 5GB/day", "deployment_mode", ["limits.ingestion_rate", "retention"], id="the mode"),
        pytest.param("ingest: 5GB/day", "retention", ["replicas", "caches", "resources", "limits"], id="the retention"),
        pytest.param("ingest: x", "ingest", ["retention", "limits.query_timeout", "collector"], id="the ingest"),
        pytest.param("retention: 5d", "deployment_mode", ["replicas", "caches", "limits", "size"], id="without ingest"),
    ],
)
def test_key_is_unknown_only_when_it_is_derived_from_a_misread_key(
    changes: str, misread: str, known_keys: list[str]
) -> None:
    unknown = unknown_keys(parse(keys(FAULTLESS) | {"replicas": {}} | keys(changes)).file, [misread])
    assert [key for key in known_keys if have_common_keys([key], unknown)] == []
    assert have_common_keys(["replicas"], unknown) is ("replicas" not in known_keys and "ingest" in changes)


def test_burst_is_unknown_when_its_rate_is_misread() -> None:
    parsed = parse(keys(FAULTLESS) | keys("ingest: 5GB/day\nlimits: {ingestionRate: x}"))
    assert parsed.misread == {"limits.ingestion_rate"}
    unknown = unknown_keys(parsed.file, parsed.misread)
    assert have_common_keys(["limits.ingestion_burst"], unknown)
    assert not have_common_keys(["limits.max_streams", "limits.query_timeout"], unknown)


@dataclass(frozen=True)
class Run:
    """A check with the arguments that the loader gives it."""

    name: str
    check: Check[...]
    more: Mapping[str, object]


def runs() -> list[Run]:
    dated = [each for topic in (checks.schema, checks.former, checks.ingest) for each in topic.DATED_CHECKS]
    plain = [
        Run(f"{topic.__name__}.{each.find.__name__}", each, {}) for topic in checks.TOPICS for each in topic.CHECKS
    ]
    plain += [Run(each.find.__name__, each, {"today": TODAY}) for each in dated]
    neighbours = {"Pulumi.other.yaml": {"kind": "embedded"}}
    return plain + [
        Run(each.find.__name__, each, {"neighbours": neighbours}) for each in checks.object_store.NEIGHBOUR_CHECKS
    ]


def settings_with(changes: str) -> Settings:
    return Settings.model_validate(parse(keys(FAULTLESS) | keys(changes)).file)


def test_check_reads_only_the_keys_that_it_declares() -> None:
    trees = [settings_with(changes) for _, changes, _ in MESSAGES] + [
        Settings.model_validate(each) for each in EXAMPLES.values()
    ]
    for tree in trees:
        recorded = noting(tree)
        for run in runs():
            NOTED.clear()
            list(run.check(recorded, **run.more))
            declared = tuple(f"{key}." for key in run.check.reads)
            assert [key for key in NOTED if not f"{key}.".startswith(declared)] == [], run.name


def test_check_declares_only_existing_keys() -> None:
    for run in runs():
        for key in run.check.reads:
            name, _, inner = key.partition(".")
            assert name in StackFile.model_fields, run.name
            assert not inner or inner.isidentifier(), run.name
