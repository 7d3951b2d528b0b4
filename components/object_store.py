"""The ObjectStore component."""

from dataclasses import dataclass

import pulumi

from logstack.manifests.pods import PLAIN_PODS, PodOptions
from logstack.manifests.stores.kinds import store_access
from logstack.manifests.stores.resources import object_store
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.model.object_store import FormerObjectStore, ObjectStoreSettings
from logstack.settings.model.sizes import SIZES, Resources, SizeName

from .base import Component
from .cluster import Cluster


@dataclass(frozen=True)
class Credentials:
    """An access key of the store; both parts are secrets.

    A key that another resource makes is not known at its first preview, which then shows nothing of Loki's chart: its
    pods carry the key's fingerprint.
    """

    access_key_id: pulumi.Input[str]
    secret_access_key: pulumi.Input[str]

    @classmethod
    def from_config(cls) -> "Credentials | None":
        """The Pulumi config's secrets `logstack:accessKeyId` and `logstack:secretAccessKey`; none without both.

        Their names are the same in a project that is not called logstack.
        """
        config = pulumi.Config(PROJECT)
        key, secret = config.get_secret("accessKeyId"), config.get_secret("secretAccessKey")
        return cls(key, secret) if key and secret else None

    @property
    def secrets(self) -> dict[str, pulumi.Input[str]]:
        """The values of a component's Secrets, by their names."""
        return {"accessKeyId": self.access_key_id, "secretAccessKey": self.secret_access_key}


class ObjectStore(Component):
    """The store that Loki writes to: embedded, existing, or created in AWS.

    `credentials` fill the Secret that the stack creates. They are not needed if the settings name an existing Secret,
    or if the pods have an AWS role. `access` is how Loki reaches the store.
    """

    def __init__(
        self,
        name: str,
        settings: ObjectStoreSettings,
        cluster: Cluster,
        *,
        credentials: Credentials | None = None,
        former: FormerObjectStore | None = None,
        size: Resources = SIZES[SizeName.SMALL]["object-store"],
        pods: PodOptions = PLAIN_PODS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`former` is the former store, `size` the resources of the embedded server, `pods` the options of its pod."""
        self.access = store_access(settings, cluster.settings, former)
        self.secrets = credentials.secrets if credentials else {}
        super().__init__(
            object_store(name, settings, size, cluster.settings, former, options=pods),
            after=[cluster],
            secrets=self.secrets,
            opts=opts,
        )
