"""Selectors of retention rules: the checks accept exactly those that Loki accepts."""

from pathlib import Path

import pytest

from logstack.manifests.loki.config import loki_config
from logstack.manifests.manifest import yaml_text
from logstack.manifests.stores.kinds import store_access
from logstack.settings.model.selectors import parse_selector
from tests.support.real import binary, run
from tests.support.stacks import settings_of

pytestmark = pytest.mark.real
SELECTORS = [
    '{namespace="dev"}',
    "{ namespace =~ `d.v\\.` , app!='x' }",
    "{namespace=~`d.v\\.`,app!~`x`}",
    '{namespace="dev",}',
    '{,namespace="dev"}',
    "{}",
    '{namespace!="dev"}',
    '{namespace=""}',
    '{namespace=~".*"}',
    '{namespace=~".+"}',
    '{namespace=~""}',
    '{namespace!=""}',
    '{namespace!~"a"}',
    '{namespace=~"dev\\."}',
    '{namespace=~"dev\\\\."}',
    '{namespace=~"dev("}',
    '{name space="dev"}',
    '{9a="dev"}',
    'namespace="dev"',
    '{namespace="dev"} |= "x"',
    ' {namespace="dev"} ',
    '{namespace="a\\"b"}',
    '{namespace="dev" app="x"}',
    "{namespace=dev}",
    '{namespace=="dev"}',
    '{namespace="dev"}}',
    '{namespace=~"(?i)dev"}',
]


@pytest.mark.parametrize("selector", SELECTORS)
def test_checks_accept_a_selector_exactly_when_loki_does(selector: str, tmp_path: Path) -> None:
    settings = settings_of("staging")
    config = loki_config(settings, store_access(settings.object_store, settings.cluster), settings.cluster)
    limits = config["limits_config"]
    assert isinstance(limits, dict)
    rule = {"selector": selector, "priority": 1, "period": "24h"}
    file = tmp_path / "loki.yaml"
    file.write_text(yaml_text({**config, "limits_config": {**limits, "retention_stream": [rule]}}))
    loki_accepts = run([str(binary("loki")), f"-config.file={file}", "-verify-config"]).returncode == 0
    try:
        parse_selector(selector)
        checks_accept = True
    except ValueError:
        checks_accept = False
    assert checks_accept == loki_accepts
