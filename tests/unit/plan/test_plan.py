"""`logstack plan` as text and as a JSON document."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from logstack.manifests.deployment import deployment
from logstack.manifests.requests import plan_sizes
from logstack.plan.collection import collection_section
from logstack.plan.command import plan_json
from logstack.plan.failures import plan_failures
from logstack.plan.model import SECTION_NAMES, Plan, plan
from logstack.plan.resources import resources
from logstack.plan.storage import plan_storage
from logstack.plan.text import full_text, summary_text
from logstack.settings.load.credentials import credentials
from logstack.settings.load.loader import Stack, load_stack_file
from logstack.settings.load.source import Source
from logstack.settings.model.sizes import SIZES, SizeName
from logstack.settings.problems import Problem
from logstack.settings.tree import Settings
from logstack.text.layout import terminal
from tests.support import golden
from tests.support.stacks import EXAMPLES, NAMES, ROOT, TODAY, changed, settings_of

GOLDEN = Path(__file__).parent / "golden"
WARNING = Problem("a-rule", "logstack:retention", "it is short", "little is kept", "make it longer", "warning", "x:3")
GIB = 1024**3
MIB = 1024**2


def stack_of(name: str) -> Stack:
    if name in EXAMPLES:
        settings = settings_of(name)
        return Stack(name, settings, problems=(), accepted=(), credentials=credentials(settings, Source()))
    return load_stack_file(name, ROOT, today=TODAY)


def text(whole: Plan, width: int = 100) -> str:
    return full_text(whole, terminal(width))


@pytest.mark.parametrize("name", NAMES)
def test_plan_text_equals_its_golden_file(name: str, request: pytest.FixtureRequest) -> None:
    golden.check(GOLDEN / f"plan-{name}.txt", text(plan(stack_of(name))), request)


@pytest.mark.parametrize("name", NAMES)
def test_plan_fits_one_screen(name: str, request: pytest.FixtureRequest) -> None:
    screen = summary_text(plan(stack_of(name)), terminal(110))
    lines = screen.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 110
    golden.check(GOLDEN / f"screen-{name}.txt", screen, request)


@pytest.mark.parametrize("name", NAMES)
def test_plan_fits_one_screen_with_many_warnings(name: str) -> None:
    problems = tuple(
        Problem(f"rule-{number}", f"logstack:key{number}", "what " * 30, "then " * 90, "fix " * 40, "warning", "x:3")
        for number in range(20)
    )
    stack = stack_of(name)
    screen = summary_text(plan(Stack(name, stack.settings, problems, problems, stack.credentials)), terminal(110))
    assert len(screen.splitlines()) <= 50
    assert max(map(len, screen.splitlines())) <= 110
    assert "rule-0: what what" in screen
    assert "18 more warnings: --section warnings\n" in screen


def test_first_screen_counts_what_it_has_no_room_for() -> None:
    rules = [{"selector": f'{{namespace="shop-{number}"}}', "period": "3d"} for number in range(20)]
    settings = Settings.model_validate({**EXAMPLES["distributed"], "retentionStreams": rules})
    whole_plan = plan(Stack("many", settings, (), (), "secret"))
    screen = summary_text(whole_plan, terminal(110))
    assert len(screen.splitlines()) <= 50
    assert "18 more rules: --section storage\n" in screen
    assert text(whole_plan).count("shop-") == 20


def test_plan_document_has_a_key_for_every_section() -> None:
    whole_plan = plan(stack_of("production"))
    document = json.loads(plan_json(whole_plan))
    assert list(document) == [section.key for section in whole_plan.values()]
    assert tuple(whole_plan) == SECTION_NAMES


def test_first_screen_names_every_section() -> None:
    screen = without_spaces(summary_text(plan(stack_of("staging")), terminal(110)))
    assert ",".join(SECTION_NAMES) in screen


@pytest.mark.parametrize("width", [30, 60, 79, 80, 100, 200])
def test_plan_loses_no_word_in_a_terminal_of_any_width(width: int) -> None:
    stack = stack_of("production")
    printed = text(plan(stack), width)
    assert max(map(len, printed.splitlines())) <= width
    assert "…" not in printed
    # Long words are folded where columns are narrow, so letters are looked for.
    losses = plan_failures(stack.settings).losses
    effects = [text for loss in losses for text in (loss.lost, loss.writes, loss.queries, loss.acknowledged_lines)]
    sentences = [plan_storage(stack).location, *effects]
    assert not {word for sentence in sentences for word in sentence.split() if word not in without_spaces(printed)}


def without_spaces(words: str) -> str:
    return re.sub(r"\s", "", words)


def test_plan_writes_no_colours_and_no_trailing_spaces_to_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    printed = full_text(plan(stack_of("staging")), terminal())
    assert "\x1b" not in printed
    assert not [line for line in printed.splitlines() if line != line.rstrip()]
    assert max(map(len, printed.splitlines())) <= 100


def test_plan_uses_no_colour_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in text(plan(stack_of("staging")))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", text(plan(stack_of("staging"))))


def test_plan_shows_warnings_with_their_location_and_fix() -> None:
    stack = stack_of("staging")
    printed = text(plan(Stack("staging", stack.settings, (WARNING,), (), "config")))
    block = ["Warning: a-rule", "  where  logstack:retention (x:3)", "  what   it is short", "  then   little is kept"]
    assert "\n".join([*block, "  fix    make it longer"]) in printed
    assert "No warnings" not in printed


@pytest.mark.parametrize("name", NAMES)
def test_resource_tree_equals_the_programs_declarations(name: str) -> None:
    listed = [
        (branch.type, branch.name, [(r.type, r.name) for r in branch.resources])
        for branch in resources(deployment(settings_of(name)))
    ]
    declared = [(p.type, p.name, [(c.type, c.name) for c in p.manifests]) for p in deployment(settings_of(name))]
    assert listed == declared


def test_plan_marks_protected_and_retained_resources() -> None:
    printed = text(plan(stack_of("aws")))
    assert "store-bucket  aws:s3/bucket:Bucket  (protected, retained)" in printed
    assert "cluster-namespace  kubernetes:core/v1:Namespace  (protected)" in text(plan(stack_of("monolithic")))


def test_plan_distinguishes_an_existing_namespace_from_its_own() -> None:
    assert "namespace  monitoring (existing, not managed by this stack)" in text(plan(stack_of("staging")))
    assert "namespace  logs (created and protected by this stack)" in text(plan(stack_of("monolithic")))


def test_plan_shows_no_version_for_a_chart_from_a_folder() -> None:
    keys = settings_of("staging").model_dump()
    settings = Settings.model_validate(
        keys | {"charts": {"loki": {"path": "charts/loki"}, "alloy": {"version": "1.2.3"}}}
    )
    printed = text(plan(Stack("staging", settings, (), (), "config")))
    assert "charts     loki from charts/loki\n" in printed
    assert "alloy 1.2.3 from https://grafana.github.io/helm-charts" in printed


@pytest.mark.parametrize(
    ("state", "store", "source"),
    [
        (
            "secret",
            {"credentials_secret": "loki-s3-secret"},
            "from the Secret loki-s3-secret (existing): AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        ("config", {}, "from the secrets of the Pulumi config, copied into the Secret loki-s3-credentials"),
        (
            "config-missing",
            {},
            (
                "missing; before `pulumi up`, run:\n"
                "pulumi config set --secret logstack:accessKeyId\n"
                "pulumi config set --secret logstack:secretAccessKey"
            ),
        ),
        ("none", {"kind": "filesystem"}, "none: a directory needs no key"),
    ],
)
def test_plan_shows_the_state_of_the_access_key(state: Any, store: Mapping[str, str], source: str) -> None:
    existing = {"kind": "s3-compatible", "endpoint": "http://10.0.40.10:9000", "bucket": "loki-production"}
    settings = changed(settings_of("production"), object_store=store if "kind" in store else {**existing, **store})
    assert plan_storage(Stack("production", settings, (), (), state)).credentials_source == source


def test_plan_shows_the_source_of_external_keys_and_claimed_buckets() -> None:
    external = plan_storage(Stack("ceph-ssd", settings_of("ceph-ssd"), (), (), "external-secret")).credentials_source
    assert external == (
        "External Secrets is expected to copy loki-ceph-ssd of the ClusterSecretStore onepassword into the Secret "
        "loki-s3-credentials"
    )
    claimed = plan_storage(Stack("ceph", settings_of("ceph"), (), (), "claim"))
    assert "Rook is expected to create it in the Secret loki-chunks-bucket" in claimed.credentials_source
    assert "the claim is protected and retained" in claimed.location


def test_plan_shows_a_role_instead_of_a_key_on_aws() -> None:
    assert plan_storage(stack_of("aws")).credentials_source == "none: the pods use an AWS role"


def test_plan_storage_follows_the_retention() -> None:
    settings = Settings.model_validate(settings_of("production").model_dump() | {"retention": "3d"})
    storage = plan_storage(Stack("short", settings, (), (), "secret"))
    assert storage.query_lookback.days == storage.refused_when_older.days == 3
    assert storage.deleted_within.total_seconds() == 2 * 3600 + 600
    # 3 days of 0.303 GB for each GB; three copies take 2.3 times as much at most.
    assert storage.space == "about 0.91 to 2.4 GB in the bucket for each GB of lines a day"


def test_plan_storage_of_a_volume_follows_the_measured_ratio() -> None:
    # 20Gi = 21.47 GB, of it 0.9; / 0.303 = 63.8 GB of lines; over 7 days 9.1 GB a day.
    assert plan_storage(stack_of("staging")).space == "20Gi holds the whole retention of about 9.1 GB of lines a day"


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        pytest.param(
            {"journal": {"enabled": True}, "nodeFiles": [{"path": "/var/log/syslog", "job": "syslog"}]},
            "job systemd-journal and syslog: node is an index label too, so Loki compares no line's time with those of "
            "other nodes; 2 streams or more a node, of 10,000 in all",
            id="two jobs",
        ),
        pytest.param({"push": True}, None, id="no source of many nodes"),
    ],
)
def test_plan_names_the_jobs_whose_streams_belong_to_one_node(keys: Mapping[str, object], row: str | None) -> None:
    settings = changed(settings_of("monolithic"), collector={"sources": keys})
    section = collection_section(Stack("by-node", settings, (), (), "secret"))
    assert dict(section.facts).get("node streams") == row


def test_plan_names_the_resource_attributes_that_become_index_labels() -> None:
    otlp = {"http": True, "indexLabels": ["cloud.region", "severity"]}
    settings = changed(settings_of("monolithic"), collector={"sources": {"otlp": otlp}})
    section = collection_section(Stack("attributes", settings, (), (), "secret"))
    assert dict(section.facts)["labels of otlp"] == "cloud_region and severity as well"


def test_plan_sizes_total_equals_the_size_table() -> None:
    settings = Settings.model_validate(
        {"cluster": {"name": "a", "context": "a"}, "objectStore": {"kind": "embedded", "size": "20Gi"}, "size": "small"}
    )
    small = SIZES[SizeName.SMALL]
    assert (small["write"].cpu, small["read"].cpu, small["backend"].cpu) == (500, 500, 250)
    sizes = plan_sizes(settings)
    # 3 x (500 + 500 + 250) + 2 gateways of 50 + the store's 100; each node: Alloy 100, its reloader 10, the canary 10.
    assert (sizes.total.cpu_millicores, sizes.total_with_nodes.cpu_millicores) == (3950, 3950 + 3 * 120)
    # 9 x 1Gi + 2 x 128Mi + 512Mi; each node: 384 + 50 + 64 Mi.
    assert sizes.total.memory_bytes == 9 * GIB + 768 * MIB
    assert sizes.total_with_nodes.memory_bytes == 9 * GIB + 768 * MIB + 3 * 498 * MIB
    # 3 writers and 3 backends of 10Gi, and the store's 20Gi.
    assert sizes.total.disk_bytes == sizes.total_with_nodes.disk_bytes == 80 * GIB
    assert (sizes.nodes_needed, sizes.nodes_assumed) == (3, 3)


def test_cache_container_requests_a_fifth_more_than_its_cache() -> None:
    keys = settings_of("staging").model_dump() | {"caches": {"chunks": "8Gi", "results": "1Gi"}}
    workloads = {each.name: each for each in plan_sizes(Settings.model_validate(keys)).workloads}
    # The chart's own defaults of 8192 and 1024 MB ask for 9830Mi and 1228Mi.
    assert (workloads["chunks-cache"].memory_bytes, workloads["results-cache"].memory_bytes) == (9830 * MIB, 1228 * MIB)
    assert workloads["chunks-cache"].cpu_millicores == 500


def test_plan_sizes_need_a_node_for_each_replica_unless_the_cluster_has_one() -> None:
    keys = settings_of("staging").model_dump() | {"replicas": {"write": 5}}
    sizes = plan_sizes(Settings.model_validate(keys))
    assert (sizes.nodes_needed, sizes.nodes_assumed) == (5, 5)
    single = plan_sizes(Settings.model_validate(keys | {"cluster": {"name": "a", "context": "a", "singleNode": True}}))
    assert (single.nodes_needed, single.nodes_assumed) == (1, 1)


@pytest.mark.parametrize("name", ["production", "staging"])
def test_plan_document_keys_equal_the_golden_file(name: str, request: pytest.FixtureRequest) -> None:
    document = json.loads(plan_json(plan(stack_of(name))))
    keys = "\n".join(dict.fromkeys(sorted(key_paths(document)))) + "\n"
    golden.check(GOLDEN / "plan-keys.txt", keys, request)


def key_paths(value: object, path: str = "") -> Iterator[str]:
    """`sizes.parts[].part: str`."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from key_paths(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from key_paths(item, f"{path}[]")
    else:
        yield f"{path}: {type(value).__name__}"


def test_plan_document_has_durations_in_seconds_and_sizes_in_bytes() -> None:
    document = json.loads(plan_json(plan(stack_of("production"))))
    assert document["kept"]["retentionSeconds"] == 30 * 86400
    assert document["failureBudget"]["outage"]["atLeastSeconds"] == 5375.5
    write = document["sizes"]["parts"][0]
    assert write == {
        "part": "write",
        "replicas": 3,
        "cpuMillicores": 1000,
        "memoryBytes": 2 * GIB,
        "diskBytes": 20 * GIB,
    }
