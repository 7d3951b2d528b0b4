"""The blocks that process a line; tests/real sends lines through the real Alloy."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from logstack.manifests.alloy.config import node_config
from logstack.manifests.alloy.delivery import delivery
from logstack.manifests.alloy.labels import pattern_of, selector
from logstack.manifests.alloy.lines import CUT, lines
from logstack.manifests.alloy.syntax import Block
from logstack.manifests.loki.intake import Intake
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.tenants import Tenant

CLUSTER = ClusterSettings(name="production", context="production")
INTAKE = Intake("http://loki/loki/api/v1/push", 4096)


def process_with(intake: Intake = INTAKE, **keys: object) -> Block:
    return lines(CollectorSettings.model_validate(keys), CLUSTER, intake, [])


def find(blocks: Sequence[Block], name: str) -> Iterator[Block]:
    for block in blocks:
        if block.name == name:
            yield block
        yield from find(block.blocks, name)


def selectors(block: Block) -> list[str]:
    return [str(match.attributes["selector"]) for match in find([block], "stage.match")]


# --- order of stages


def test_line_is_redacted_before_it_is_truncated_parsed_or_dropped() -> None:
    parser = {"multiline": {"firstLine": "^Order"}}  # a language joins by stage.replace, as redaction does
    stages = list(process_with(parsers=[parser]).blocks)

    def first(name: str) -> int:
        return next(index for index, stage in enumerate(stages) if list(find([stage], name)))

    def last(name: str) -> int:
        return max(index for index, stage in enumerate(stages) if list(find([stage], name)))

    order = [first("stage.multiline"), last("stage.replace")]
    order += [first(name) for name in ("stage.truncate", "stage.json", "stage.drop", "stage.label_keep")]
    assert order == sorted(set(order))


def test_every_source_sends_to_the_same_process_block() -> None:
    keys = {
        "sources": {
            "journal": {"enabled": True},
            "nodeFiles": [{"path": "/var/log/syslog", "job": "syslog"}],
            "otlp": {"grpc": True, "http": True},
            "push": True,
        }
    }
    text = node_config(CollectorSettings.model_validate(keys), CLUSTER, INTAKE)
    receivers = re.findall(r"forward_to\s+= \[([^\]]*)\]", text)
    writers = [receiver for receiver in receivers if receiver == "loki.write.default.receiver"]
    assert len(writers) == 1
    # From pods, journal, node files, OTLP and the push API; the empty one is of the journal's relabel rules.
    assert receivers.count("loki.process.lines.receiver") == 5
    assert receivers.count("") == 1


def test_each_block_has_a_comment_that_names_its_setting() -> None:
    keys = {
        "parsers": [{"match": {"app": "a"}, "format": "json", "multiline": {"language": "java"}}],
        "drop": [{"name": "health", "pattern": "GET /health"}],
        "rateLimits": [{"rate": 1, "burst": 1}, {"namespace": "shop", "rate": 1, "burst": 1}],
    }
    tree = process_with(Intake("http://loki", 4096, (Tenant(name="team-a", namespaces=("shop",)),)), **keys)
    assert not [block for block in tree.blocks if not block.comment]


# --- selectors


SELECTORS = [
    ({}, '{logstack_source=~".+"}'),
    ({"app": "cart"}, '{app="cart"}'),
    ({"app": "cart-*", "namespace": "shop"}, '{app=~"cart-.*", namespace="shop"}'),
    ({"app": "a.b*"}, r'{app=~"a\\.b.*"}'),
    ({"app": 'say "hi"'}, r'{app="say \"hi\""}'),
]


@pytest.mark.parametrize(("match", "expected"), SELECTORS)
def test_match_becomes_a_selector(match: dict[str, str], expected: str) -> None:
    assert selector(match) == expected


@pytest.mark.parametrize("text", ["a.b", "(x)|[y]{2}", "^a$", "\\d+?", "plain-name_1/x"])
def test_pattern_of_a_text_matches_that_text_only(text: str) -> None:
    assert re.fullmatch(pattern_of(text), text)
    assert not re.fullmatch(pattern_of(text), f"{text}x")


# --- formats


PARSERS: list[tuple[dict[str, Any], str]] = [
    ({"match": {"app": "a"}, "format": "json"}, "json"),
    ({"match": {"app": "a"}, "format": "json", "fields": {"trace_id": "trace.id"}}, "parser-1"),
    ({"match": {"app": "a"}, "pattern": r"^(?P<ip>\S+)"}, "parser-1"),
]


@pytest.mark.parametrize(("parser", "chosen"), PARSERS)
def test_parser_is_chosen_for_lines_without_a_format(parser: dict[str, Any], chosen: str) -> None:
    (block,) = (block for block in process_with(parsers=[parser]).blocks if block.comment == "collector.parsers")
    assert block.attributes["selector"] == '{app="a", logstack_format=""}'
    assert block.blocks[0].attributes == {"values": {"logstack_format": chosen}}


def test_timestamp_stage_keeps_the_time_of_the_runtime_when_parsing_fails() -> None:
    parser = {"match": {"app": "a"}, "format": "json", "timestamp": {"field": "ts", "timeZone": "Europe/Berlin"}}
    (stage,) = find([process_with(parsers=[parser])], "stage.timestamp")
    assert stage.attributes == {
        "source": "logstack_time",
        "format": "RFC3339Nano",
        "location": "Europe/Berlin",
        "action_on_failure": "skip",
    }


# --- rules


DROPS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"name": "health", "match": {"app": "a"}, "pattern": 'GET "/h"'},
        {"selector": r'{app="a"} |~ "GET \"/h\""', "action": "drop", "drop_counter_reason": "health"},
    ),
    (
        {"name": "noise", "match": {"app": "a"}},
        {"selector": '{app="a"}', "action": "drop", "drop_counter_reason": "noise"},
    ),
]


@pytest.mark.parametrize(("rule", "attributes"), DROPS)
def test_drop_rule_counts_dropped_lines_under_its_name(rule: dict[str, Any], attributes: dict[str, Any]) -> None:
    (block,) = (block for block in process_with(drop=[rule]).blocks if block.comment == "collector.drop")
    assert dict(block.attributes) == attributes


def test_drop_rule_samples_lines_and_counts_those_that_it_drops() -> None:
    (stage,) = find([process_with(drop=[{"name": "some", "match": {"app": "a"}, "keep": 0.1}])], "stage.sampling")
    assert stage.attributes == {"rate": 0.1, "drop_counter_reason": "some"}


def test_default_rate_limit_excludes_namespaces_with_their_own_limit() -> None:
    limits = [{"rate": 10, "burst": 20}, {"namespace": "shop", "rate": 1, "burst": 2}]
    tree = process_with(rateLimits=limits)
    assert [selector for selector in selectors(tree) if "shop" in selector] == [
        '{namespace="shop"}',
        '{namespace=~".+", namespace!~"shop"}',
    ]
    assert [stage.attributes["rate"] for stage in find([tree], "stage.limit")] == [1, 10]


def test_long_line_is_truncated_or_dropped_at_the_line_size_limit_of_loki() -> None:
    assert {"limit": "4KiB", "suffix": CUT} in [rule.attributes for rule in find([process_with()], "rule")]
    dropped = [stage.attributes for stage in process_with(longLines="drop").blocks if stage.name == "stage.drop"]
    assert {"longer_than": "4KiB", "drop_counter_reason": "line_too_long"} in dropped


# --- tenants and delivery


def test_lines_get_the_tenant_of_their_namespace() -> None:
    intake = Intake("http://loki", 4096, (Tenant(name="team-a", namespaces=("shop", "bank")),))
    tree = process_with(intake)
    assert '{namespace=~"shop|bank"}' in selectors(tree)
    (keep,) = find([tree], "stage.label_keep")
    values = keep.attributes["values"]
    assert isinstance(values, list)
    assert values[-1] == "__tenant_id__"
    assert delivery(CollectorSettings(), CLUSTER, intake).blocks[0].attributes["tenant_id"] == "fake"


def test_push_has_no_tenant_id_when_the_stack_has_no_tenants() -> None:
    assert "tenant_id" not in delivery(CollectorSettings(), CLUSTER, INTAKE).blocks[0].attributes


def test_write_ahead_log_lasts_longer_than_all_retries_of_a_batch() -> None:
    settings = CollectorSettings.model_validate({"writeAheadLog": True, "maxRetries": 20, "maxBackoff": "6m"})
    (log,) = find([delivery(settings, CLUSTER, INTAKE)], "wal")
    assert log.attributes == {"enabled": True, "max_segment_age": "2h"}
    assert not list(find([delivery(CollectorSettings(), CLUSTER, INTAKE)], "wal"))
