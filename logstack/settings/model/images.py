"""Images: the registry that they come from, the Secrets to pull them with, and what a component has otherwise."""

from typing import Annotated

from logstack.settings.model.base import DnsName, Group, spelled
from logstack.settings.model.bounds import RegistryText

# The grammar of an image's name (distribution/reference).
Repository = Annotated[
    str,
    spelled(
        r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$",
        "an image's name without registry and tag, such as grafana/loki",
        max_length=255,
    ),
]
Tag = Annotated[
    str, spelled(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", "a tag of at most 128 letters, digits, _, . and -")
]
Digest = Annotated[str, spelled(r"^sha256:[0-9a-f]{64}$", "sha256: and 64 hexadecimal digits in lower case")]


class Image(Group):
    """One component's image, where it differs from the pinned one."""

    registry: RegistryText | None = None
    """Its registry; without it `images.registry`."""
    repository: Repository | None = None
    """Its name in the registry."""
    tag: Tag | None = None
    """Its tag."""
    digest: Digest | None = None
    """Its digest, by which it is pulled whatever the tag."""


class Images(Group):
    """The images of all pods; without anything set, the pinned ones from their public registries."""

    registry: RegistryText | None = None
    """The registry of every image, with the path of a project if it has one: mirror.example.org,
    harbor.example.org/hub. Names and tags below it are the public ones; `logstack images` lists what to copy."""
    pull_secrets: tuple[DnsName, ...] = ()
    """Existing Secrets of type kubernetes.io/dockerconfigjson in the stack's namespace, with which every pod pulls its
    images."""
    loki: Image = Image()
    """Loki; `lokiVersion` sets its version."""
    gateway: Image = Image()
    """The gateway's nginx."""
    memcached: Image = Image()
    """The caches."""
    memcached_exporter: Image = Image()
    """The metrics of the caches, beside each."""
    alloy: Image = Image()
    """The collector."""
    config_reloader: Image = Image()
    """What tells the collector of a changed configuration, beside each."""
    canary: Image = Image()
    object_store: Image = Image()
    """The embedded object store."""

    @property
    def by_component(self) -> dict[str, Image]:
        """Return each component's image by its key in the stack file."""
        return {
            "loki": self.loki,
            "gateway": self.gateway,
            "memcached": self.memcached,
            "memcachedExporter": self.memcached_exporter,
            "alloy": self.alloy,
            "configReloader": self.config_reloader,
            "canary": self.canary,
            "objectStore": self.object_store,
        }
