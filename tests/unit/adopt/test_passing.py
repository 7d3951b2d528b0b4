"""What `logstack adopt` passes on: values that no key decides, literally, and nothing that the checks would refuse."""

from typing import Any

import pytest

from logstack.adopt.reading import Verdict
from tests.unit.adopt.cases import of
from tests.unit.adopt.test_adopt import S3, entry, stack_of, with_loki

TUNING: dict[str, Any] = {
    "query_scheduler": {"max_outstanding_requests_per_tenant": 4096},
    "frontend": {"max_outstanding_per_tenant": 4096},
    "querier": {"max_concurrent": 16},
    "server": {"grpc_server_max_recv_msg_size": 15728640},
    "ingester": {"chunk_idle_period": "1h", "max_chunk_age": "1h"},
    "pattern_ingester": {"enabled": True},
}


def test_tuning_that_owners_set_is_passed_on_as_it_is() -> None:
    limits = {"retention_period": "30d", "max_query_parallelism": 64, "split_queries_by_interval": "1h"}
    adoption = of(with_loki(**TUNING, limits_config=limits))
    own = {"max_query_parallelism": 64, "split_queries_by_interval": "1h"}
    assert stack_of(adoption)["loki"] == {"config": {**TUNING, "limits_config": own}}
    found = entry(adoption, "loki.limits_config.max_query_parallelism")
    assert (found.verdict, found.key, found.decide) == (Verdict.UNDERSTOOD, "loki.config", False)


def test_a_limit_with_a_key_is_that_keys() -> None:
    limits = {"retention_period": "30d", "max_query_series": 2000}
    stack = stack_of(of(with_loki(limits_config=limits)))
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
def test_what_the_checks_would_refuse_is_not_passed_on(loki: dict[str, Any], path: str) -> None:
    adoption = of(with_loki(**loki))
    assert "loki" not in stack_of(adoption)
    assert entry(adoption, path).verdict is not Verdict.UNDERSTOOD
    assert "SECRET" not in adoption.text


def test_values_of_pods_are_passed_on_to_the_chart() -> None:
    values = {
        "loki": S3,
        "write": {"replicas": 3, "nodeSelector": {"disk": "ssd"}, "podAnnotations": {"team": "logs"}},
        "global": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]},
        "monitoring": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    }
    stack = stack_of(of({"deploymentMode": "SimpleScalable", **values}))
    del values["loki"], values["write"]["replicas"]
    assert stack["loki"] == {"values": values}


def test_variables_beside_those_of_the_store_are_not_called_the_stores() -> None:
    values = {"defaults": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}}
    adoption = of({**with_loki(), **values}, version="18.11.0")
    assert entry(adoption, "defaults.extraEnv").key == "loki.values"


def test_the_stack_file_with_passed_values_has_no_problem_of_theirs() -> None:
    adoption = of(with_loki(**TUNING))
    assert [problem for problem in adoption.problems if "loki" in problem.path] == []
