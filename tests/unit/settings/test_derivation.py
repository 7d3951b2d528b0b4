"""Settings derived from an ingest: by the sizing table, within the range of the mode, below stated keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from logstack.settings.checks import ingest as checks
from logstack.settings.model.loki import Replicas, SizeOverrides
from logstack.settings.model.quantities import parse_ingest, parse_size
from logstack.settings.model.roles import Role
from logstack.settings.model.sizes import SIZES, SizeName
from logstack.settings.resolve.derivation import Derivation
from logstack.settings.resolve.sizing import SIZING, row_of
from logstack.settings.tree import Settings
from tests.unit.settings.stacks import TODAY, messages_for, stack

GB, GIB, MIB = 10**9, 1024**3, 1024**2
MODES = ("monolithic", "simple-scalable", "distributed")
STORES = (
    {"kind": "s3-compatible", "bucket": "loki-test", "endpoint": "http://10.0.0.1:9000"},
    {"kind": "embedded"},
    {"kind": "filesystem"},
)


def settings_with(**keys: Any) -> Settings:
    return Settings.model_validate(
        {"cluster": {"name": "test", "context": "test"}, "objectStore": STORES[0], "deploymentMode": "simple-scalable"}
        | keys
    )


def derivations_of(settings: Settings) -> list[Derivation]:
    derivations = (origin.derivation for origin in settings.provenance.values())
    return [each for each in derivations if each and each.is_of_ingest]


def test_nothing_is_derived_when_there_is_no_ingest() -> None:
    plain = settings_with()
    assert derivations_of(plain) == []
    assert plain.size == SizeName.SMALL
    assert plain.resources == SizeOverrides()
    assert plain.resources_of("write") == SIZES[SizeName.SMALL]["write"]


def test_ingest_of_110_gb_a_day_gives_the_pods_of_seed_000() -> None:
    sized = settings_with(ingest="110GB/day")
    assert [sized.replica_count(role) for role in sized.roles] == [3, 3, 3]
    assert sized.resources_of("write") == SIZES[SizeName.MEDIUM]["write"]
    assert sized.resources_of("gateway") == SIZES[SizeName.MEDIUM]["gateway"]
    assert sized.resources_of("alloy").cpu == 500
    assert sized.caches.chunks == GIB
    assert sized.replay_ceiling == GIB
    assert sized.limits.ingestion_rate == 10 * MIB


def test_ingestion_rate_is_three_times_the_average_and_the_burst_is_twice_the_rate() -> None:
    limits = settings_with(ingest="500GB/day").limits
    assert limits.ingestion_rate == 17 * MIB  # 500e9 / 86400 * 3 / 1024**2 = 16.6
    assert limits.ingestion_burst == 34 * MIB


@pytest.mark.parametrize(
    ("keys", "path", "value"),
    [
        ({"replicas": {"write": 5}}, "replicas.write", 5),
        ({"limits": {"ingestionRate": "1Mi"}}, "limits.ingestion_rate", MIB),
        ({"limits": {"maxStreams": 7}}, "limits.max_streams", 7),
        ({"caches": {"chunks": "64Mi"}}, "caches.chunks", 64 * MIB),
        ({"caches": {"chunks": None}}, "caches.chunks", None),
        ({"size": "extra-small"}, "size", "extra-small"),
    ],
)
def test_stated_keys_win_over_derived_ones(keys: dict[str, Any], path: str, value: object) -> None:
    sized = settings_with(ingest="500GB/day", **keys)
    at: Any = sized
    for name in path.split("."):
        at = getattr(at, name)
    assert at == value
    stated = [each for each in derivations_of(sized) if each.is_stated]
    assert path in {each.key for each in stated}
    assert sized.caches.results == GIB // 2
    assert sized.replicas["read"] == 3


def test_stated_resources_of_one_role_leave_the_roles_without_any_to_the_row() -> None:
    sized = settings_with(ingest="110GB/day", resources={"write": {"cpu": "3", "memory": "9Gi"}})
    assert sized.resources_of("write").memory == 9 * GIB
    assert sized.resources_of("read") == SIZES[SizeName.MEDIUM]["read"]
    assert sized.replay_ceiling == 9 * GIB // 2


def test_role_with_a_dash_in_its_name_can_be_stated() -> None:
    sized = settings_with(
        deploymentMode="distributed",
        ingest="2000GB/day",
        replicas={"queryFrontend": 5},
        resources={"queryFrontend": {"cpu": "3", "memory": "9Gi"}},
    )
    assert sized.replica_count("query-frontend") == 5
    assert sized.resources_of("query-frontend").memory == 9 * GIB
    assert sized.replica_count("query-scheduler") == 2
    assert sized.resources_of("index-gateway").disk == 10 * GIB
    stated = {each.key for each in derivations_of(sized) if each.is_stated}
    assert stated == {"replicas.query_frontend", "resources.query_frontend"}


@pytest.mark.parametrize(
    ("mode", "role"),
    [(mode, role) for mode in SIZING for role, pods in SIZING[mode].rows[0].roles.items() if pods.size.disk],
)
def test_stated_cpu_and_memory_leave_the_volume_to_the_table(mode: str, role: Role) -> None:
    """Without a disk size the StatefulSet would get the chart's own volume of 10Gi."""
    keys: dict[str, Any] = {"resources": {to_camel(role.replace("-", "_")): {"cpu": "2", "memory": "3Gi"}}}

    def disk(**more: Any) -> int | None:
        sized = settings_with(deploymentMode=mode, **keys, **more)
        assert sized.resources_of(role).cpu == 2000
        assert Settings.model_validate(sized.model_dump(by_alias=True, exclude_unset=True)) == sized
        return sized.resources_of(role).disk

    row = SIZING[mode].rows[-1]
    ingest = f"{row.up_to // GB}GB/day"
    assert disk() == SIZES[SizeName.SMALL][role].disk
    assert disk(ingest=ingest) == row.roles[role].size.disk
    assert disk(ingest=ingest, size="extra-small") == SIZES[SizeName.EXTRA_SMALL][role].disk


def test_stated_volume_is_used_and_a_role_without_a_volume_gets_none() -> None:
    sized = settings_with(
        resources={"backend": {"cpu": "1", "memory": "1Gi", "disk": "7Gi"}, "read": {"cpu": "1", "memory": "1Gi"}}
    )
    assert sized.resources_of("backend").disk == 7 * GIB
    assert sized.resources_of("read").disk is None


def test_volume_of_a_filesystem_store_has_room_for_the_lines_when_resources_are_stated() -> None:
    keys: dict[str, Any] = {"deploymentMode": "monolithic", "objectStore": {"kind": "filesystem"}, "ingest": "5GB/day"}
    stated = settings_with(resources={"monolithic": {"cpu": "1", "memory": "3Gi"}}, **keys)
    assert stated.resources_of("monolithic").disk == settings_with(**keys).resources_of("monolithic").disk


def test_volume_has_room_for_all_lines_at_the_longest_retention() -> None:
    keys: dict[str, Any] = {"deploymentMode": "monolithic", "objectStore": {"kind": "filesystem"}, "ingest": "5GB/day"}
    ruled = settings_with(retention="7d", retentionStreams=[{"selector": '{namespace="a"}', "period": "60d"}], **keys)
    assert (
        ruled.resources_of("monolithic").disk == settings_with(retention="60d", **keys).resources_of("monolithic").disk
    )


def test_stated_size_decides_the_resources_of_every_role() -> None:
    sized = settings_with(ingest="500GB/day", size="small")
    assert {sized.resources_of(role) == SIZES[SizeName.SMALL][role] for role in SIZES[SizeName.SMALL]} == {True}
    assert sized.replicas["write"] == 3


def test_burst_is_twice_the_stated_rate() -> None:
    assert settings_with(ingest="1GB/day", limits={"ingestionRate": "40Mi"}).limits.ingestion_burst == 80 * MIB


@pytest.mark.parametrize(
    ("keys", "replicas"),
    [
        ({"ingest": "5GB/day"}, 3),
        ({"ingest": "5GB/day", "replicationFactor": 1}, 1),
        ({"ingest": "5GB/day", "replicationFactor": 2}, 3),
        ({"ingest": "5GB/day", "replicationFactor": 5}, 5),
        ({"ingest": "30GB/day", "replicationFactor": 1}, 3),
        ({"ingest": "30GB/day", "objectStore": {"kind": "filesystem"}}, 1),
    ],
)
def test_monolithic_replicas_match_the_replication_factor_and_a_directory_has_one(
    keys: dict[str, Any], replicas: int
) -> None:
    assert settings_with(deploymentMode="monolithic", **keys).replica_count("monolithic") == replicas


@pytest.mark.parametrize("kind", ["embedded", "filesystem"])
def test_volume_of_the_store_holds_the_retention(kind: str) -> None:
    def volume(days: int) -> int:
        keys: dict[str, Any] = {"ingest": "5GB/day", "retention": f"{days}d", "replicationFactor": 1}
        sized = settings_with(deploymentMode="monolithic", objectStore={"kind": kind}, **keys)
        assert not list(checks.volume_holds_the_retention(sized, today=TODAY))
        return getattr(sized.object_store, "size", None) or sized.resources_of("monolithic").disk or 0

    assert volume(60) - volume(30) == pytest.approx(30 * 5 * GB * 0.303 / 0.9, abs=5 * GIB)
    stated = settings_with(ingest="5GB/day", objectStore={"kind": "embedded", "size": "1Gi"})
    assert getattr(stated.object_store, "size", None) == GIB


def test_derived_settings_are_not_reported_as_stated() -> None:
    sized = settings_with(ingest="110GB/day", replicas={"write": 4})
    assert sized.stated.replicas.model_fields_set == {"write"}
    assert "limits" not in sized.stated.model_fields_set
    assert [sized.provenance[key].source for key in ("replicas.write", "replicas.read", "retention")] == [
        "stated",
        "derived",
        "default",
    ]
    again = Settings.model_validate(sized.model_dump(by_alias=True, exclude_unset=True))
    assert again == sized
    assert derivations_of(again) == derivations_of(sized)


@profile(max_examples=60)
@given(st.sampled_from(MODES), st.sampled_from(STORES), st.integers(1, 3000), st.integers(1, 5), st.integers(1, 90))
def test_derived_settings_pass_the_checks_of_the_ingest(
    mode: str, store: dict[str, Any], gigabytes: int, copies: int, days: int
) -> None:
    most = SIZING[mode].rows[-1].up_to // GB
    sized = settings_with(
        deploymentMode=mode,
        objectStore=store,
        ingest=f"{min(gigabytes, most)}GB/day",
        replicationFactor=copies,
        retention=f"{days}d",
    )
    problems = [problem.name for check in checks.CHECKS for problem in check(sized)]
    problems += [problem.name for problem in checks.volume_holds_the_retention(sized, today=TODAY)]
    alone = mode == "monolithic" and sized.writers == 1 and (sized.ingest or 0) > 20 * GB
    assert problems == (["single-replica-above-range"] if alone else [])


@profile(max_examples=100)
@given(st.sampled_from(MODES), st.integers(1, 3000), st.integers(1, 3000))
def test_higher_ingest_never_gets_fewer_resources(mode: str, first: int, second: int) -> None:
    def resources_for(gigabytes: int) -> list[int]:
        sized = settings_with(deploymentMode=mode, ingest=f"{gigabytes}GB/day", replicationFactor=1)
        pods = [(sized.replica_count(role), sized.resources_of(role)) for role in sized.roles]
        sums = [
            sum(count * size.cpu for count, size in pods),
            sum(count * size.memory for count, size in pods),
            sum(count * (size.disk or 0) for count, size in pods),
        ]
        limits = sized.limits
        return [*sums, limits.ingestion_rate, limits.ingestion_burst, limits.max_streams, sized.caches.chunks or 0]

    less, more = resources_for(min(first, second)), resources_for(max(first, second))
    assert all(a <= b for a, b in zip(less, more, strict=True))


@pytest.mark.parametrize("mode", SIZING)
def test_sizing_rows_of_a_mode_have_the_same_roles_in_ascending_order(mode: str) -> None:
    rows = SIZING[mode].rows
    assert [row.up_to for row in rows] == sorted({row.up_to for row in rows})
    assert len({tuple(row.roles) for row in rows}) == 1
    assert all(row.source for row in rows)
    assert row_of(mode, rows[0].up_to) is rows[0]
    assert row_of(mode, rows[0].up_to + 1) is rows[min(1, len(rows) - 1)]
    assert SIZING[mode].then in ("", *SIZING)


def test_sizing_table_has_only_roles_that_a_stack_file_can_state() -> None:
    for mode in MODES:
        roles = {role.replace("-", "_") for role in SIZING[mode].rows[0].roles}
        assert roles <= set(Replicas.model_fields)
        assert roles <= set(SizeOverrides.model_fields)


def test_bad_field_beside_an_ingest_adds_no_problem_of_the_ingest() -> None:
    text = messages_for("ingest: 110GB/day\ndeploymentMode: simple-scaleable\nlimits: {queryTimeout: 1h}")
    assert "did you mean logstack:deploymentMode: simple-scalable?" in text
    assert "query-timeout-above-gateway" in text
    assert "ingest" not in text
    assert "ingestion-rate" not in messages_for("ingest: 500GB/day\nretention: 1y\ndeploymentMode: simple-scalable")


def test_project_defaults_are_not_reported_as_stated() -> None:
    settings = stack("ingest: 30GB/day\nreplicas: {}\nlimits: {}\ncaches: {}\nresources: {}").settings
    assert settings.replicas["monolithic"] == 3
    assert settings.caches.chunks == parse_size("512Mi")
    assert settings.ingest == parse_ingest("30GB/day")
