"""Properties of the builders that hold for any stack file, with generated settings."""

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
from logstack.settings.tree import Settings
from tests.support.documents import differences, leaves, loki_bytes, read_yaml
from tests.support.generated import DAYS, stacks
from tests.support.stacks import changed, chart_values, data, declarations, releases

# Forty stacks for each test, which takes seconds. Without the explain phase a failure does not take minutes.
forty_stacks = profile(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
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
    "max_query_series": "max_query_series",
}
# The only values of loki.yaml that come from the environment of the pods.
KEY_PLACEHOLDERS = (f"${{{FORMER_ACCESS_KEY_ID}}}", f"${{{FORMER_SECRET_ACCESS_KEY}}}")
# Names of keys whose value would be a secret. `credentialsSecret` and `secretRef` only name a Secret.
SECRET_KEY = re.compile(
    r"(?i)(^|_|-|\.)(password|passwd|pwd|token|api_?key|(secret_)?access_?key(_?id)?|private_?key)$"
)


def objects(settings: Settings) -> dict[str, object]:
    """Return all declared objects, with loki.yaml and the overrides as documents."""
    declared = declarations(settings)
    documents = {name: read_yaml(data(declared, f"loki/{name}")) for name in ("loki-config", "loki-overrides")}
    return {name: child.inputs for name, child in declared.items() if not name.startswith("loki/loki-")} | documents


@forty_stacks
@given(stacks(), DAYS)
def test_changed_retention_changes_its_keys_and_the_config_hash_only(stack: Settings, days: int) -> None:
    changed_stack = changed(stack, retention=f"{days}d")
    before, after = objects(stack), objects(changed_stack)
    allowed = {"loki-config.limits_config.retention_period"}
    limits = stack.limits
    if stack.longest_retention != changed_stack.longest_retention:
        allowed |= set() if limits.max_query_length else {"loki-config.limits_config.max_query_length"}
        allowed |= set() if limits.max_query_lookback else {"loki-config.limits_config.max_query_lookback"}
    hash_key = "loki/loki.values.loki.podAnnotations.logstack/config-hash"
    week = timedelta(days=7)
    if min(stack.longest_retention, week) != min(changed_stack.longest_retention, week):
        allowed.add("loki-config.limits_config.reject_old_samples_max_age")
    is_changed = stack.retention != timedelta(days=days)
    assert differences(before, after).keys() == (allowed | {hash_key} if is_changed else set())


@forty_stacks
@given(stacks(), st.sampled_from(sorted(OVERRIDES)), st.integers(4 * 1024, 10**7))  # in the range of each limit
def test_changed_limit_changes_the_overrides_without_a_restart(stack: Settings, limit: str, size: int) -> None:
    after = changed(stack, limits={**stack.limits.model_dump(), limit: size})
    tenants = (*(stack.tenant_names or ("fake",)), stack.canary_tenant)
    keys = {f"loki-overrides.overrides.{tenant}.{OVERRIDES[limit]}" for tenant in tenants}
    # The body limit of nginx follows the largest push: it rolls the gateway only.
    gateway = {"loki/loki.values.gateway.nginxConfig.clientMaxBodySize"} if limit == "ingestion_burst" else set()
    # The collector truncates lines that Loki would refuse; Alloy also reloads without a restart.
    collector_files = ("alloy/alloy-config.", "alloy/alloy-events-config.") if limit == "max_line_size" else ()
    changed_paths = differences(objects(stack), objects(after)).keys()
    assert {path for path in changed_paths if not path.startswith(collector_files)} <= keys | gateway
    overrides = objects(after)["loki-overrides"]
    assert isinstance(overrides, Mapping)
    assert read_limit(overrides["overrides"]["fake"][OVERRIDES[limit]], OVERRIDES[limit]) == pytest.approx(
        size, abs=600
    )


def read_limit(written: str | float, key: str) -> float:
    """Return a limit in bytes as Loki reads it: `_mb` counts MiB."""
    if isinstance(written, str):
        return loki_bytes(written)
    return written * 1024**2 if key.endswith("_mb") else written


@forty_stacks
@given(stacks())
def test_chart_values_have_no_none_and_no_large_number(stack: Settings) -> None:
    """Pulumi drops None and turns numbers into floats: a large one becomes 1e+06."""
    for chart, release in releases(stack):
        for path, value in leaves(chart_values(stack, chart, release)):
            assert value is not None, path
            if isinstance(value, Secret):  # the chart gets its fingerprint, never its value
                assert value.fingerprint, path
                continue
            assert isinstance(value, str | bool | int), path
            assert isinstance(value, str) or abs(value) < 1_000_000, path


@forty_stacks
@given(stacks())
def test_deployed_objects_have_no_key_for_a_secret_value(stack: Settings) -> None:
    # `stringData` of the Secret is filled from the Pulumi config; a boolean is no secret.
    paths = [
        path
        for path, value in leaves(objects(stack))
        if SECRET_KEY.search(path) and not isinstance(value, bool) and value not in KEY_PLACEHOLDERS
    ]
    assert [path for path in paths if ".stringData." not in path] == []
    declared = declarations(stack)
    for name in ("alloy/alloy-config", "alloy/alloy-events-config"):
        alloy = data(declared, name) if name in declared else ""
        assert not re.search(r"^\s*(?:password|bearer_token|credentials)(?!_file)\w* ", alloy, re.MULTILINE)


@forty_stacks
@given(stacks())
def test_chart_values_have_the_replicas_of_the_mode_and_zero_for_other_modes(stack: Settings) -> None:
    values = chart_values(stack, "loki")
    expected = {role: stack.replicas[role] if role.replace("_", "-") in stack.roles else 0 for role in ROLES}
    replicas = {
        key: value["replicas"]
        for key, value in values.items()
        if isinstance(value, Mapping) and "replicas" in value and key != "gateway"
    }
    assert {role: replicas.pop(ROLES[role]) for role in ROLES} == expected
    if stack.deployment_mode == "distributed":
        assert replicas.pop("ruler") == stack.replicas["ruler"]
    assert set(replicas.values()) == {0}


@forty_stacks
@given(stacks())
def test_loki_yaml_is_unchanged_by_yaml_and_by_environment_expansion(stack: Settings) -> None:
    for name in ("loki-config", "loki-overrides"):
        text = data(declarations(stack), f"loki/{name}")
        document = read_yaml(text)
        assert read_yaml(yaml_text(document)) == document
        # -config.expand-env replaces ${NAME} before Loki reads the YAML: the address of a claim, the name and address
        # of the pod, and the access key of a former store, which stands in quotes so that it stays text.
        for expression in (
            "://${BUCKET_HOST}:${BUCKET_PORT}",
            "compactor-token-${HOSTNAME}",
            "instance_addr: '${POD_IP}'",
        ):
            text = text.replace(expression, "")
        for placeholder in KEY_PLACEHOLDERS:
            text = text.replace(f": '{placeholder}'\n", "")
        assert "$" not in text


@forty_stacks
@given(stacks())
def test_declarations_are_equal_when_built_twice(stack: Settings) -> None:
    assert declarations(stack) == declarations(Settings.model_validate(stack.model_dump()))


@forty_stacks
@given(stacks())
def test_queries_reach_back_as_far_as_the_retention(stack: Settings) -> None:
    """The longest query is one hour longer than the retention, for clients with a fast clock."""
    document = objects(stack)["loki-config"]
    assert isinstance(document, Mapping)
    limits = document["limits_config"]
    hour = timedelta(hours=1)
    assert limits["retention_period"] == loki_duration(stack.retention)
    assert limits["max_query_length"] == loki_duration(stack.limits.max_query_length or stack.longest_retention + hour)
    assert limits["max_query_lookback"] == loki_duration(stack.limits.max_query_lookback or stack.longest_retention)
    kind = document["schema_config"]["configs"][-1]["object_store"]
    compactor = {"retention_enabled": True, "delete_request_store": kind}
    assert compactor.items() <= document["compactor"].items()


def test_tenant_limits_are_all_in_overrides_or_loki_yaml() -> None:
    in_loki_yaml = {"max_query_length", "max_query_lookback", "query_timeout"}
    assert set(type(LokiSettings().limits).model_fields) == OVERRIDES.keys() | in_loki_yaml
