"""A thousand tenants compared with one: the plan, the files, Loki, nginx and Alloy; measured."""

import time
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from logstack.localrun.platform import Platform
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.config import node_config
from logstack.manifests.loki.intake import intake
from logstack.plan.model import plan
from logstack.settings.load.loader import Stack, settings_from
from logstack.settings.load.source import Source
from logstack.settings.load.stack_file import Value
from tests.support.gateway import Gateway, nginx
from tests.support.real import binary, run
from tests.support.stacks import data, declarations

pytestmark = [pytest.mark.real, pytest.mark.prove]

MANY = 1000
_PATIENCE = 180


def stack(tenants: int) -> Stack:
    names = [f"team-{number:04d}" for number in range(tenants)]
    config: dict[str, Value] = {
        "cluster": {"name": "growth", "context": "growth", "apiServer": "https://10.0.0.2:6443"},
        "deploymentMode": "monolithic",
        "replicationFactor": "1",
        "acknowledge": ["replication-single-copy"],
        "objectStore": {"kind": "embedded", "credentialsSecret": "loki-s3"},
        "gateway": {"auth": {"credentialsSecret": "loki-gateway"}},
        "tenants": [
            {"name": name, "user": name, "namespaces": [name, f"{name}-staging"], "limits": {"maxStreams": 2000}}
            for name in names
        ],
    }
    return settings_from(Source(raw=config), "growth", Path("nowhere"), today=date(2026, 6, 1))


def test_plan_of_a_thousand_tenants_takes_less_than_20_seconds(measured: Callable[[str], None]) -> None:
    for tenants in (1, MANY):
        start = time.process_time()
        settings = (read := stack(tenants)).settings
        plan(read)
        seconds = time.process_time() - start
        files = declarations(settings)
        names = {"loki/loki-overrides", "alloy/alloy-config", "grafana/grafana-datasource"}
        sizes = {name.partition("/")[2]: f"{len(data(files, name)) / 1024:.0f} KiB" for name in sorted(names)}
        measured(f"{tenants} tenants: loaded and planned in {seconds:.1f} s of CPU; {sizes}")
    assert seconds < 20


def test_loki_and_nginx_serve_a_thousand_tenants(tmp_path: Path, measured: Callable[[str], None]) -> None:
    nginx()
    binaries = {name: binary(name) for name in ("loki", "versitygw")}
    for tenants in (1, MANY):
        settings, root = stack(tenants).settings, tmp_path / str(tenants)
        with Fleet(root / "logs") as fleet:
            platform = Platform(settings, binaries, root, fleet)
            start = time.perf_counter()
            platform.start()
            measured(f"{tenants} tenants: Loki ready after {time.perf_counter() - start:.1f} s")
            measured(f"{tenants} tenants: changed limits in force after {_until_changed(platform):.1f} s")
            gateway = Gateway(settings, platform.layout, root / "nginx", fleet)
            hashed = run(["openssl", "passwd", "-apr1", "-stdin"], "word").stdout.strip()
            users = ["logstack", *(tenant.user for tenant in settings.tenants)]
            gateway.hashes.write_text("".join(f"{user}:{hashed}\n" for user in users))
            start = time.perf_counter()
            gateway.start()
            measured(f"{tenants} tenants: nginx ready after {time.perf_counter() - start:.2f} s")
            _measure_requests(gateway, settings.tenant_names, str(users[-1]), measured)


def _until_changed(platform: Platform) -> float:
    """Return the seconds until new overrides are in force."""
    before = _overrides_hash(platform)
    platform.write_overrides({"max_global_streams_per_user": 4321})
    start = time.perf_counter()
    while _overrides_hash(platform) == before:
        assert time.perf_counter() - start < _PATIENCE, f"the overrides are not in force after {_PATIENCE} s"
        time.sleep(0.2)
    return time.perf_counter() - start


def _overrides_hash(platform: Platform) -> list[str]:
    """Return the metric with the hash of the overrides that Loki has read."""
    metrics = httpx.get(f"{platform.loki.reader}/metrics", timeout=30).text
    return [line for line in metrics.splitlines() if "runtime_config_hash" in line]


def _measure_requests(gateway: Gateway, names: tuple[str, ...], last: str, measured: Callable[[str], None]) -> None:
    """Push a line of each tenant, then query one tenant, and all of them as Grafana's datasource does."""
    with httpx.Client(base_url=gateway.url, timeout=60) as client:
        start = time.perf_counter()
        for name in names:
            stream = {"stream": {"owner": name}, "values": [[str(time.time_ns()), f"of {name}"]]}
            request = {"json": {"streams": [stream]}, "auth": ("logstack", "word"), "headers": {"X-Scope-OrgID": name}}
            assert client.post("/loki/api/v1/push", **request).status_code == HTTPStatus.NO_CONTENT  # type: ignore[arg-type]
        each = (time.perf_counter() - start) / len(names)
        start = time.perf_counter()
        own = client.get("/loki/api/v1/label/owner/values", auth=(last, "word"))
        assert own.json()["data"] == [last]
        one = time.perf_counter() - start
        start = time.perf_counter()
        everybody = {"X-Scope-OrgID": "|".join(names)}
        query = {"query": '{owner=~".+"}', "limit": "5000"}
        answer = client.get("/loki/api/v1/query_range", params=query, auth=("logstack", "word"), headers=everybody)
        assert answer.status_code == HTTPStatus.OK, answer.text
        assert len(answer.json()["data"]["result"]) == len(names)
        measured(
            f"{len(names) - 1} tenants: a push {each * 1000:.0f} ms, a question of the last user {one * 1000:.0f} ms, "
            f"one to all tenants at once {time.perf_counter() - start:.1f} s"
        )


def test_alloy_accepts_the_configuration_of_a_thousand_tenants(tmp_path: Path, measured: Callable[[str], None]) -> None:
    alloy = binary("alloy")
    for tenants in (1, MANY):
        settings = stack(tenants).settings
        file = tmp_path / f"{tenants}.alloy"
        file.write_text(node_config(settings.collector, settings.cluster, intake(settings, settings.cluster)))
        start = time.perf_counter()
        answer = run([alloy, "validate", file])
        measured(f"{tenants} tenants: alloy validate {time.perf_counter() - start:.1f} s")
        assert answer.returncode == 0, answer.stderr
