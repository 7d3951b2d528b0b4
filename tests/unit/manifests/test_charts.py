"""Where a chart comes from: the pin, another version, a mirror or a folder."""

import pytest

from logstack.manifests.charts import chart
from logstack.manifests.manifest import Manifest
from logstack.settings import pins
from logstack.settings.model.charts import ChartSource

SOURCES = {
    "the pin": (
        {},
        {
            "chart": "loki",
            "version": pins.LOKI_CHART.version,
            "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
        },
    ),
    "another version": (
        {"version": "18.12.0"},
        {
            "chart": "loki",
            "version": "18.12.0",
            "repositoryOpts": {"repo": "https://grafana-community.github.io/helm-charts"},
        },
    ),
    "another repository": (
        {"repository": "https://mirror.example/charts"},
        {
            "chart": "loki",
            "version": pins.LOKI_CHART.version,
            "repositoryOpts": {"repo": "https://mirror.example/charts"},
        },
    ),
    "an OCI mirror": (
        {"repository": "oci://mirror.example/charts/"},
        {"chart": "oci://mirror.example/charts/loki", "version": pins.LOKI_CHART.version},
    ),
    "a folder": ({"path": "vendor/loki"}, {"chart": "vendor/loki"}),
}


def declared_chart(source: ChartSource, *, skip_await: bool = False) -> Manifest:
    return chart("loki", source, "logs", {"a": 1}, name="loki", skip_await=skip_await, after=("config",))


@pytest.mark.parametrize(("keys", "inputs"), SOURCES.values(), ids=SOURCES)
def test_chart_has_the_inputs_of_its_source(keys: dict[str, str], inputs: dict[str, object]) -> None:
    declared = declared_chart(ChartSource.model_validate(keys))
    assert declared.inputs == {"name": "loki", "namespace": "logs", "values": {"a": 1}, "skipCrds": True, **inputs}
    assert declared.depends_on == ("config",)


def test_chart_skips_the_await_when_the_cluster_runs_no_pods() -> None:
    assert declared_chart(ChartSource(), skip_await=True).inputs["skipAwait"] is True
