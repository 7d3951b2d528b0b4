"""Nothing secret of the environment reaches a log: its values are replaced before a line is printed."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_SECRET_NAME = re.compile(r"PASSPHRASE|PASSWORD|SECRET|TOKEN|ACCESS_KEY|PRIVATE_KEY|KUBECONFIG_CONTENT")
_NAMES_A_PLACE = re.compile(r"_(?:FILE|PATH|URL|URI|ARN)$")

_SHORTEST = 4
"""Shorter values occur in any text; replacing them would say where they are."""

REPLACEMENT = "[secret]"


class Secrets:
    """The secret values of an environment: by the names of variables, in the passphrase's file, and in URLs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        values = [value for name, value in environment.items() if _is_secret(name)]
        if file := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
            values += _text(Path(file))
        values += [password for value in environment.values() if (password := _password(value))]
        lines = {line.strip() for value in values for line in value.splitlines()}
        # The longest first: one value may be a part of another.
        self._values = sorted((line for line in lines if len(line) >= _SHORTEST), key=len, reverse=True)

    def without(self, text: str) -> str:
        """The text with each secret value replaced."""
        for value in self._values:
            text = text.replace(value, REPLACEMENT)
        return text


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NAMES_A_PLACE.search(name)


def _text(file: Path) -> list[str]:
    try:
        return [file.read_text()]
    except OSError:
        return []


def _password(value: str) -> str | None:
    if "://" not in value:
        return None
    try:
        return urlsplit(value).password
    except ValueError:
        return None
