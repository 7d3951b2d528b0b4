"""The picture shows what the stack is."""

from typing import Any

import pytest

from logstack.docsgen.picture import picture
from logstack.settings.load.loader import load_stack_file
from logstack.settings.tree import Settings
from tests.support.stacks import ROOT, settings_of


def settings(**more: Any) -> Settings:
    return Settings.model_validate({"cluster": {"name": "a", "context": "a"}, **more})


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_every_arrow_joins_two_parts_that_are_drawn(stack: str) -> None:
    lines = picture(load_stack_file(stack, ROOT).settings).splitlines()
    drawn = {line.split("[")[0].strip() for line in lines if "[" in line and "subgraph" not in line}
    ends = {part for line in lines if ">" in line and "[" not in line for part in (line.split()[0], line.split()[-1])}
    assert ends == drawn


def test_a_direct_canary_pushes_to_the_gateway() -> None:
    drawn = picture(settings(objectStore={"kind": "embedded"}, canary={"route": "direct"}))
    assert "canary -- a line a second --> gateway" in drawn


def test_one_monolithic_loki_does_everything() -> None:
    drawn = picture(settings(objectStore={"kind": "filesystem"}, deploymentMode="monolithic", replicationFactor=1))
    assert "Loki monolithic x1" in drawn
    assert "a directory of Loki's volume" in drawn
    assert "read" not in drawn


def test_a_query_finds_its_way_through_each_component_of_the_distributed_mode() -> None:
    lines = picture(settings_of("distributed")).splitlines()
    drawn = {line.split("[")[0].strip() for line in lines if "[" in line and "subgraph" not in line}
    ends = {part for line in lines if ">" in line and "[" not in line for part in (line.split()[0], line.split()[-1])}
    assert ends == drawn
    assert set(settings_of("distributed").roles) <= drawn
    for arrow in ("gateway --> distributor", "distributor --> ingester", "query-scheduler --> querier"):
        assert f"  {arrow}" in lines
    assert "  query-frontend --> results" in lines
