"""`logstack adopt --config-alloy`: it reports each component and stage, and reveals no password."""

import pytest

from logstack.adopt.adoption import Adoption
from logstack.adopt.reading import Verdict
from logstack.adopt.report import report_document
from logstack.settings.model.collector import DEFAULT_INDEX_LABELS
from logstack.settings.model.stack_file import StackFile
from logstack.settings.passthrough.alloy_text import AlloyTextError, alloy_blocks, literals
from logstack.settings.tree import Settings
from tests.support.stacks import NAMES, artefacts, settings_of
from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import S3, stack_of

# Modelled after the description of a collector that reads through the API, with the nodes' syslog and events.
SEED = """
// pods on this node
discovery.kubernetes "pod" { role = "pod"
  selectors {
    role  = "pod"
    field = "spec.nodeName=" + env("HOSTNAME")
  }
}
discovery.relabel "pod_logs" {
  targets = discovery.kubernetes.pod.targets
  rule { source_labels = ["__meta_kubernetes_namespace"]
    target_label = "namespace" }
  rule {
    source_labels = ["__meta_kubernetes_pod_label_team"] /* a comment } */
    target_label  = "team"
  }
}
loki.source.kubernetes "pod_logs" {
  targets    = discovery.relabel.pod_logs.output
  forward_to = [loki.process.pod_logs.receiver]
}
local.file_match "node_logs" {
  path_targets = [{
    __path__ = "/var/log/syslog",
    job      = "node/syslog",
  }]
}
loki.source.file "syslog" {
  targets    = local.file_match.node_logs.targets
  forward_to = [loki.write.default.receiver]
}
loki.source.kubernetes_events "cluster_events" {
  forward_to = [loki.write.default.receiver]
}
loki.process "pod_logs" {
  stage.static_labels {
    values = {
      cluster = "staging",
    }
  }
  stage.match {
    selector = `{app="x"}`
    stage.json { expressions = {level = ""} }
  }
  forward_to = [loki.write.default.receiver]
}
loki.write "default" {
  endpoint {
    url = "http://loki-write.monitoring.svc.cluster.local:3100/loki/api/v1/push"
    basic_auth {
      username = "u"
      password = "SECRET-password"
    }
  }
}
prometheus.scrape "x" { targets = [] }
"""


def adopt_alloy(alloy: str) -> Adoption:
    return adopt_values({"loki": S3}, alloy=alloy)


def verdicts(adoption: Adoption) -> dict[str, tuple[Verdict, bool]]:
    """Return, for each component and stage, its verdict and whether the user has to decide."""
    entries = [each for each in adoption.entries if each.path.startswith("config.alloy: ")]
    return {each.path.removeprefix("config.alloy: "): (each.verdict, each.decide) for each in entries}


def test_adopt_reports_each_component_and_stage_of_alloy() -> None:
    understood, translated = (Verdict.UNDERSTOOD, False), (Verdict.TRANSLATED, False)
    not_taken = (Verdict.NOT_TAKEN, True)
    assert verdicts(adopt_alloy(SEED)) == {
        "discovery.kubernetes.pod": understood,
        "discovery.relabel.pod_logs": understood,
        "discovery.relabel.pod_logs/rule namespace": understood,
        "discovery.relabel.pod_logs/rule team": understood,
        "loki.source.kubernetes.pod_logs": translated,
        "local.file_match.node_logs": understood,
        "loki.source.file.syslog": understood,
        "loki.source.kubernetes_events.cluster_events": translated,
        "loki.source.kubernetes_events.cluster_events/job_name": translated,
        "loki.process.pod_logs": translated,
        "loki.process.pod_logs/stage.static_labels": understood,
        "loki.process.pod_logs/stage.match": not_taken,
        "loki.process.pod_logs/stage.match/stage.json": not_taken,
        "loki.write.default": translated,
        "loki.write.default/endpoint.basic_auth": translated,
        "prometheus.scrape.x": not_taken,
    }


def test_adopt_writes_alloys_sources_and_cluster_to_the_stack_file() -> None:
    adoption = adopt_alloy(SEED)
    stack = stack_of(adoption)
    assert stack["cluster"]["name"] == "staging"
    assert stack["collector"] == {
        "indexLabels": [*DEFAULT_INDEX_LABELS, "team"],
        "labels": {"team": "team"},
        "sources": {"nodeFiles": [{"path": "/var/log/syslog", "job": "node/syslog"}], "events": True},
    }
    Settings.of(StackFile.model_validate(stack, by_alias=True, by_name=False))
    assert "SECRET-" not in report_document(adoption)


@pytest.mark.parametrize("stack", NAMES)
def test_alloy_blocks_reads_our_own_configuration_to_its_end(stack: str) -> None:
    text = artefacts(settings_of(stack))["config.alloy"]
    assert len(alloy_blocks(text)) == sum(
        line.endswith("{") and not line.startswith((" ", "\t")) for line in text.splitlines()
    )


@pytest.mark.parametrize(("text", "line"), [("a {\n  b = 1\n", 2), ("a {\n} }\n", 2), ('x = 1\n"y" {\n}\n', 2)])
def test_alloy_blocks_refuses_invalid_text_with_its_line(text: str, line: int) -> None:
    with pytest.raises(AlloyTextError, match=f"line {line}"):
        alloy_blocks(text)


def test_literals_reads_both_kinds_of_quotes() -> None:
    assert literals('["a\\"b", `c"d`]') == ['a\\"b', 'c"d']
