"""Manifests: namespaced and cluster-wide objects, the hash that rolls pods, and YAML."""

from logstack.manifests.manifest import content_hash, kubernetes, yaml_text


def test_manifest_of_a_cluster_wide_object_has_no_namespace() -> None:
    assert kubernetes("kubernetes:core/v1:Namespace", "logs", None, {"a": "b"}) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "logs", "labels": {"a": "b"}},
    }


def test_content_hash_changes_with_the_text() -> None:
    assert content_hash("a") == content_hash("a")
    assert content_hash("a") != content_hash("b")
    assert len(content_hash("a")) == 16


def test_yaml_text_is_readable_and_keeps_the_order_of_keys() -> None:
    assert yaml_text({"z": "2024-04-01", "a": {"text": "ü", "flag": True, "yes": "on"}}) == (
        "z: '2024-04-01'\na:\n  text: ü\n  flag: true\n  'yes': 'on'\n"
    )
