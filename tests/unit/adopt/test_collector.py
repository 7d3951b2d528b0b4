"""A config.alloy beside the values: each component and stage is spoken of, and no password comes out."""

import pytest

from logstack.adopt.adoption import Adoption
from logstack.adopt.alloy_text import alloy_blocks, literals
from logstack.adopt.errors import UnreadableError
from logstack.adopt.reading import Verdict
from logstack.adopt.report import report_document
from logstack.settings.model.stack_file import StackFile
from logstack.settings.tree import Settings
from tests.support.stacks import NAMES, artefacts, settings_of
from tests.unit.adopt.cases import of
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


def adopted_with(alloy: str) -> Adoption:
    return of({"loki": S3}, alloy=alloy)


def verdicts(adoption: Adoption) -> dict[str, tuple[Verdict, bool]]:
    """What is said of each part of the config.alloy."""
    own = [each for each in adoption.entries if each.path.startswith("config.alloy: ")]
    return {each.path.removeprefix("config.alloy: "): (each.verdict, each.decide) for each in own}


def test_each_component_and_stage_is_spoken_of() -> None:
    taken, elsewhere = (Verdict.UNDERSTOOD, False), (Verdict.TRANSLATED, False)
    left = (Verdict.NOT_TAKEN, True)
    assert verdicts(adopted_with(SEED)) == {
        "discovery.kubernetes.pod": taken,
        "discovery.relabel.pod_logs": taken,
        "discovery.relabel.pod_logs/rule team": left,
        "loki.source.kubernetes.pod_logs": elsewhere,
        "local.file_match.node_logs": taken,
        "loki.source.file.syslog": taken,
        "loki.source.kubernetes_events.cluster_events": taken,
        "loki.process.pod_logs": taken,
        "loki.process.pod_logs/stage.static_labels": taken,
        "loki.process.pod_logs/stage.match": left,
        "loki.process.pod_logs/stage.match/stage.json": left,
        "loki.write.default": elsewhere,
        "loki.write.default/endpoint.basic_auth": elsewhere,
        "prometheus.scrape.x": left,
    }


def test_sources_and_the_cluster_become_keys_of_the_stack_file() -> None:
    adoption = adopted_with(SEED)
    stack = stack_of(adoption)
    assert stack["cluster"]["name"] == "staging"
    assert stack["collector"] == {
        "sources": {"nodeFiles": [{"path": "/var/log/syslog", "job": "syslog"}], "events": True}
    }
    Settings.of(StackFile.model_validate(stack, by_alias=True, by_name=False))
    assert "SECRET-" not in report_document(adoption)


@pytest.mark.parametrize("stack", NAMES)
def test_our_own_configuration_is_read_to_its_end(stack: str) -> None:
    text = artefacts(settings_of(stack))["config.alloy"]
    assert len(alloy_blocks(text)) == sum(
        line.endswith("{") and not line.startswith((" ", "\t")) for line in text.splitlines()
    )


@pytest.mark.parametrize(("text", "line"), [("a {\n  b = 1\n", 2), ("a {\n} }\n", 2), ('x = 1\n"y" {\n}\n', 2)])
def test_what_is_no_configuration_of_alloy_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(UnreadableError, match=f"line {line}"):
        alloy_blocks(text)


def test_texts_are_found_in_both_kinds_of_quotes() -> None:
    assert literals('["a\\"b", `c"d`]') == ['a\\"b', 'c"d']
