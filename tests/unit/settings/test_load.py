"""Loading a stack from its file: its settings, all problems at once with their lines, and no secret in a message."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstack.settings.load.loader import Stack, load_stack_file, stacks
from logstack.settings.problems import StackProblems
from logstack.settings.tree import Settings
from tests.unit.settings.stacks import FAULTLESS, messages_for, stack, store

ROOT = Path(__file__).parents[3]
SECRET = "hunter2hunter2hunter2"
BOTH = frozenset({"accessKeyId", "secretAccessKey"})


def write_faultless_file(directory: Path, name: str, more: str = "") -> None:
    """Write the faultless stack as a stack file, with further lines."""
    lines = "\n".join(f"  logstack:{line}" for line in (FAULTLESS + more).splitlines())
    (directory / f"Pulumi.{name}.yaml").write_text(f"config:\n{lines}\n")


@pytest.mark.parametrize("name", stacks(ROOT))
def test_committed_stack_has_no_error_and_no_unacknowledged_warning(name: str) -> None:
    assert not load_stack_file(name, ROOT).problems


def test_staging_has_the_settings_of_its_seed() -> None:
    loaded = load_stack_file("staging", ROOT)
    tree = loaded.settings
    assert (tree.writers, tree.replica_count("read"), tree.replica_count("backend")) == (3, 3, 3)
    assert (tree.replication_factor, tree.retention, tree.object_store.kind) == (1, timedelta(days=7), "embedded")
    assert (tree.caches.chunks, tree.caches.results) == (None, None)
    assert loaded.credentials == "config-missing"


def test_production_has_the_settings_that_its_seed_meant() -> None:
    loaded = load_stack_file("production", ROOT)
    tree = loaded.settings
    assert (tree.writers, tree.lost_writers_survived, tree.retention) == (3, 1, timedelta(days=30))
    assert tree.object_store.model_dump() == {
        "kind": "s3-compatible",
        "endpoint": "http://10.0.40.10:9000",
        "bucket": "loki-production",
        "region": "us-east-1",
        "path_style": True,
        "credentials_secret": "loki-s3-secret",
        "expire_after": None,
        "external_secret": None,
        "credentials_keys": None,
        "rules_bucket": None,
        "ca_secret": None,
        "ca_key": "ca.crt",
    }
    assert not tree.cluster.create_namespace
    assert loaded.credentials == "secret"


def test_replication_factor_2_of_the_seed_is_possible_when_acknowledged(tmp_path: Path) -> None:
    literal = (ROOT / "Pulumi.production.yaml").read_text().replace("replicationFactor: 3", "replicationFactor: 2")
    path = tmp_path / "Pulumi.production.yaml"
    path.write_text(literal)
    assert [problem.name for problem in load_stack_file("production", tmp_path).problems] == [
        "replication-survives-no-lost-writer"
    ]
    path.write_text(f"{literal}    - replication-survives-no-lost-writer\n")
    loaded = load_stack_file("production", tmp_path)
    assert not loaded.problems
    assert loaded.settings.lost_writers_survived == 0


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from([*(field.alias or "" for field in Settings.model_fields.values()), "retentoin", "accessKeyId"]),
        st.recursive(
            st.one_of(
                st.none(), st.booleans(), st.integers(-2, 9), st.sampled_from(["", "3", "30d", "1Gi", "tsdb", "v13"])
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(
                        ["kind", "bucket", "endpoint", "name", "context", "write", "from", "chunks", "only"]
                    ),
                    st.one_of(
                        inner, st.sampled_from(["embedded", "s3-compatible", "aws-s3", "filesystem", "http://a:b"])
                    ),
                ),
            ),
            max_leaves=12,
        ),
    )
)
def test_any_stack_file_gives_settings_or_problems(changes: dict[str, object]) -> None:
    text = messages_for(json.dumps(changes))
    assert not text or text.startswith(("error[", "warning["))


@pytest.mark.parametrize(
    "changes",
    [
        {"retention": SECRET},
        {"size": SECRET},
        {"replicationFactor": SECRET},
        {"password": SECRET},
        {"objectStore": {"kind": SECRET}},
        {"objectStore": {"kind": "embedded", "secretAccessKey": SECRET}},
        {"objectStore": {"kind": "embedded", "credentialsSecret": f"{SECRET}/+"}},
        {"objectStore": {"kind": "embedded", "bucket": f"{SECRET}/"}},
        {
            "objectStore": {
                "kind": "s3-compatible",
                "bucket": "loki-test",
                "endpoint": f"http://a:{SECRET}@10.0.0.1/{SECRET}",
            }
        },
        {"objectStore": {"kind": "s3-compatible", "externalSecret": {"remoteKey": [SECRET], "properties": SECRET}}},
        {"cluster": {"name": f"{SECRET}+", "context": [SECRET]}},
        {"collector": {"indexLabels": [SECRET]}},
        {"collector": {"parsers": [{"match": {"app": [SECRET]}, "format": SECRET, "pattern": f"({SECRET}"}]}},
        {"collector": {"parsers": [{"pattern": f"({SECRET}", "multiline": {"firstLine": f"{SECRET}["}}]}},
        {"collector": {"parsers": [{"format": "json", "fields": {"user": f"{SECRET}-"}}]}},
        {
            "collector": {
                "parsers": [{"format": "json", "timestamp": dict.fromkeys(("field", "timeZone"), f"-{SECRET}")}]
            }
        },
        {"collector": {"drop": [{"name": f"{SECRET}!", "keep": SECRET, "pattern": SECRET}]}},
        {"collector": {"pods": {"only": {"tier": f"{SECRET}!"}}, "labels": {"team": f"{SECRET}!"}}},
        {"schemaPeriods": [{"from": SECRET, "store": SECRET}]},
        {"acknowledge": [SECRET]},
        {"lokiVersion": SECRET},
    ],
)
def test_message_never_repeats_a_value_that_may_be_secret(changes: dict[str, object]) -> None:
    text = messages_for(json.dumps(changes))
    assert text.startswith("error[")
    assert SECRET not in text


def test_problems_have_their_line_numbers(tmp_path: Path) -> None:
    write_faultless_file(tmp_path, "test", "retention: 1x\nlimits: {queryTimeout: 1h}\nretentoin: 5d\n")
    with pytest.raises(StackProblems) as raised:
        load_stack_file("test", tmp_path)
    assert [f"{problem.where} {problem.name}" for problem in raised.value.problems] == [
        "Pulumi.test.yaml:6 wrong-value",
        "Pulumi.test.yaml:8 unknown-key",
        "Pulumi.test.yaml:7 query-timeout-above-gateway",
    ]
    assert "\n\nerror[wrong-value] Pulumi.test.yaml:6: logstack:retention\n  what: " in str(raised.value)


def test_key_with_a_problem_is_not_also_reported_as_missing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text("config:\n  logstack:cluster: {secure: abc}\n  logstack:objectStore:\n")
    with pytest.raises(StackProblems) as raised:
        load_stack_file("test", tmp_path)
    assert [problem.name for problem in raised.value.problems] == [
        "unexpected-secret",
        "empty-value",
        "simple-scalable-ends-with-loki-4",
    ]


def test_project_defaults_apply_to_a_stack_file_as_in_the_engine(tmp_path: Path) -> None:
    write_faultless_file(tmp_path, "test", "size: medium\n")
    (tmp_path / "Pulumi.yaml").write_text(
        "name: logstack\nconfig:\n  retention: {default: 2d}\n  size: {default: small}\n"
    )
    loaded = load_stack_file("test", tmp_path).settings
    assert (loaded.retention, loaded.size) == (timedelta(days=2), "medium")


def claimed_store(storage_class: str = "ceph-bucket") -> str:
    return f"objectStore: {{kind: ceph-bucket-claim, bucket: loki-test, storageClass: {storage_class}}}"


EXTERNAL = """objectStore:
  kind: s3-compatible
  endpoint: http://10.0.0.1:9000
  bucket: loki-test
  externalSecret: {secretStore: {name: vault}, remoteKey: loki/s3}
"""


@pytest.mark.parametrize(
    ("first", "second", "is_shared"),
    [
        (store(), store(), True),
        (store(), store(bucket="loki-other"), False),
        (store(), store(endpoint="http://10.0.0.2:9000"), False),
        (store(endpoint="http://NAS.example"), store(endpoint="http://nas.example:80", region="x"), True),
        (store(), "objectStore: {kind: embedded, bucket: loki-test}", False),
        ("objectStore: {kind: embedded}", "objectStore: {kind: embedded}", False),
        (claimed_store(), claimed_store(), True),
        (claimed_store(), claimed_store("elsewhere"), False),
        (claimed_store(), store(), False),
        (store(), store(bucket="loki-other", rulesBucket="loki-test"), True),
        (store(), store(bucket="loki-other", rulesBucket="loki-rules"), False),
        (store(), "objectStore: {kind: s3-compatible, endpoint: 'http://10.0.0.1', bucket: [loki-test]}", False),
        (store(), "objectStore: nothing", False),
        (store(), "objectStore: {kind: s3-compatible, endpoint: '', bucket: [loki-test]}", False),
        (store(), "objectStore: [", False),
    ],
)
def test_stack_is_refused_when_another_stack_uses_its_bucket(
    tmp_path: Path, first: str, second: str, *, is_shared: bool
) -> None:
    lines = FAULTLESS.splitlines()[:-1]
    for name, own_store in (("one", first), ("other", second)):
        text = "\n".join(f"  logstack:{line}" for line in [*lines, own_store])
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config:\n{text}\n")
    (tmp_path / "Pulumi.third.yaml").write_text("config: {}\n")
    if not is_shared:
        load_stack_file("one", tmp_path)
        return
    with pytest.raises(StackProblems) as raised:
        load_stack_file("one", tmp_path)
    assert str(raised.value).splitlines()[2:] == [
        "error[bucket-shared] Pulumi.one.yaml:5: logstack:objectStore.bucket",
        "  what: Pulumi.other.yaml uses the same bucket of the same object store",
        "  then: each stack applies its own retention to the other's lines, and both write the same index",
        "  fix:  give each stack its own bucket: bucket: loki-test",
    ]


def test_stack_is_refused_when_another_stack_uses_its_aws_bucket_in_any_account(tmp_path: Path) -> None:
    for name, account in (("one", "1" * 12), ("other", "2" * 12)):
        more = (
            f"{{kind: aws-s3, bucket: acme, region: eu-central-1, accountId: '{account}', identity: {{eksCluster: a}}}}"
        )
        lines = [*FAULTLESS.splitlines()[:-1], f"objectStore: {more}"]
        text = "\n".join(f"  logstack:{line}" for line in lines)
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config:\n{text}\n")
    with pytest.raises(StackProblems, match="bucket-shared"):
        load_stack_file("other", tmp_path)


@pytest.mark.parametrize(
    ("changes", "secrets", "credentials"),
    [
        ("", frozenset(), "secret"),
        (EXTERNAL, frozenset(), "external-secret"),
        (claimed_store(), frozenset(), "claim"),
        ("objectStore: {kind: embedded}", BOTH, "config"),
        ("objectStore: {kind: embedded}", frozenset(), "config-missing"),
        ("objectStore: {kind: filesystem}\nreplicas: {monolithic: 1}\nreplicationFactor: 1", frozenset(), "none"),
    ],
)
def test_stack_knows_the_source_of_its_access_key(changes: str, secrets: frozenset[str], credentials: str) -> None:
    assert stack(changes, secrets).credentials == credentials


def test_half_an_access_key_is_refused() -> None:
    assert messages_for("objectStore: {kind: embedded}", frozenset({"accessKeyId"})) == (
        "error[half-credentials] logstack:secretAccessKey\n"
        "  what: secretAccessKey is missing; the other half of the access key is set\n"
        "  then: no Loki pod could read or write the object store\n"
        "  fix:  pulumi config set --secret logstack:secretAccessKey"
    )


def test_loaded_stack_is_immutable() -> None:
    loaded: Stack = stack()
    with pytest.raises(AttributeError, match="name"):
        loaded.name = "other"  # type: ignore[misc]
