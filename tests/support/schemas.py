"""Kubernetes' own schemas, offline, in which an unknown field is an error."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
from kubernetes_validate import utils

from tests.support.real import KUBERNETES

# It reads 2 MB of definitions for every object.
utils.schema_contents = cache(utils.schema_contents)


def complaints(manifest: Mapping[str, Any]) -> str:
    """What is wrong with an object, in words; nothing when it is valid."""
    try:
        kubernetes_validate.validate(dict(manifest), KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{manifest['kind']}: {'.'.join(map(str, error.absolute_path))}: {error.message}"
    return ""
