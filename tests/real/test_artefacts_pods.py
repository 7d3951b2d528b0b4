"""The real binaries accept every flag of our own pods, and answer every probe."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.metrics import parse_metrics
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.real import PATIENCE, binary, run
from tests.support.stacks import NAMES, declarations, settings_of

pytestmark = pytest.mark.real


def container(settings: Settings, name: str) -> dict[str, Any]:
    spec: Any = declarations(settings)[name].inputs["spec"]
    (only_container,) = spec["template"]["spec"]["containers"]
    return dict(only_container)


WITH_CANARY = [name for name in NAMES if settings_of(name).canary.enabled]


@pytest.mark.parametrize("stack", WITH_CANARY)
def test_canary_accepts_its_flags(stack: str) -> None:
    flags = container(settings_of(stack), "canary/canary")["args"]
    answer = run([binary("loki-canary"), *flags, "-version"])
    assert answer.returncode == 0, answer.stderr
    assert run([binary("loki-canary"), *flags, "-labelnames=pod", "-version"]).returncode != 0


def test_canary_that_has_only_started_holds_about_what_the_least_memory_counts(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [str(binary("loki-canary")), "-addr", f"{LOOPBACK}:9", "-port", str(port)]
    deadline = time.monotonic() + 60
    with Fleet(tmp_path / "out") as fleet:
        fleet.start("canary", command, {})
        while True:
            with suppress(httpx.TransportError):
                metrics = parse_metrics(httpx.get(f"http://{LOOPBACK}:{port}/metrics", timeout=PATIENCE).text)
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert 20 < metrics.total("process_resident_memory_bytes") / 1024**2 < 60


EMBEDDED = [name for name in NAMES if settings_of(name).object_store.kind == "embedded"]


@pytest.mark.parametrize("stack", EMBEDDED)
def test_embedded_store_answers_its_probes_and_stores_an_object(stack: str, tmp_path: Path) -> None:
    store = settings_of(stack).object_store
    server = container(settings_of(stack), "store/store-s3")
    bucket = next(mount["subPath"] for mount in server["volumeMounts"] if "subPath" in mount)
    (tmp_path / bucket).mkdir()
    with running(server, tmp_path) as address:
        path = server["readinessProbe"]["httpGet"]["path"]
        assert answers(f"{address}{path}"), "the server never became ready"
        assert server["livenessProbe"]["httpGet"]["path"] == path
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name=store.region,  # type: ignore[union-attr]
            aws_access_key_id="a-key",
            aws_secret_access_key="a-secret",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        client.put_object(Bucket=bucket, Key="fake/chunk", Body=b"lines")
        assert client.get_object(Bucket=bucket, Key="fake/chunk")["Body"].read() == b"lines"


@contextmanager
def running(server: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Run the container's command, with only the port and the directory replaced."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = [{":7070": address, "/data": str(root)}.get(argument, argument) for argument in server["args"]]
    assert {address, str(root)} <= set(arguments)
    keys = dict(zip(secret_names(server), ("a-key", "a-secret"), strict=True))
    process = subprocess.Popen(
        [binary(Path(server["command"][0]).name), *arguments],
        env={"PATH": os.environ["PATH"], **keys},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def secret_names(server: Mapping[str, Any]) -> list[str]:
    """Return the names of the variables with the access key and its secret."""
    variables = {
        each["valueFrom"]["secretKeyRef"]["key"]: each["name"] for each in server["env"] if "valueFrom" in each
    }
    return [variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]]


def answers(url: str) -> bool:
    """Return whether a URL answers with 200 within two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url, timeout=PATIENCE).status_code == httpx.codes.OK:
                return True
        time.sleep(0.1)
    return False
