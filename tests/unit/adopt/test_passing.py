"""What `logstack adopt` passes on: values that no key decides, literally, and nothing that the checks would refuse."""

from typing import Any

import pytest

from logstack.adopt.reading import Verdict
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import S3, find_entry, loki_values, stack_of

TUNING: dict[str, Any] = {
    "query_scheduler": {"max_outstanding_requests_per_tenant": 4096},
    "frontend": {"max_outstanding_per_tenant": 4096},
    "querier": {"max_concurrent": 32},
    "server": {"grpc_server_max_recv_msg_size": 15728640},
    "ingester": {"chunk_idle_period": "1h", "max_chunk_age": "1h"},
    "pattern_ingester": {"enabled": True},
}


def test_adopt_passes_tuning_through_as_it_is() -> None:
    limits = {"retention_period": "30d", "max_query_parallelism": 64, "split_queries_by_interval": "30m"}
    adoption = adopt_values(loki_values(**TUNING, limits_config=limits))
    own = {"max_query_parallelism": 64, "split_queries_by_interval": "30m"}
    assert stack_of(adoption)["loki"] == {"config": {**TUNING, "limits_config": own}}
    entry = find_entry(adoption, "loki.limits_config.max_query_parallelism")
    assert (entry.verdict, entry.key, entry.decide) == (Verdict.UNDERSTOOD, "loki.config", False)


def test_adopt_writes_a_limit_with_a_key_to_that_key() -> None:
    limits = {"retention_period": "30d", "max_query_series": 2000}
    stack = stack_of(adopt_values(loki_values(limits_config=limits)))
    assert (stack["limits"], "loki" in stack) == ({"maxQuerySeries": 2000}, False)


@pytest.mark.parametrize(
    ("loki", "path"),
    [
        ({"server": {"http_server_read_timeout": "20m"}}, "loki.server.http_server_read_timeout"),
        (
            {"ruler": {}, "rulerConfig": {"ring": {"kvstore": {"store": "consul"}}}},
            "loki.rulerConfig.ring.kvstore.store",
        ),
        ({"ingester": {"max_transfer_retries": 0}}, "loki.ingester.max_transfer_retries"),
        ({"querier": {"max_concurrent": "{{ .Values.x }}"}}, "loki.querier.max_concurrent"),
        (
            {"rulerConfig": {"alertmanager_client": {"basic_auth_password": "SECRET"}}},
            "loki.rulerConfig.alertmanager_client.basic_auth_password",
        ),
    ],
    ids=["of a key", "of the ring", "gone from Loki 3.7", "a template", "a secret"],
)
def test_adopt_passes_nothing_through_that_the_checks_refuse(loki: dict[str, Any], path: str) -> None:
    adoption = adopt_values(loki_values(**loki))
    assert "loki" not in stack_of(adoption)
    assert find_entry(adoption, path).verdict is not Verdict.UNDERSTOOD
    assert "SECRET" not in adoption.text


def test_adopt_passes_values_of_pods_through_to_the_chart() -> None:
    values = {
        "loki": S3,
        "write": {"replicas": 3, "extraVolumes": [{"name": "rules", "emptyDir": {}}]},
        "global": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]},
        "monitoring": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    }
    stack = stack_of(adopt_values({"deploymentMode": "SimpleScalable", **values}))
    del values["loki"], values["write"]["replicas"]
    assert stack["loki"] == {"values": values}


def test_adopt_passes_variables_besides_the_stores_through() -> None:
    values = {"defaults": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}}
    adoption = adopt_values({**loki_values(), **values}, version="18.11.0")
    assert find_entry(adoption, "defaults.extraEnv").key == "loki.values"


def test_adopt_writes_passed_values_without_problems() -> None:
    adoption = adopt_values(loki_values(**TUNING))
    assert [problem for problem in adoption.problems if "loki" in problem.path] == []
