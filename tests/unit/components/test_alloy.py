"""config.alloy: its syntax, and what becomes of a pod's lines."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given

from logstack.manifests.alloy.config import node_config
from logstack.manifests.alloy.delivery import delivery
from logstack.manifests.alloy.environment import Environment
from logstack.manifests.alloy.lines import lines
from logstack.manifests.alloy.sources.catalog import node_sources, source_blocks
from logstack.manifests.alloy.sources.pods import discovery
from logstack.manifests.alloy.syntax import Block, Expression, Value, document, literal, quoted
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import SEED_LABELS, CollectorSettings
from tests.support.generated import TEXTS

CLUSTER = ClusterSettings(name="production", context="production")
URL = "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push"
INTAKE = Intake(URL)
META = "__meta_kubernetes"


def blocks(**said: object) -> list[Block]:
    collector = CollectorSettings.model_validate(said)
    process = lines(collector, CLUSTER, INTAKE, [])
    return [
        *source_blocks(node_sources(collector.sources), collector, Environment(), INTAKE),
        process,
        delivery(collector, CLUSTER, INTAKE),
    ]


def find(tree: Sequence[Block], name: str) -> Iterator[Block]:
    for block in tree:
        if block.name == name:
            yield block
        yield from find(block.blocks, name)


def the(tree: Sequence[Block], name: str) -> Mapping[str, Value]:
    (block,) = find(tree, name)
    return block.attributes


# --- syntax


@given(TEXTS)
def test_a_string_literal_reads_back_as_the_text(text: str) -> None:
    # Python's escapes are Go's for all that quoted() writes; tests/real asks Alloy's own parser.
    assert ast.literal_eval(quoted(text)) == text
    assert quoted(text).isprintable()


LITERALS: list[tuple[Value, str]] = [
    ('a "quoted" \\ path', r'"a \"quoted\" \\ path"'),
    ("two\nlines\tand\ra", r'"two\nlines\tand\ra"'),
    ("\x00\x7f\u2028\U0001f600", '"\\u0000\\u007f\\u2028\U0001f600"'),
    ("\U000e0001", '"\\U000e0001"'),
    (True, "true"),
    (False, "false"),
    (30, "30"),
    (Expression("loki.write.default.receiver"), "loki.write.default.receiver"),
    (["a", Expression("b.c")], '["a", b.c]'),
    ([], "[]"),
    ({"cluster": "production", "x y": ""}, '{"cluster" = "production", "x y" = ""}'),
    ({}, "{}"),
]


@pytest.mark.parametrize(("value", "text"), LITERALS)
def test_a_value_is_written_as_alloy_reads_it(value: Value, text: str) -> None:
    assert literal(value) == text


def test_blocks_are_laid_out_as_alloys_formatter_leaves_them() -> None:
    tree = [
        Block(
            "a.b", "label", {"x": 1, "longer": 2}, (Block("c"), Block("d", attributes={"y": True})), comment="Why.\nSo."
        ),
        Block("e", blocks=(Block("f"),)),
    ]
    assert document(tree).splitlines() == [
        "// Why.",
        "// So.",
        'a.b "label" {',
        "\tx      = 1",
        "\tlonger = 2",
        "",
        "\tc { }",
        "",
        "\td {",
        "\t\ty = true",
        "\t}",
        "}",
        "",
        "e {",
        "\tf { }",
        "}",
    ]


# --- labels


def relabelled(tree: Sequence[Block], target: Mapping[str, str]) -> dict[str, str] | None:
    """What Prometheus' relabelling makes of a target; None when it drops it."""
    labels = dict(target)
    (relabel,) = find(tree, "discovery.relabel")
    for rule in relabel.blocks:
        said = rule.attributes
        sources = said.get("source_labels", [])
        assert isinstance(sources, Sequence)
        joined = str(said.get("separator", ";")).join(labels.get(str(name), "") for name in sources)
        match = re.fullmatch(str(said.get("regex", "(.*)")), joined)
        if said.get("action") in ("drop", "keep"):
            if bool(match) == (said["action"] == "drop"):
                return None
        elif match:
            template = re.sub(r"\$(\d)", r"\\\1", str(said["replacement"]))
            labels[str(said["target_label"])] = match.expand(template)
    return {name: value for name, value in labels.items() if not name.startswith("__meta_")}


POD = {
    f"{META}_namespace": "shop",
    f"{META}_pod_name": "cart-7d9-x",
    f"{META}_pod_uid": "0a1b",
    f"{META}_pod_node_name": "node-1",
    f"{META}_pod_container_name": "cart",
    f"{META}_pod_container_id": "containerd://8f00",
    f"{META}_pod_label_app_kubernetes_io_name": "cart-service",
    f"{META}_pod_label_app": "old-name",
}


def test_a_pod_gets_the_labels_that_its_metadata_says() -> None:
    assert relabelled(blocks(), POD) == {
        "namespace": "shop",
        "pod": "cart-7d9-x",
        "container": "cart",
        "app": "cart-service",
        "job": "shop/cart",
        "container_runtime": "containerd",
        "node": "node-1",
        "logstack_source": "pods",
        "__path__": "/var/log/pods/*0a1b/cart/*.log",
    }


APPS = {
    "the recommended label goes first": ({}, "cart-service"),
    "else the label app": ({f"{META}_pod_label_app_kubernetes_io_name": ""}, "old-name"),
    "else the container": ({f"{META}_pod_label_app_kubernetes_io_name": "", f"{META}_pod_label_app": ""}, "cart"),
}


@pytest.mark.parametrize(("without", "app"), APPS.values(), ids=APPS)
def test_an_application_has_the_first_name_that_is_there(without: dict[str, str], app: str) -> None:
    labels = relabelled(blocks(), POD | without)
    assert labels is not None
    assert labels["app"] == app


def test_a_static_pods_files_are_found_by_the_hash_of_its_manifest() -> None:
    labels = relabelled(blocks(), POD | {f"{META}_pod_annotation_kubernetes_io_config_mirror": "c0ffee"})
    assert labels is not None
    assert labels["__path__"] == "/var/log/pods/*c0ffee/cart/*.log"


NAMESPACES = [("shop", True), ("shop-noise", False), ("noise", False), ("shop-noise-2", True)]


@pytest.mark.parametrize(("namespace", "is_collected"), NAMESPACES)
def test_pods_of_a_namespace_that_is_left_out_are_dropped(namespace: str, *, is_collected: bool) -> None:
    tree = blocks(namespaces={"never": ["shop-noise", "noise"]})
    assert (relabelled(tree, POD | {f"{META}_namespace": namespace}) is not None) == is_collected


def test_only_the_named_namespaces_are_watched_and_only_this_nodes_pods() -> None:
    said = CollectorSettings.model_validate({"namespaces": {"only": ["shop", "bank"]}})
    tree = discovery(said)
    assert the(tree, "namespaces") == {"names": ["shop", "bank"]}
    assert the(tree, "selectors") == {"role": "pod", "field": Expression('"spec.nodeName=" + sys.env("HOSTNAME")')}
    assert not list(find(discovery(CollectorSettings()), "namespaces"))


LABELS: list[tuple[Sequence[str], list[str]]] = [
    (SEED_LABELS, ["component", "node", "unit"]),
    (
        ("cluster", "namespace", "stream"),
        ["pod", "container", "app", "component", "job", "container_runtime", "node", "unit"],
    ),
    ((*SEED_LABELS, "node", "component", "unit"), []),
]


@pytest.mark.parametrize(("index_labels", "metadata"), LABELS)
def test_what_makes_no_stream_is_structured_metadata(index_labels: Sequence[str], metadata: list[str]) -> None:
    (process,) = (block for block in blocks(index_labels=index_labels) if block.label == "lines")
    found = [block.attributes["values"] for block in process.blocks if block.name == "stage.structured_metadata"]
    assert found == ([dict.fromkeys(metadata, "")] if metadata else [])
    assert the([process], "stage.label_keep") == {"values": [label for label in index_labels if label != "cluster"]}


@pytest.mark.parametrize(
    ("index_labels", "external"), [(["cluster", "pod"], {"cluster": "production"}), (["pod"], None)]
)
def test_the_clusters_name_is_put_on_every_line_where_it_is_a_label(
    index_labels: list[str], external: dict[str, str] | None
) -> None:
    assert the(blocks(index_labels=index_labels), "loki.write").get("external_labels") == external


SIZES_SAID = [("1Mi", "1MiB"), ("512Ki", "512KiB"), ("1MB", "1000000B"), ("1.5Mi", "1536KiB")]


@pytest.mark.parametrize(("said", "written"), SIZES_SAID)
def test_a_batch_has_a_size_that_alloy_reads(said: str, written: str) -> None:
    assert the(blocks(batch_size=said), "endpoint")["batch_size"] == written


def test_the_endpoint_gives_up_when_the_settings_say_so() -> None:
    tree = blocks(max_retries=50, max_backoff="10m", batch_wait="2s")
    assert the(tree, "endpoint") == {
        "url": URL,
        "batch_size": "1MiB",
        "batch_wait": "2s",
        "max_backoff_period": "10m",
        "max_backoff_retries": 50,
    }


def test_every_component_sends_to_one_that_is_there() -> None:
    text = node_config(CollectorSettings(), CLUSTER, INTAKE)
    components = set(re.findall(r'^([a-z_.]+) "([a-z]+)" {$', text, re.MULTILINE))
    references = re.findall(r"\b((?:discovery|local|loki)\.[a-z_.]+)\.([a-z]+)\.(?:targets|output|receiver)\b", text)
    assert set(references) == {
        ("discovery.kubernetes", "pods"),
        ("discovery.relabel", "pods"),
        ("local.file_match", "pods"),
        ("loki.process", "pods"),
        ("loki.process", "lines"),
        ("loki.write", "default"),
    }
    assert set(references) <= components
