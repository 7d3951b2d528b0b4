"""Registries, names and pull Secrets of images."""

from pydantic import ValidationError

from logstack.adopt.paths import at
from logstack.adopt.reading import Reading
from logstack.manifests.canary.resources import IMAGE as CANARY_IMAGE
from logstack.manifests.charts import PinnedImage
from logstack.manifests.loki.chart import (
    EXPORTER_IMAGE,
    EXPORTER_KEY,
    GATEWAY_IMAGE,
    GATEWAY_KEY,
    MEMCACHED_IMAGE,
    MEMCACHED_KEY,
    loki_image,
)
from logstack.settings.model.images import Image, Images

# The chart's groups of values, the component's key of `images`, and the pinned image.
_COMPONENTS = (
    ("loki", "loki", loki_image("")),
    (GATEWAY_KEY, "gateway", GATEWAY_IMAGE),
    (MEMCACHED_KEY, "memcached", MEMCACHED_IMAGE),
    (EXPORTER_KEY, "memcachedExporter", EXPORTER_IMAGE),
    ("lokiCanary", "canary", CANARY_IMAGE),
)
# The chart takes the first of them.
_REGISTRIES = ("global.imageRegistry", "global.image.registry", "global.registry")


def images(reading: Reading) -> None:
    """Take registries, names, digests and pull Secrets over."""
    _registry(reading)
    _pull_secrets(reading)
    for key, component, pin in _COMPONENTS:
        _image(reading, key, component, pin)


def _registry(reading: Reading) -> None:
    stated = [path for path in _REGISTRIES if reading.text(path)]
    if not stated:
        return
    reading.write("images.registry", reading.text(stated[0]))
    for path in stated:
        reading.understood(path, "images.registry")


def _pull_secrets(reading: Reading) -> None:
    listed = at(reading.values, ("imagePullSecrets",))
    names = [at(each, ("name",)) for each in listed] if isinstance(listed, list) else []
    try:
        secrets = Images.model_validate({"pullSecrets": names}).pull_secrets
    except ValidationError:
        return
    if secrets:
        reading.write("images.pullSecrets", list(secrets))
        reading.understood("imagePullSecrets", "images.pullSecrets")


def _image(reading: Reading, key: str, component: str, pin: PinnedImage) -> None:
    """Take one image over; `lokiVersion` has the tag of Loki's."""
    base, target = f"{key}.image", f"images.{component}"
    names = ("registry", "repository", "digest", *(("tag",) if key != "loki" else ()))
    public = {"registry": pin.registry, "repository": pin.repository, "tag": pin.tag}
    stated = {name: text for name in names if (text := reading.text(f"{base}.{name}"))}
    if reading.key_value("images.registry"):
        public["registry"] = stated.get("registry", "")  # the global one wins in the chart as well
    own = {name: text for name, text in stated.items() if text != public.get(name)}
    try:
        Image.model_validate(own)
    except ValidationError:
        return
    for name, text in own.items():
        reading.write(f"{target}.{name}", text)
    for name in stated:
        reading.understood(f"{base}.{name}", f"{target}.{name}" if name in own else None)
    reading.translated(f"{base}.pullPolicy", "the chart's default, IfNotPresent")
