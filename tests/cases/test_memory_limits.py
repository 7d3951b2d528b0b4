"""Memory requested below its limit, or without a limit, as many owners run Loki."""

from pathlib import Path
from typing import Any

import pytest

from logstack.plan.failures import plan_failures
from logstack.plan.sizes import sizes_section
from logstack.settings.checks import problems_of
from logstack.settings.load.loader import Stack
from logstack.settings.tree import Settings
from tests.cases.pods import STACKS, pods_of
from tests.support.measuring import running, scraped, unlimited_stack
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import S3, stack_of

pytestmark = pytest.mark.real

_MIB = 1024**2
WRITER = {"cpu": "1", "memory": "2Gi"}
SMALL = {"cpu": "100m", "memory": "512Mi"}
# What a container has, by what the stack file states.
LIMITS = {None: "2Gi", "4Gi": "4Gi", "none": None}


def stack(limit: str | None, mode: str = "simple-scalable") -> Settings:
    own = {} if limit is None else {"memoryLimit": limit}
    role = {"simple-scalable": "write", "distributed": "ingester"}[mode]
    others = {part: {**SMALL, **own} for part in ("alloy", "canary", "gateway")}
    return Settings.model_validate({**STACKS[mode], "resources": {role: {**WRITER, **own}, **others}})


def containers(settings: Settings, directory: Path) -> dict[str, dict[str, Any]]:
    """The first container of each workload."""
    return {each.name: each.spec["containers"][0] for each in pods_of(settings, directory)}


@pytest.mark.parametrize("mode", ["simple-scalable", "distributed"])
@pytest.mark.parametrize("limit", LIMITS)
def test_pods_have_the_stated_limit_and_their_request(limit: str | None, mode: str, tmp_path: Path) -> None:
    found = containers(stack(limit, mode), tmp_path)
    resources = found["loki-write" if mode == "simple-scalable" else "loki-ingester"]["resources"]
    assert resources["requests"] == {"cpu": "1", "memory": "2Gi"}
    assert (resources.get("limits") or {}).get("memory") == LIMITS[limit]


@pytest.mark.parametrize(("limit", "expected"), [(None, 512), ("1Gi", 1024), ("none", None)])
def test_go_programs_know_the_limit_that_they_have(limit: str | None, expected: int | None, tmp_path: Path) -> None:
    found = containers(stack(limit), tmp_path)
    for name in ("alloy", "loki-canary"):
        variables = {each["name"]: each.get("value") for each in found[name]["env"]}
        assert variables.get("GOMEMLIMIT") == (str(expected * _MIB * 85 // 100) if expected else None)


@pytest.mark.parametrize(("limit", "words"), [("4Gi", "write 4Gi, gateway 4Gi"), ("none", "write none, gateway none")])
def test_plan_says_limits_that_are_no_requests(limit: str, words: str) -> None:
    section = sizes_section(Stack("x", stack(limit), (), (), "none"))
    assert section.title == "Requests"
    assert dict(section.facts)["memory limits"].startswith(words)


def test_failure_budget_counts_on_the_memory_that_a_writer_may_take() -> None:
    for limit, words in ((None, "the memory (2Gi)"), ("4Gi", "the memory (4Gi)"), ("none", "the node's memory")):
        texts = [loss.writes for loss in plan_failures(stack(limit)).losses if loss.lost == "the object store"]
        assert len(texts) == 1
        assert words in texts[0]


def test_replay_of_the_log_is_held_against_the_limit() -> None:
    keys = {**STACKS["simple-scalable"], "walReplayCeiling": "2Gi"}
    for limit, expected in ((None, True), ("4Gi", False), ("none", False)):
        own = {} if limit is None else {"memoryLimit": limit}
        settings = Settings.model_validate({**keys, "resources": {"write": {**WRITER, **own}}})
        assert any(problem.name.startswith("replay-ceiling") for problem in problems_of(settings)) == expected


def test_loki_that_has_only_started_holds_what_the_check_says(tmp_path: Path) -> None:
    replicas = {"write": 1, "read": 1, "backend": 1}
    with running(tmp_path / "run", unlimited_stack("simple-scalable", replicas, 1), {}) as platform:
        held = [scraped(node).total("process_resident_memory_bytes") / _MIB for node in platform.layout.nodes]
    assert min(held) > 100
    assert max(held) < 256


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"requests": {"cpu": "10m", "memory": "100Mi"}}, {"memory": "100Mi", "memoryLimit": "none"}),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "3Gi"}}, {"memory": "1Gi", "memoryLimit": "3Gi"}),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}, {"memory": "1Gi"}),
        ({"limits": {"memory": "1Gi"}}, {"memory": "1Gi"}),
    ],
    ids=str,
)
def test_adopt_takes_request_and_limit_as_they_are(resources: dict[str, object], expected: dict[str, str]) -> None:
    adoption = adopt_values({"deploymentMode": "SingleBinary", "loki": S3, "singleBinary": {"resources": resources}})
    own = stack_of(adoption)["resources"]["monolithic"]
    assert {key: own[key] for key in own if key in ("memory", "memoryLimit")} == expected
    assert not [problem for problem in adoption.problems if "memory" in problem.path and problem.severity == "error"]
