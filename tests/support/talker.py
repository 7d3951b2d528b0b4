"""A pod outside the stack that writes a line a second: loki-canary without a Loki."""

from collections.abc import Mapping
from typing import Any

from logstack.settings import pins


def talker(name: str) -> Mapping[str, Any]:
    """Return the pod; its container and its app have the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": name}},
        "spec": {
            "containers": [
                {
                    "name": name,
                    "image": f"docker.io/grafana/loki-canary:{pins.LOKI_VERSION}",
                    "args": ["-addr=127.0.0.1:9", "-interval=1s"],
                }
            ],
            "terminationGracePeriodSeconds": 0,
        },
    }
