"""What holds for whatever a stack file says: builders under generated settings."""

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from logstack.manifests.manifest import Secret, yaml_text
from logstack.manifests.stores.access import FORMER_ACCESS_KEY_ID, FORMER_SECRET_ACCESS_KEY
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.quantities import loki_duration
from logstack.settings.model.tree import Settings
from tests.support.documents import differences, leaves, loki_bytes, read_yaml
from tests.support.generated import DAYS, stacks
from tests.support.stacks import changed, chart_values, data, declarations

# Forty stacks each: the whole file takes some seconds. Without the phase that explains, a failure takes no minutes.
some = profile(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
ROLES = {
    "write": "write",
    "read": "read",
    "backend": "backend",
    "monolithic": "singleBinary",
    "distributor": "distributor",
    "ingester": "ingester",
    "querier": "querier",
    "query_frontend": "queryFrontend",
    "query_scheduler": "queryScheduler",
    "index_gateway": "indexGateway",
    "compactor": "compactor",
}
OVERRIDES = {
    "ingestion_rate": "ingestion_rate_mb",
    "ingestion_burst": "ingestion_burst_size_mb",
    "per_stream_rate": "per_stream_rate_limit",
    "per_stream_burst": "per_stream_rate_limit_burst",
    "max_streams": "max_global_streams_per_user",
    "max_line_size": "max_line_size",
    "max_entries_per_query": "max_entries_limit_per_query",
}
# The only places of loki.yaml that the pods' environment fills.
PLACES = (f"${{{FORMER_ACCESS_KEY_ID}}}", f"${{{FORMER_SECRET_ACCESS_KEY}}}")
# Keys that carry a key, a password or a token of something. `credentialsSecret` and `secretRef` name a Secret.
SECRET_KEY = re.compile(
    r"(?i)(^|_|-|\.)(password|passwd|pwd|token|api_?key|(secret_)?access_?key(_?id)?|private_?key)$"
)


def objects(settings: Settings) -> dict[str, object]:
    """Everything that is declared, with loki.yaml and the overrides as documents."""
    declared = declarations(settings)
    documents = {name: read_yaml(data(declared, f"loki/{name}")) for name in ("loki-config", "loki-overrides")}
    return {name: child.inputs for name, child in declared.items() if not name.startswith("loki/loki-")} | documents


@some
@given(stacks(), DAYS)
def test_another_retention_changes_its_keys_and_the_annotation_that_rolls_the_pods(stack: Settings, days: int) -> None:
    other = changed(stack, retention=f"{days}d")
    before, after = objects(stack), objects(other)
    allowed = {"loki-config.limits_config.retention_period"}
    limits = stack.limits
    if stack.longest_retention != other.longest_retention:
        allowed |= set() if limits.max_query_length else {"loki-config.limits_config.max_query_length"}
        allowed |= set() if limits.max_query_lookback else {"loki-config.limits_config.max_query_lookback"}
    hash_key = "loki/loki.values.loki.podAnnotations.logstack/config-hash"
    week = timedelta(days=7)
    if min(stack.longest_retention, week) != min(other.longest_retention, week):
        allowed.add("loki-config.limits_config.reject_old_samples_max_age")
    is_other = stack.retention != timedelta(days=days)
    assert differences(before, after).keys() == (allowed | {hash_key} if is_other else set())


@some
@given(stacks(), st.sampled_from(sorted(OVERRIDES)), st.integers(4 * 1024, 10**7))  # in the range of each limit
def test_a_limit_reaches_loki_without_a_restart(stack: Settings, limit: str, size: int) -> None:
    after = changed(stack, limits={**stack.limits.model_dump(), limit: size})
    tenants = (*(stack.tenant_names or ("fake",)), stack.canary_tenant)
    keys = {f"loki-overrides.overrides.{tenant}.{OVERRIDES[limit]}" for tenant in tenants}
    # nginx's own limit follows the largest push: that rolls the gateway and nothing else.
    gateway = {"loki/loki.values.gateway.nginxConfig.clientMaxBodySize"} if limit == "ingestion_burst" else set()
    # The collector cuts what Loki would refuse; Alloy takes its configuration up without a restart as well.
    cut = ("alloy/alloy-config.", "alloy/alloy-events-config.") if limit == "max_line_size" else ()
    found = differences(objects(stack), objects(after)).keys()
    assert {path for path in found if not path.startswith(cut)} <= keys | gateway
    written = objects(after)["loki-overrides"]
    assert isinstance(written, Mapping)
    assert read_limit(written["overrides"]["fake"][OVERRIDES[limit]], OVERRIDES[limit]) == pytest.approx(size, abs=600)


def read_limit(written: str | float, key: str) -> float:
    """A limit as Loki reads it: `_mb` counts MiB."""
    if isinstance(written, str):
        return loki_bytes(written)
    return written * 1024**2 if key.endswith("_mb") else written


@some
@given(stacks())
def test_chart_values_survive_the_way_to_the_provider(stack: Settings) -> None:
    """Pulumi drops None, and makes floats of numbers: a large one would be printed as 1e+06."""
    for chart in ("loki", "alloy"):
        for path, value in leaves(chart_values(stack, chart)):
            assert value is not None, path
            if isinstance(value, Secret):  # of which a chart gets a text, and never the value
                assert value.fingerprint, path
                continue
            assert isinstance(value, str | bool | int), path
            assert isinstance(value, str) or abs(value) < 1_000_000, path


@some
@given(stacks())
def test_nothing_that_is_deployed_has_a_key_for_a_secret_value(stack: Settings) -> None:
    # The Secret that is filled from the Pulumi config names the places; a flag is no secret.
    found = [
        path
        for path, value in leaves(objects(stack))
        if SECRET_KEY.search(path) and not isinstance(value, bool) and value not in PLACES
    ]
    assert [path for path in found if ".stringData." not in path] == []
    alloy = data(declarations(stack), "alloy/alloy-config")
    assert not re.search(r"^\s*(?:password|bearer_token|credentials)(?!_file)\w* ", alloy, re.MULTILINE)


@some
@given(stacks())
def test_pods_of_other_modes_are_none_and_those_of_the_mode_are_as_many_as_said(stack: Settings) -> None:
    values = chart_values(stack, "loki")
    told = {role: stack.replicas[role] if role.replace("_", "-") in stack.roles else 0 for role in ROLES}
    known = {
        key: value["replicas"]
        for key, value in values.items()
        if isinstance(value, Mapping) and "replicas" in value and key != "gateway"
    }
    assert {role: known.pop(ROLES[role]) for role in ROLES} == told
    if stack.deployment_mode == "distributed":
        assert known.pop("ruler") == stack.replicas["ruler"]
    assert set(known.values()) == {0}


@some
@given(stacks())
def test_loki_yaml_says_the_same_after_yaml_and_after_lokis_environment(stack: Settings) -> None:
    for name in ("loki-config", "loki-overrides"):
        text = data(declarations(stack), f"loki/{name}")
        document = read_yaml(text)
        assert read_yaml(yaml_text(document)) == document
        # -config.expand-env replaces ${NAME} before the YAML is read: of a claim's address, of a pod's own name and
        # address, and of a former store's key, in quotes, which keep what it is text.
        for meant in ("://${BUCKET_HOST}:${BUCKET_PORT}", "compactor-token-${HOSTNAME}", "instance_addr: '${POD_IP}'"):
            text = text.replace(meant, "")
        for place in PLACES:
            text = text.replace(f": '{place}'\n", "")
        assert "$" not in text


@some
@given(stacks())
def test_building_twice_gives_the_same(stack: Settings) -> None:
    assert declarations(stack) == declarations(Settings.model_validate(stack.model_dump()))


@some
@given(stacks())
def test_retention_is_served_whole(stack: Settings) -> None:
    """Queries reach back as far as lines are kept, and the longest query is longer by the hour of a fast clock."""
    document = objects(stack)["loki-config"]
    assert isinstance(document, Mapping)
    limits = document["limits_config"]
    hour = timedelta(hours=1)
    assert limits["retention_period"] == loki_duration(stack.retention)
    assert limits["max_query_length"] == loki_duration(stack.limits.max_query_length or stack.longest_retention + hour)
    assert limits["max_query_lookback"] == loki_duration(stack.limits.max_query_lookback or stack.longest_retention)
    kind = document["schema_config"]["configs"][-1]["object_store"]
    said = {"retention_enabled": True, "delete_request_store": kind}
    assert said.items() <= document["compactor"].items()


def test_every_limit_of_a_tenant_is_an_override_or_set_in_loki_yaml() -> None:
    in_loki_yaml = {"max_query_length", "max_query_lookback", "query_timeout"}
    assert set(type(LokiSettings().limits).model_fields) == OVERRIDES.keys() | in_loki_yaml
