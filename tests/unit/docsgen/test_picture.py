"""The picture of a stack."""

from typing import Any

import pytest

from logstack.docsgen.picture import picture
from logstack.settings.load.loader import load_stack_file
from logstack.settings.tree import Settings
from tests.support.stacks import ROOT, settings_of


def settings(**keys: Any) -> Settings:
    return Settings.model_validate({"cluster": {"name": "a", "context": "a"}, **keys})


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_picture_joins_only_nodes_that_it_draws(stack: str) -> None:
    lines = picture(load_stack_file(stack, ROOT).settings).splitlines()
    nodes = {line.split("[")[0].strip() for line in lines if "[" in line and "subgraph" not in line}
    ends = {node for line in lines if ">" in line and "[" not in line for node in (line.split()[0], line.split()[-1])}
    assert ends == nodes


def test_picture_joins_a_direct_canary_to_the_gateway() -> None:
    text = picture(settings(objectStore={"kind": "embedded"}, canary={"route": "direct"}))
    assert "canary -- a line a second --> gateway" in text


def test_picture_shows_one_node_for_monolithic_loki() -> None:
    text = picture(settings(objectStore={"kind": "filesystem"}, deploymentMode="monolithic", replicationFactor=1))
    assert "Loki monolithic x1" in text
    assert "a directory of Loki's volume" in text
    assert "read" not in text


def test_picture_shows_the_query_path_of_the_distributed_mode() -> None:
    lines = picture(settings_of("distributed")).splitlines()
    nodes = {line.split("[")[0].strip() for line in lines if "[" in line and "subgraph" not in line}
    ends = {node for line in lines if ">" in line and "[" not in line for node in (line.split()[0], line.split()[-1])}
    assert ends == nodes
    assert set(settings_of("distributed").roles) <= nodes
    for arrow in ("gateway --> distributor", "distributor --> ingester", "query-scheduler --> querier"):
        assert f"  {arrow}" in lines
    assert "  query-frontend --> results" in lines
