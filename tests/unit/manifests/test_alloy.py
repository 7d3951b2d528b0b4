"""config.alloy: its syntax, the labels of a pod, and delivery."""

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
from logstack.settings.model.collector import DEFAULT_INDEX_LABELS, CollectorSettings
from logstack.settings.model.sources import RESTARTS
from tests.support.generated import TEXTS

CLUSTER = ClusterSettings(name="production", context="production")
URL = "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push"
INTAKE = Intake(URL)
META = "__meta_kubernetes"


def blocks_with(**keys: object) -> list[Block]:
    collector = CollectorSettings.model_validate(keys)
    process = lines(collector, CLUSTER, INTAKE, node_sources(collector.sources))
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


def attributes_of(tree: Sequence[Block], name: str) -> Mapping[str, Value]:
    (block,) = find(tree, name)
    return block.attributes


# --- syntax


@given(TEXTS)
def test_quoted_literal_reads_back_as_the_same_text(text: str) -> None:
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
def test_literal_is_valid_alloy_syntax(value: Value, text: str) -> None:
    assert literal(value) == text


def test_document_has_the_layout_of_alloys_formatter() -> None:
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


def relabel(tree: Sequence[Block], target: Mapping[str, str]) -> dict[str, str] | None:
    """Relabel a target as Prometheus does; return None if the rules drop it."""
    labels = dict(target)
    (block,) = find(tree, "discovery.relabel")
    for rule in block.blocks:
        attributes = rule.attributes
        sources = attributes.get("source_labels", [])
        assert isinstance(sources, Sequence)
        joined = str(attributes.get("separator", ";")).join(labels.get(str(name), "") for name in sources)
        match = re.fullmatch(str(attributes.get("regex", "(.*)")), joined)
        if attributes.get("action") in ("drop", "keep"):
            if bool(match) == (attributes["action"] == "drop"):
                return None
        elif match:
            template = re.sub(r"\$(\d)", r"\\\1", str(attributes["replacement"]))
            labels[str(attributes["target_label"])] = match.expand(template)
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


def test_pod_gets_its_labels_from_its_metadata() -> None:
    assert relabel(blocks_with(), POD) == {
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
    "recommended label": ({}, "cart-service"),
    "label app": ({f"{META}_pod_label_app_kubernetes_io_name": ""}, "old-name"),
    "container name": ({f"{META}_pod_label_app_kubernetes_io_name": "", f"{META}_pod_label_app": ""}, "cart"),
}


@pytest.mark.parametrize(("without", "app"), APPS.values(), ids=APPS)
def test_app_label_is_the_first_name_that_the_pod_has(without: dict[str, str], app: str) -> None:
    labels = relabel(blocks_with(), POD | without)
    assert labels is not None
    assert labels["app"] == app


def test_static_pod_path_contains_the_hash_of_its_manifest() -> None:
    labels = relabel(blocks_with(), POD | {f"{META}_pod_annotation_kubernetes_io_config_mirror": "c0ffee"})
    assert labels is not None
    assert labels["__path__"] == "/var/log/pods/*c0ffee/cart/*.log"


NAMESPACES = [("shop", True), ("shop-noise", False), ("noise", False), ("shop-noise-2", True)]


@pytest.mark.parametrize(("namespace", "is_collected"), NAMESPACES)
def test_pods_are_dropped_when_their_namespace_is_excluded(namespace: str, *, is_collected: bool) -> None:
    tree = blocks_with(namespaces={"never": ["shop-noise", "noise"]})
    assert (relabel(tree, POD | {f"{META}_namespace": namespace}) is not None) == is_collected


def test_discovery_watches_the_selected_namespaces_and_the_pods_of_its_own_node() -> None:
    settings = CollectorSettings.model_validate({"namespaces": {"only": ["shop", "bank"]}})
    tree = discovery(settings)
    assert attributes_of(tree, "namespaces") == {"names": ["shop", "bank"]}
    assert attributes_of(tree, "selectors") == {
        "role": "pod",
        "field": Expression('"spec.nodeName=" + sys.env("HOSTNAME")'),
    }
    assert not list(find(discovery(CollectorSettings()), "namespaces"))


LABELS: list[tuple[Sequence[str], list[str]]] = [
    (DEFAULT_INDEX_LABELS, ["component", "node", "unit"]),
    (
        ("cluster", "namespace", "stream"),
        ["pod", "container", "app", "component", "job", "container_runtime", "node", "unit"],
    ),
    ((*DEFAULT_INDEX_LABELS, "node", "component", "unit"), []),
]


@pytest.mark.parametrize(("index_labels", "metadata"), LABELS)
def test_known_labels_become_structured_metadata_when_they_are_not_index_labels(
    index_labels: Sequence[str], metadata: list[str]
) -> None:
    (process,) = (block for block in blocks_with(index_labels=index_labels) if block.label == "lines")
    values = [block.attributes["values"] for block in process.blocks if block.name == "stage.structured_metadata"]
    assert values == ([dict.fromkeys(metadata, "")] if metadata else [])
    assert attributes_of([process], "stage.label_keep") == {
        "values": [*(label for label in index_labels if label != "cluster"), RESTARTS]
    }


BY_NODE = {"journal": {"enabled": True}, "nodeFiles": [{"path": "/var/log/syslog", "job": "syslog"}]}


def test_node_is_an_index_label_of_the_journal_and_of_node_files_only() -> None:
    (process,) = (block for block in blocks_with(sources=BY_NODE) if block.label == "lines")
    by_node = [block for block in process.blocks if "node-files" in str(block.attributes.get("selector"))]
    assert [block.attributes["selector"] for block in by_node] == ['{logstack_source!~"journal|node-files"}']
    assert attributes_of(by_node, "stage.structured_metadata") == {"values": {"node": ""}}
    assert attributes_of([process], "stage.label_keep")["values"] == [
        *(label for label in DEFAULT_INDEX_LABELS if label != "cluster"),
        "node",
        RESTARTS,
    ]


@pytest.mark.parametrize(
    ("sources", "index_labels"),
    [({"journal": {"enabled": True}}, (*DEFAULT_INDEX_LABELS, "node")), ({"push": True}, DEFAULT_INDEX_LABELS)],
    ids=["node is an index label of all lines", "no source of many nodes"],
)
def test_node_is_treated_alike_for_all_sources_otherwise(
    sources: Mapping[str, object], index_labels: Sequence[str]
) -> None:
    (process,) = (block for block in blocks_with(sources=sources, index_labels=index_labels) if block.label == "lines")
    assert not [block for block in process.blocks if "!~" in str(block.attributes.get("selector", "")).split("}")[0]]
    assert attributes_of([process], "stage.label_keep")["values"] == [
        *(label for label in index_labels if label != "cluster"),
        RESTARTS,
    ]


def test_resource_attributes_become_index_labels_of_otlp_lines() -> None:
    tree = blocks_with(sources={"otlp": {"http": True, "indexLabels": ["cloud.region", "a/b-c.d"]}})
    (otlp,) = (block for block in tree if (block.name, block.label) == ("loki.process", "otlp"))
    expressions = attributes_of([otlp], "stage.json")["expressions"]
    assert isinstance(expressions, Mapping)
    assert expressions["cloud_region"] == 'resources."cloud.region"'
    assert expressions["a_b_c_d"] == 'resources."a/b-c.d"'
    assert attributes_of([otlp], "stage.labels") == {"values": dict.fromkeys(expressions, "")}
    (process,) = (block for block in tree if block.label == "lines")
    assert attributes_of([process], "stage.label_keep")["values"] == [
        *(label for label in DEFAULT_INDEX_LABELS if label != "cluster"),
        "cloud_region",
        "a_b_c_d",
        RESTARTS,
    ]
    # Of those that other senders set too, each is kept once.
    keys = {"sources": {"push": True, "otlp": {"http": True, "indexLabels": ["os"]}}, "index_labels": ["pod", "os"]}
    assert attributes_of(blocks_with(**keys), "stage.label_keep") == {"values": ["pod", "os", RESTARTS]}
    assert not [block for block in find([process], "stage.structured_metadata") if "cloud_region" in str(block)]


@pytest.mark.parametrize(
    ("index_labels", "external"), [(["cluster", "pod"], {"cluster": "production"}), (["pod"], None)]
)
def test_delivery_adds_the_cluster_label_when_it_is_an_index_label(
    index_labels: list[str], external: dict[str, str] | None
) -> None:
    assert attributes_of(blocks_with(index_labels=index_labels), "loki.write").get("external_labels") == external


BATCH_SIZES = [("1Mi", "1MiB"), ("512Ki", "512KiB"), ("1MB", "1000000B"), ("1.5Mi", "1536KiB")]


@pytest.mark.parametrize(("size", "alloy_size"), BATCH_SIZES)
def test_batch_size_is_in_units_that_alloy_reads(size: str, alloy_size: str) -> None:
    assert attributes_of(blocks_with(batch_size=size), "endpoint")["batch_size"] == alloy_size


def test_endpoint_has_the_retries_and_batch_limits_of_the_settings() -> None:
    tree = blocks_with(max_retries=50, max_backoff="10m", batch_wait="2s")
    assert attributes_of(tree, "endpoint") == {
        "url": URL,
        "batch_size": "1MiB",
        "batch_wait": "2s",
        "max_backoff_period": "10m",
        "max_backoff_retries": 50,
    }


def test_alloy_components_reference_existing_components_only() -> None:
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
