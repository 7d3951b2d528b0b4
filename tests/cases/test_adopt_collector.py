"""Collectors of the field: index labels, jobs, rules and pipelines of Alloy and Promtail, in the stack or reported."""

from typing import Any

import pytest
import yaml

from logstack.adopt.adoption import Adoption
from logstack.adopt.reading import Verdict
from logstack.settings.model.collector import DEFAULT_INDEX_LABELS
from tests.cases.test_adopt import errors, on_a_volume, settings_of
from tests.support.stacks import artefacts
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import find_entry, stack_of

META = "__meta_kubernetes_pod"
U, T, N = Verdict.UNDERSTOOD, Verdict.TRANSLATED, Verdict.NOT_TAKEN


def adopt(collector: str) -> Adoption:
    return adopt_values(on_a_volume(), "18.11.0", alloy=collector)


def rule(target: str, *sources: str, **attributes: str) -> str:
    lines = [f"{name} = {text}" for name, text in attributes.items()]
    listed = ", ".join(f'"{source}"' for source in sources)
    return "\n".join(["rule {", f"source_labels = [{listed}]", f'target_label = "{target}"', *lines, "}"])


def relabel(*rules: str) -> str:
    return "\n".join(['discovery.relabel "pods" {', "targets = discovery.kubernetes.pods.targets", *rules, "}"])


def pipeline(*stages: str) -> str:
    return "\n".join(['loki.process "pods" {', "forward_to = [loki.write.default.receiver]", *stages, "}"])


def verdict(adoption: Adoption, path: str) -> tuple[Verdict, str | None, bool]:
    entry = find_entry(adoption, path)
    return entry.verdict, entry.key, entry.decide


def collector_of(adoption: Adoption) -> dict[str, Any]:
    assert errors(adoption) == set()
    assert artefacts(settings_of(adoption))["config.alloy"]
    collector: dict[str, Any] = stack_of(adoption)["collector"]
    return collector


def test_adopt_writes_index_labels_that_the_stack_has_not_by_default() -> None:
    component = f"{META}_label_app_kubernetes_io_component"
    rules = [rule("namespace", "__meta_kubernetes_namespace"), rule("node", f"{META}_node_name")]
    adoption = adopt(relabel(*rules, rule("component", component)))
    labels = collector_of(adoption)["indexLabels"]
    assert labels[: len(DEFAULT_INDEX_LABELS)] == list(DEFAULT_INDEX_LABELS)
    assert {"node", "component"} <= set(labels)
    assert verdict(adoption, "config.alloy: discovery.relabel.pods") == (U, "collector.indexLabels", False)
    kept = 'values = ["namespace", "pod", "container", "app", "job", "stream", "container_runtime"'
    assert kept in artefacts(settings_of(adoption))["config.alloy"]


@pytest.mark.parametrize(
    ("target", "sources", "text"),
    [
        ("job", ["namespace", "app"], "namespace + container_name"),
        ("node_name", [f"{META}_node_name"], "calls it node"),
        ("instance", [f"{META}_name"], "calls it pod"),
        ("app", [f"{META}_label_k8s_app"], "label_app_kubernetes_io_name"),
    ],
)
def test_adopt_reports_a_label_that_the_stack_fills_or_calls_differently(
    target: str, sources: list[str], text: str
) -> None:
    before = [rule("namespace", "__meta_kubernetes_namespace"), rule("app", f"{META}_label_app_kubernetes_io_name")]
    adoption = adopt(relabel(*(before if target != "app" else []), rule(target, *sources, separator='"/"')))
    entry = find_entry(adoption, f"config.alloy: discovery.relabel.pods/rule {target}")
    assert (entry.verdict, entry.decide) == (T, False)
    assert text in entry.text
    assert find_entry(adoption, "config.alloy: discovery.relabel.pods").verdict is T


def test_adopt_understands_a_job_of_namespace_and_container() -> None:
    rules = [rule("namespace", "__meta_kubernetes_namespace"), rule("job", "namespace", f"{META}_container_name")]
    adoption = adopt(relabel(*rules))
    assert verdict(adoption, "config.alloy: discovery.relabel.pods/rule job")[0] is U


@pytest.mark.parametrize(
    ("meta", "key"),
    [("team", "team"), ("app_kubernetes_io_part_of", "app.kubernetes.io/part-of"), ("example_com_team", None)],
)
def test_adopt_writes_the_pod_label_of_an_index_label_when_only_one_is_spelled_so(meta: str, key: str | None) -> None:
    adoption = adopt(relabel(rule("squad", f"{META}_label_{meta}")))
    path = "config.alloy: discovery.relabel.pods/rule squad"
    if key is None:
        assert verdict(adoption, path) == (N, "collector.labels", True)
    else:
        assert collector_of(adoption)["labels"] == {"squad": key}
        assert "squad" in collector_of(adoption)["indexLabels"]


@pytest.mark.parametrize(
    ("job", "is_reported"), [('job_name = "integrations/kubernetes/eventhandler"', True), ("", True)]
)
def test_adopt_reports_another_job_of_the_events(
    job: str,
    is_reported: bool,  # noqa: FBT001
) -> None:
    adoption = adopt(f'loki.source.kubernetes_events "events" {{\n{job}\nforward_to = []\n}}')
    entry = find_entry(adoption, "config.alloy: loki.source.kubernetes_events.events/job_name")
    assert ("kubernetes-events" in entry.text) is is_reported


@pytest.mark.parametrize(
    ("action", "regex", "key", "names"),
    [("drop", "kube-system|monitoring", "never", ["kube-system", "monitoring"]), ("keep", "shop", "only", ["shop"])],
)
def test_adopt_takes_namespaces_that_rules_select(action: str, regex: str, key: str, names: list[str]) -> None:
    selection = f'rule {{\nsource_labels = ["__meta_kubernetes_namespace"]\nregex = "{regex}"\naction = "{action}"\n}}'
    assert collector_of(adopt(relabel(selection)))["namespaces"] == {key: names}


def test_adopt_asks_about_a_selection_that_it_cannot_express() -> None:
    selection = f'rule {{\nsource_labels = ["{META}_annotation_logs"]\nregex = "off"\naction = "drop"\n}}'
    adoption = adopt(relabel(selection))
    assert verdict(adoption, "config.alloy: discovery.relabel.pods/rule 0 (drop)") == (N, "collector.pods", True)
    assert find_entry(adoption, "config.alloy: discovery.relabel.pods").verdict is T


OF_TRACE = 'stage.structured_metadata {\nvalues = {trace_id = "trace"}\n}'


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (
            'stage.drop {\nexpression = ".*(/health|/ready).*"\ndrop_counter_reason = "Health checks"\n}',
            {"drop": [{"name": "health-checks", "pattern": ".*(/health|/ready).*"}]},
        ),
        ("stage.drop {\nexpression = `\\d+ GET`\n}", {"drop": [{"name": "drop-1", "pattern": "\\d+ GET"}]}),
        ('stage.drop {\nolder_than = "24h"\n}', {"maxAge": "1d"}),
        (
            'stage.match {\nselector = "{namespace=\\"dev\\"} |~ \\"debug\\""\naction = "drop"\n}',
            {"drop": [{"name": "drop-1", "match": {"namespace": "dev"}, "pattern": "debug"}]},
        ),
        ('stage.multiline {\nfirstline = "^\\\\d{4}"\n}', {"parsers": [{"multiline": {"firstLine": "^\\d{4}"}}]}),
        (
            'stage.multiline {\nfirstline = "^\\\\d{4}"\nmax_lines = 500\nmax_wait_time = "5s"\n}',
            {"parsers": [{"multiline": {"firstLine": "^\\d{4}", "maxLines": 500, "maxWait": "5s"}}]},
        ),
        (
            'stage.json {\nexpressions = {level = "", trace = "trace.id"}\n}\n' + OF_TRACE,
            {"parsers": [{"format": "json", "fields": {"trace_id": "trace.id"}}]},
        ),
        (
            'stage.logfmt {\nmapping = {"caller" = ""}\n}\nstage.labels {\nvalues = {caller = ""}\n}',
            {"parsers": [{"format": "logfmt", "fields": {"caller": "caller"}}]},
        ),
    ],
)
def test_adopt_writes_stages_that_the_stack_file_has_keys_for(stage: str, expected: dict[str, Any]) -> None:
    adoption = adopt(pipeline(stage))
    assert collector_of(adoption) == expected
    assert adoption.decisions == ()


@pytest.mark.parametrize(
    "stage",
    [
        'stage.drop {\nsource = "level"\nvalue = "debug"\n}',
        'stage.match {\nselector = "{app=~\\"a.*\\"}"\naction = "drop"\n}',
        'stage.metrics {\nmetric.counter {\nname = "lines"\n}\n}',
        'stage.labels {\nvalues = {level = ""}\n}',
    ],
)
def test_adopt_asks_about_a_stage_without_a_key(stage: str) -> None:
    adoption = adopt(pipeline(stage))
    assert len(adoption.decisions) == 1
    assert "collector" not in stack_of(adoption)
    assert find_entry(adoption, "config.alloy: loki.process.pods").verdict is T


SYSLOG = """
loki.source.syslog "firewalls" {
  listener {
    address = "0.0.0.0:5514"
    labels  = { job = "firewalls" }
  }
  forward_to = [loki.process.pods.receiver]
}
"""


def test_adopt_passes_a_receiver_on_that_the_stack_has_no_key_for() -> None:
    adoption = adopt(SYSLOG)
    assert verdict(adoption, "config.alloy: loki.source.syslog.firewalls") == (T, "alloy.config", False)
    assert errors(adoption) == set()
    rendered = artefacts(settings_of(adoption))["config.alloy"]
    assert 'loki.source.syslog "firewalls"' in rendered
    assert stack_of(adoption)["alloy"]["config"].count("loki.process.lines.receiver") == 1


def test_adopt_does_not_pass_a_receiver_on_with_a_secret() -> None:
    adoption = adopt(SYSLOG.replace("labels  =", 'bearer_token = "SECRET"\nlabels ='))
    assert "SECRET" not in adoption.text
    assert find_entry(adoption, "config.alloy: loki.source.syslog.firewalls").decide


PROMTAIL = {
    "clients": [{"url": "http://loki:3100/loki/api/v1/push", "external_labels": {"cluster": "edge"}}],
    "scrape_configs": [
        {
            "job_name": "pods",
            "kubernetes_sd_configs": [{"role": "pod"}],
            "pipeline_stages": [{"cri": {}}, {"drop": {"expression": ".*healthz.*"}}, {"labeldrop": ["filename"]}],
            "relabel_configs": [
                {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
                {"source_labels": [f"{META}_node_name"], "target_label": "node"},
                {"action": "labelmap", "regex": f"{META}_label_(.+)"},
            ],
        },
        {"job_name": "journal", "journal": {"max_age": "12h"}},
        {"job_name": "system", "static_configs": [{"labels": {"job": "varlogs", "__path__": "/var/log/*.log"}}]},
    ],
}


def test_adopt_reads_a_configuration_of_promtail() -> None:
    adoption = adopt(yaml.safe_dump(PROMTAIL))
    collector = collector_of(adoption)
    assert stack_of(adoption)["cluster"]["name"] == "edge"
    assert collector["drop"] == [{"name": "drop-1", "pattern": ".*healthz.*"}]
    assert "node" in collector["indexLabels"]
    assert collector["sources"]["journal"] == {"enabled": True}
    assert collector["sources"]["nodeFiles"] == [{"path": "/var/log/*.log", "job": "varlogs"}]
    assert [entry.path for entry in adoption.decisions] == ["promtail: discovery.relabel.pods/rule 2 (labelmap)"]


def test_adopt_reads_values_of_promtails_chart() -> None:
    stages = [{"cri": {}}, {"json": {"expressions": {"level": "level"}}}, {"labels": {"level": None}}]
    rules = [{"source_labels": [f"{META}_label_team"], "target_label": "team"}]
    snippets = {"pipelineStages": stages, "extraRelabelConfigs": rules}
    adoption = adopt(yaml.safe_dump({"config": {"snippets": snippets}}))
    collector = collector_of(adoption)
    assert collector["labels"] == {"team": "team"}
    assert {"team", "component", "node"} <= set(collector["indexLabels"])
    assert collector["parsers"] == [{"format": "json"}]
    assert "namespace + container_name" in find_entry(adoption, "promtail: discovery.relabel.pods/rule job").text


def test_adopt_reads_a_configuration_inside_values_of_alloys_chart() -> None:
    values = {"alloy": {"configMap": {"content": relabel(rule("node", f"{META}_node_name"))}}}
    assert "node" in collector_of(adopt(yaml.safe_dump(values)))["indexLabels"]
