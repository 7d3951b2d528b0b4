"""Ranges: a value outside is refused at its own key with the bound, a value on the bound is accepted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logstack.settings.load.loader import load_stack_file, settings_from
from logstack.settings.load.source import Source, from_engine, from_file
from logstack.settings.load.stack_file import read_yaml
from logstack.settings.load.translation import SCALARS, child, entry, keys, resolved, schema, typed, variants
from logstack.settings.model import bounds
from logstack.settings.model.bounds import RANGES
from logstack.settings.model.ranges import CountRange, CpuRange, DurationRange, Range, ShareRange, SizeRange
from logstack.settings.problems import Problem, StackProblems
from tests.unit.settings.stacks import FAULTLESS, NOWHERE, TODAY, messages_for, stack
from tests.unit.settings.stacks import keys as stack_keys

# Keys that a group requires beside the tested one, by the name of the group.
REQUIRED_SIBLINGS: dict[str, dict[str, Any]] = {
    "resources": {"cpu": "500m", "memory": "512Mi"},
    "rateLimits": {"rate": 5, "burst": 5},
    "drop": {"name": "a", "pattern": "b"},
    "retentionStreams": {"selector": '{namespace="a"}', "period": "7d"},
    "tenants": {"name": "a", "namespaces": ["b"]},
    "parsers": {"format": "json"},
}
# Zero is the only value below these bounds: the range accepts it, and a check of its own reports it.
ZERO_HAS_A_RULE = {"collector.parsers[].multiline.maxWait"}
SCALE = {"s": 1, "d": 86400}


def ranged_keys() -> Iterator[tuple[str, str, Range]]:
    """Yield every path of a stack file that has a range, with the kind of its group."""
    for path, kind in keys():
        node = _node_of(path)
        if "range" in node:
            yield path, kind, RANGES[node["range"]["of"]]


def _node_of(path: str) -> dict[str, Any]:
    node: dict[str, Any] = schema()
    for piece in path.split("."):
        name = piece.removesuffix("[]")
        groups = [group for group in variants(node).values() if name in child(group, "properties")] or [node]
        node = resolved(child(child(groups[0], "properties"), name))
        node = entry(node) if piece.endswith("[]") else node
    return node


RANGED_KEYS = list(ranged_keys())


def config_with(path: str, kind: str, value: object) -> dict[str, Any]:
    """Return the faultless stack with one value at a path, and the keys that its groups require."""
    config: dict[str, Any] = dict(stack_keys(FAULTLESS))
    names = path.split(".")
    tree: Any = value
    for depth in range(len(names) - 1, 0, -1):
        group = names[depth - 1].removesuffix("[]")
        needed = REQUIRED_SIBLINGS.get("resources" if depth > 1 and names[0] == "resources" else group, {})
        tree = {**needed, names[depth].removesuffix("[]"): tree}
        tree = [tree] if names[depth - 1].endswith("[]") else tree
    top = names[0].removesuffix("[]")
    external = {"secretStore": {"name": "a"}, "remoteKey": "b"}
    if top == "objectStore":
        base = {"kind": kind, "bucket": "loki-test"} | ({} if kind == "embedded" else config["objectStore"])
        tree = base | ({"externalSecret": external | tree["externalSecret"]} if "externalSecret" in tree else tree)
        tree.pop("credentialsSecret", None) if "externalSecret" in tree else None
    if top == "formerObjectStore":
        store = {"kind": "embedded", "credentialsSecret": "a"} | tree["store"]
        if kind == "s3-compatible" or "externalSecret" in store:
            store = config["objectStore"] | tree["store"]
            store |= {"externalSecret": external | tree["store"]["externalSecret"]} if "externalSecret" in store else {}
        tree = {"before": "2024-05-01", "store": store}
    if top == "cluster":
        tree = config["cluster"] | tree
    return config | {top: tree}


def errors_at(path: str, kind: str, value: object) -> list[Problem]:
    """Return the errors of a stack with one value, without those about other keys, such as a group of another mode."""
    source = Source(config_with(path, kind, value))
    try:
        settings_from(source, "test", NOWHERE, today=TODAY)
    except StackProblems as problems:
        here = f"logstack:{path.replace('[]', '[0]')}"
        errors = [problem for problem in problems.problems if problem.severity == "error"]
        return [each for each in errors if each.name == "wrong-value" or each.path == here]
    return []


def absurd_values(range_: Range) -> tuple[list[object], list[object]]:
    """Return values far below and far above a range, as a stack file has them."""
    if isinstance(range_, CountRange):
        return [-1, -(10**30)], [10**9, 10**20, 10**300]
    if isinstance(range_, ShareRange):
        return [-1, -1e300], [1, 50, 10**300, float("inf")]
    if isinstance(range_, DurationRange):
        low: list[object] = ["0s"] if not range_.or_nothing else ["1s"] if range_.least != "1s" else []
        return low, ["1000000d", "9" * 30 + "d"]
    if isinstance(range_, SizeRange):
        return ["0B", "1B"], ["99999Ti", "9" * 300 + "Ti"]
    if isinstance(range_, CpuRange):
        return [0, "0m"], [2000, "99999999m", 10**20]
    return ["0GB/day"], ["9999999999GB/second"]


@pytest.mark.parametrize(
    ("path", "kind", "range_"), RANGED_KEYS, ids=[f"{path} {kind}".strip() for path, kind, _ in RANGED_KEYS]
)
def test_key_refuses_an_absurd_value_and_names_the_bound(path: str, kind: str, range_: Range) -> None:
    small, large = absurd_values(range_)
    assert small or path in ZERO_HAS_A_RULE
    for values, bound in ((small, range_.least), (large, range_.most)):
        for value in values:
            (problem,) = errors_at(path, kind, value)
            assert problem.path == f"logstack:{path.replace('[]', '[0]')}"
            assert problem.name == "wrong-value"
            assert re.search(rf"(at least|at most|below) {re.escape(bound)}\b", problem.what), problem.what
            assert problem.consequence == range_.reason
            assert re.fullmatch(r"(logstack:)?[a-zA-Z]+: \S+", problem.fix)


@pytest.mark.parametrize(
    ("path", "kind", "range_"), RANGED_KEYS, ids=[f"{path} {kind}".strip() for path, kind, _ in RANGED_KEYS]
)
def test_key_accepts_its_bounds_and_the_values_that_messages_suggest(path: str, kind: str, range_: Range) -> None:
    fits = [range_.least] if isinstance(range_, ShareRange) else [range_.least, range_.most]
    small, large = absurd_values(range_)
    refused = [problem for value in (*small[:1], large[0]) for problem in errors_at(path, kind, value)]
    fits += [problem.fix.partition(": ")[2] for problem in refused]
    for text in fits:
        value = json.loads(text) if isinstance(range_, CountRange | ShareRange) else text
        assert not [each for each in errors_at(path, kind, value) if each.name == "wrong-value"], text


def test_schema_has_a_range_for_every_number_and_quantity() -> None:
    paths = {path for path, _, _ in RANGED_KEYS}
    for path, _ in keys():
        node = _node_of(path)
        assert path in paths or node.get("type") not in ("integer", "number"), path
        assert node.get("format") != "quantity" or "range" in node, path
    assert len(paths) > 80


def test_ranges_have_unique_names_and_reasons_and_are_used() -> None:
    declared = [each for name in vars(bounds) for each in getattr(getattr(bounds, name), "__metadata__", ())]
    assert len(RANGES) == len([each for each in declared if isinstance(each, Range)])
    assert {range_.of for _, _, range_ in RANGED_KEYS} == set(RANGES)
    assert all(each.reason and not each.reason.endswith(".") for each in RANGES.values())


def text_paths() -> Iterator[str]:
    """Yield the path of every key that accepts any text."""
    for path, _ in keys():
        node = _node_of(path)
        if node.get("type") == "string" and not node.get("enum") and "const" not in node and "format" not in node:
            yield path


@pytest.mark.parametrize("path", list(text_paths()))
def test_text_key_has_a_maximum_length(path: str) -> None:
    node = _node_of(path)
    assert "maxLength" in node or re.search(r"\{(\d,)?\d+\}", str(node.get("pattern"))), path


@pytest.mark.parametrize(
    ("key", "value", "what", "fix"),
    [
        ("retention", "3650d", "", ""),
        ("retention", "87601h", "retention is too long: 87601h (at most 3650d)", "logstack:retention: 30d"),
        ("retention", "59m", "retention is too short: 59m (at least 1h)", "logstack:retention: 30d"),
        ("walReplayCeiling", "1Mi", "", ""),
        (
            "walReplayCeiling",
            "1023Ki",
            '"1023Ki" is too small for walReplayCeiling: at least 1Mi',
            "logstack:walReplayCeiling: 1Mi",
        ),
        (
            "walReplayCeiling",
            "5Ti",
            '"5Ti" is too large for walReplayCeiling: at most 4Ti',
            "logstack:walReplayCeiling: 4Ti",
        ),
        ("walReplayCeiling", "1073741824", '"1073741824" has no unit: ', "logstack:walReplayCeiling: 1Gi"),
        ("walReplayCeiling", 512, '"512" has no unit: ', "logstack:walReplayCeiling: 512Gi"),
        (
            "replicationFactor",
            16,
            '"16" is too large for replicationFactor: at most 15',
            "logstack:replicationFactor: 3",
        ),
    ],
)
def test_key_refuses_a_value_just_outside_its_bound(key: str, value: object, what: str, fix: str) -> None:
    errors = errors_at(key, "", value)
    assert [problem.what[: len(what)] for problem in errors] == ([what] if what else [])
    assert [problem.fix for problem in errors] == ([fix] if fix else [])


BOOLEANS = ["yes", "no", "on", "off", "true", "True", "y", 1, 0, 1.0, "", [], {}]


@pytest.mark.parametrize("value", BOOLEANS)
def test_boolean_key_accepts_only_true_and_false(value: object) -> None:
    (problem,) = errors_at("collector.sources.events", "", value)
    assert re.fullmatch(
        r'(invalid value ".*": |invalid value ".*" \(text\): )?events must be true or false', problem.what
    )
    assert problem.fix in ("events: true", "events: false")


@pytest.mark.parametrize(
    "value", ["3", "", " 3", "three", "1_0", "٣", 3.5, float("inf"), float("nan"), True, None, [3]]
)
def test_integer_key_refuses_texts_booleans_and_fractions(value: object) -> None:
    (problem,) = errors_at("gateway.replicas", "", value)
    beginning = r'(invalid value ".*": |invalid value ".*" \(text\): )?replicas|replicas has no value: it'
    assert re.fullmatch(f"({beginning}) must be a whole number from 1 to 1000", problem.what)
    assert re.fullmatch(r"replicas: \d+", problem.fix)


@pytest.mark.parametrize(
    "text", ["٣Gi", "1_000Mi", "1:30", "-1Gi", " 1Gi", "1Gi ", "", "1e3Gi", "inf", "nan", "9" * 5000 + "Gi"]
)
def test_size_key_accepts_only_ascii_digits_and_a_unit(text: str) -> None:
    (problem,) = errors_at("resources.monolithic.memory", "", text)
    assert re.match(r'(invalid value ".*": )?memory must be a size from 64Mi to 4Ti', problem.what)
    assert problem.fix == "memory: 2Gi"
    assert len(problem.what) < 300


def errors_of_file(directory: Path, config: str) -> list[tuple[str, str]]:
    """Return the errors of a stack file with these lines."""
    faultless = "".join(f"  logstack:{line}\n" for line in FAULTLESS.splitlines() if not line.startswith("replicas"))
    (directory / "Pulumi.test.yaml").write_text(f"config:\n{faultless}{config}\n", encoding="utf-8")
    try:
        load_stack_file("test", directory, today=TODAY)
    except StackProblems as problems:
        return [(problem.name, problem.path) for problem in problems.problems if problem.severity == "error"]
    return []


HERE = "logstack:replicas.monolithic"


@pytest.mark.parametrize(
    ("written", "errors"),
    [
        ("3", []),
        ("3.0", []),
        ("+3", []),
        ("0x3", []),
        ("010", [("disputed-number", HERE)]),
        ("0_3", [("disputed-number", HERE)]),
        ("1_000", [("disputed-number", HERE)]),
        ("0x_3", [("disputed-number", HERE)]),
        ("1:30", [("wrong-value", HERE)]),
        ("1e20", [("wrong-value", HERE)]),
        ("1e400", [("wrong-value", HERE)]),
        ("99999999999999999999", [("wrong-value", HERE)]),
        ("9" * 308, [("wrong-value", HERE)]),
        ("9" * 5000, [("wrong-value", HERE)]),
        ("0x" + "f" * 5000, [("wrong-value", HERE)]),
        (".inf", [("wrong-value", HERE)]),
        ("-.inf", [("wrong-value", HERE)]),
        (".nan", [("wrong-value", HERE)]),
        ("-0", [("wrong-value", HERE)]),
        ("-0.0", [("wrong-value", HERE)]),
        ("٣", [("wrong-value", HERE)]),
        ('""', [("wrong-value", HERE)]),
        ('" 3"', [("wrong-value", HERE)]),
        ('"3"', [("wrong-value", HERE)]),
        ("true", [("wrong-value", HERE)]),
    ],
)
def test_stack_file_number_gives_at_most_one_error(tmp_path: Path, written: str, errors: list[tuple[str, str]]) -> None:
    assert errors_of_file(tmp_path, f"  logstack:replicas: {{monolithic: {written}}}") == errors


@pytest.mark.parametrize("written", ["010", "1_5"])
def test_disputed_number_is_refused_in_keys_of_this_project_only(tmp_path: Path, written: str) -> None:
    three = "  logstack:replicas: {monolithic: 15}\n"
    assert errors_of_file(tmp_path, f"{three}  logstack:replicationFactor: {written}") == [
        ("disputed-number", "logstack:replicationFactor")
    ]
    assert errors_of_file(tmp_path, f"{three}  aws:account: {written}") == []


def test_disputed_number_message_has_a_line_to_paste(tmp_path: Path) -> None:
    errors_of_file(tmp_path, "  logstack:replicas: {monolithic: 010}")
    with pytest.raises(StackProblems) as raised:
        load_stack_file("test", tmp_path, today=TODAY)
    (problem,) = raised.value.problems
    assert str(problem) == (
        "error[disputed-number] Pulumi.test.yaml:5: logstack:replicas.monolithic\n"
        '  what: Pulumi reads "010" as 8, other YAML readers do not\n'
        "  then: YAML readers disagree on the number: the file means something else to each\n"
        "  fix:  monolithic: 8"
    )


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        ("  logstack:objectStore: {kind: aws-s3, accountId: 026644393826}", 'accountId: "026644393826"'),
        ("  logstack:objectStore: {kind: embedded, bucket: 0_1}", 'bucket: "0_1"'),
        ("  logstack:lokiVersion: 3_7", 'logstack:lokiVersion: "3_7"'),
        ("  logstack:acknowledge: [010]", '- "010"'),
        ("  logstack:collector: {pods: {only: {example.com/tier: 010}}}", 'example.com/tier: "010"'),
        ("  logstack:replicationFactor: 03", "logstack:replicationFactor: 3"),
        ("  logstack:resources: {alloy: {cpu: 01, memory: 1Gi}}", "cpu: 1"),
    ],
)
def test_disputed_number_fix_quotes_the_value_when_the_key_takes_text(tmp_path: Path, lines: str, fix: str) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text(f"config:\n{lines}\n")
    with pytest.raises(StackProblems) as raised:
        load_stack_file("test", tmp_path, today=TODAY)
    assert [each.fix for each in raised.value.problems if each.name == "disputed-number"] == [fix]


def test_typed_reads_a_top_level_number_of_the_engine_as_the_file_has_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text('config: {logstack:replicationFactor: 3, logstack:replicas: {write: 3, read: "3"}}')
    file = typed(from_file(read_yaml(path)).raw)
    engine = typed(
        from_engine({"logstack:replicationFactor": "3", "logstack:replicas": '{"read":"3","write":3}'}, set()).raw
    )
    assert file == engine == {"replicationFactor": 3, "replicas": {"write": 3, "read": "3"}}


@pytest.mark.parametrize("text", ["three", "3.5", "010", "1_000", " 3", "٣", "true", "-", "1e400"])
def test_typed_leaves_a_text_of_the_engine_that_is_no_whole_number(text: str) -> None:
    assert typed({"replicationFactor": text}) == {"replicationFactor": text}


def test_scalars_are_the_top_level_keys_that_the_schema_gives_a_number_or_a_boolean() -> None:
    types = {"integer": int, "number": float, "boolean": bool}
    top = {key: _node_of(key).get("type") for key, _ in keys() if "." not in key}
    assert {key: types[str(type_)] for key, type_ in top.items() if type_ in types} == SCALARS


def test_quantity_message_does_not_repeat_a_long_text() -> None:
    assert not stack().problems
    assert "hunter2" not in messages_for("retention: hunter2hunter2hunter2\nwalReplayCeiling: hunter2hunter2hunter2")
