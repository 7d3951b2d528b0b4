"""Print the images that the stacks' pods run, for a cluster that reaches no registry: one line for images.py each.

Each image is made from the binary in it: `python -m tests.cluster.images`.
"""

import sys

from logstack.binaries.obtain import obtain
from logstack.settings import pins

# The charts' own: 18.11.0 of Loki and 1.11.1 of Alloy.
NGINX = "docker.io/nginxinc/nginx-unprivileged:1.31-alpine"
_LOKI_USER = "10001:10001"
# By the image's name: its binary, and the path in the image.
IMAGES = {
    f"docker.io/grafana/loki:{pins.LOKI_VERSION}": ("loki", "/usr/bin/loki"),
    f"docker.io/grafana/loki-canary:{pins.LOKI_VERSION}": ("loki-canary", "/usr/bin/loki-canary"),
    f"docker.io/grafana/alloy:v{pins.ALLOY_VERSION}": ("alloy", "/bin/alloy"),
    f"ghcr.io/versity/versitygw:v{pins.VERSITYGW_VERSION}": ("versitygw", "/usr/local/bin/versitygw"),
    f"quay.io/prometheus-operator/prometheus-config-reloader:v{pins.CONFIG_RELOADER_VERSION}": (
        "prometheus-config-reloader",
        "/bin/prometheus-config-reloader",
    ),
}


def images() -> list[str]:
    """Return `NAME=BINARY:PATH_IN_IMAGE:TAG[@USER]` of each image, and nginx by its tag alone."""
    binaries = obtain(*(name for name, _ in IMAGES.values()))
    users = {"loki": f"@{_LOKI_USER}"}
    lines = [f"{name}={binaries[name]}:{path}:{tag}{users.get(name, '')}" for tag, (name, path) in IMAGES.items()]
    return [*lines, f"nginx={NGINX}"]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in images()))
