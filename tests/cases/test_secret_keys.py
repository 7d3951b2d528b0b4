"""Secrets with the store's access key whose keys another program named.

Operators of stores write Secrets with names of their own, such as rootUser and rootPassword (MinIO's chart): a copy
under the names of Loki's variables goes stale with the next rotation.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from logstack.settings.tree import Settings
from tests.cases.pods import STACKS, STORE, pods_of
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import loki_values, stack_of
from tests.unit.settings.stacks import messages_for

NAMED = {"credentialsKeys": {"accessKeyId": "rootUser", "secretAccessKey": "rootPassword"}}
PAIRS = {"AWS_ACCESS_KEY_ID": "rootUser", "AWS_SECRET_ACCESS_KEY": "rootPassword"}
SERVER_PAIRS = {"ROOT_ACCESS_KEY_ID": "rootUser", "ROOT_SECRET_ACCESS_KEY": "rootPassword"}


def variables(spec: dict[str, Any], secret: str) -> dict[str, str]:
    """Return the variables of a pod's first container that are from a Secret, with its keys."""
    references = {each["name"]: each.get("valueFrom", {}).get("secretKeyRef") for each in spec["containers"][0]["env"]}
    return {name: each["key"] for name, each in references.items() if each and each["name"] == secret}


def test_named_keys_have_no_problem() -> None:
    assert messages_for(f"objectStore: {json.dumps(STORE | NAMED)}") == ""


@pytest.mark.real
@pytest.mark.parametrize("mode", STACKS)
def test_every_loki_pod_reads_the_named_keys(mode: str, tmp_path: Path) -> None:
    settings = Settings.model_validate(STACKS[mode] | {"objectStore": STORE | NAMED})
    loki = [each for each in pods_of(settings, tmp_path) if "-config.file=" in json.dumps(each.spec)]
    assert loki
    for each in loki:
        assert variables(each.spec, "loki-s3") == PAIRS
        assert "loki-s3" not in json.dumps(each.spec["containers"][0].get("envFrom"))


@pytest.mark.real
def test_embedded_server_and_a_former_store_have_keys_of_their_own(tmp_path: Path) -> None:
    embedded = {"kind": "embedded", "credentialsSecret": "minio", **NAMED}
    former = {"before": "2026-05-20", "store": STORE | {"credentialsKeys": {"accessKeyId": "user"}}}
    periods = [{"from": "2024-04-01"}, {"from": "2026-05-20"}]
    changes = {"objectStore": embedded, "formerObjectStore": former, "schemaPeriods": periods}
    pods = {each.name: each.spec for each in pods_of(Settings.model_validate(STACKS["monolithic"] | changes), tmp_path)}
    assert variables(pods["loki-s3"], "minio") == SERVER_PAIRS
    assert variables(pods["loki"], "minio") == PAIRS
    assert variables(pods["loki"], "loki-s3") == {
        "FORMER_AWS_ACCESS_KEY_ID": "user",
        "FORMER_AWS_SECRET_ACCESS_KEY": "AWS_SECRET_ACCESS_KEY",
    }


def test_adopt_takes_the_keys_of_the_release_over() -> None:
    reference = {name: {"secretKeyRef": {"name": "minio", "key": key}} for name, key in PAIRS.items()}
    environment = [{"name": name, "valueFrom": value} for name, value in reference.items()]
    s3 = {"storage_config": {"aws": {"endpoint": "http://10.0.0.9:9000"}}}
    stack = stack_of(adopt_values(loki_values(**s3) | {"defaults": {"extraEnv": environment}}))
    assert stack["objectStore"]["credentialsSecret"] == "minio"
    assert stack["objectStore"]["credentialsKeys"] == NAMED["credentialsKeys"]
