"""Stores with a bucket for chunks and another one for rules, as most charts' examples have them."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.cases.pods import CLUSTER, STORE
from tests.support.real import binary
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import loki_values, stack_of
from tests.unit.settings.stacks import messages_for

APART = STORE | {"rulesBucket": "loki-prod-rules"}
RULES = 'name: g\nrules:\n- record: r:count\n  expr: sum(count_over_time({app="a"}[1m]))\n'


def test_two_buckets_have_no_problem_and_each_is_checked() -> None:
    assert messages_for(f"objectStore: {json.dumps(APART)}") == ""
    assert "error[bucket-name] logstack:objectStore.rulesBucket" in messages_for(
        f"objectStore: {json.dumps(STORE | {'rulesBucket': 'Rules'})}"
    )


@pytest.mark.real
def test_loki_keeps_rules_in_the_bucket_of_rules_alone() -> None:
    one = {"deploymentMode": "monolithic", "replicas": {"monolithic": 1}, "replicationFactor": 1}
    settings = Settings.model_validate({"cluster": CLUSTER, **one, "objectStore": APART})
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    with TemporaryDirectory(prefix="two-") as directory, Fleet(Path(directory) / "logs") as fleet:
        platform = Platform(settings, binaries, Path(directory), fleet)
        platform.start()
        (node,) = platform.writers
        httpx.post(f"{node.url}/loki/api/v1/rules/ours", content=RULES, timeout=60).raise_for_status()
        deadline = time.monotonic() + 30
        while "r:count" not in httpx.get(f"{node.url}/loki/api/v1/rules", timeout=60).text:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        store = Path(directory) / "store"
        assert [each for each in (store / "loki-prod-rules").rglob("*") if each.is_file()]
        assert not (store / "loki-prod" / "rules").exists()


def test_adopt_takes_both_buckets_over() -> None:
    buckets = {"chunks": "logs-chunks", "ruler": "logs-rules"}
    s3 = {"endpoint": "http://10.0.0.5:9000", "region": "us-east-1", "s3ForcePathStyle": True, "insecure": True}
    adoption = adopt_values(loki_values(storage={"type": "s3", "bucketNames": buckets, "s3": s3}))
    store = stack_of(adoption)["objectStore"]
    assert (store["bucket"], store["rulesBucket"]) == ("logs-chunks", "logs-rules")
    assert not adoption.side_by_side
