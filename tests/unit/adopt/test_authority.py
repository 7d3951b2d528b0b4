"""The authority of an object store's certificate that Loki's pods mount."""

import pytest

from tests.unit.adopt.cases import adopt_values
from tests.unit.adopt.test_adopt import loki_values, stack_of


@pytest.mark.parametrize("group", ["defaults", "global", "write"])
def test_adopt_takes_a_certificate_over_that_loki_mounts(group: str) -> None:
    client = {"endpoint": "https://minio.storage.svc:9000", "http_config": {"ca_file": "/certs/root.pem"}}
    mounts = [{"name": "ca", "mountPath": "/certs"}, {"name": "scratch", "mountPath": "/scratch"}]
    items = [{"key": "issuer.crt", "path": "root.pem"}]
    volumes = [
        {"name": "ca", "secret": {"secretName": "minio-ca", "items": items}},
        {"name": "scratch", "emptyDir": {}},
    ]
    values = loki_values(storage_config={"aws": client})
    stack = stack_of(adopt_values(values | {group: {"extraVolumes": volumes, "extraVolumeMounts": mounts}}))
    store = stack["objectStore"]
    assert (store["caSecret"], store["caKey"]) == ("minio-ca", "issuer.crt")
    assert "minio-ca" not in str(stack.get("loki"))
