"""The images that the stacks' pods run, each by the binary that is in it: one line for each, as images.py takes them.

They are for a cluster that reaches no registry: `python -m tests.cluster.images`.
"""

import sys

from settings import pins
from tools.obtain import obtain

# The charts' own: 18.11.0 of Loki and 1.11.1 of Alloy.
_NGINX = "docker.io/nginxinc/nginx-unprivileged:1.31-alpine"
_LOKI_USER = "10001:10001"


def images() -> list[str]:
    """`NAME=BINARY:PATH_IN_IMAGE:TAG[@USER]`, and nginx by its tag alone."""
    placed = {
        "loki": ("/usr/bin/loki", f"docker.io/grafana/loki:{pins.LOKI_VERSION}@{_LOKI_USER}"),
        "loki-canary": ("/usr/bin/loki-canary", f"docker.io/grafana/loki-canary:{pins.LOKI_VERSION}"),
        "alloy": ("/bin/alloy", f"docker.io/grafana/alloy:v{pins.ALLOY_VERSION}"),
        "versitygw": ("/usr/local/bin/versitygw", f"ghcr.io/versity/versitygw:v{pins.VERSITYGW_VERSION}"),
        "prometheus-config-reloader": (
            "/bin/prometheus-config-reloader",
            f"quay.io/prometheus-operator/prometheus-config-reloader:v{pins.CONFIG_RELOADER_VERSION}",
        ),
    }
    found = obtain(*placed)
    return [f"{name}={found[name]}:{path}:{tag}" for name, (path, tag) in placed.items()] + [f"nginx={_NGINX}"]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in images()))
