"""What looks like a credential in what a stack passes on: no secret stands in a stack file, a ConfigMap or values."""

import re
from collections.abc import Iterator, Mapping, Sequence

from logstack.settings.passthrough.documents import Path

# Names of keys and of environment variables whose text is a secret, in small letters and with _ between the words.
_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|token|api_?key|secret_key|secret_access_key|access_key|access_key_id|"
    r"access_key_secret|account_key|private_key|client_secret|application_credential_secret|connection_string|"
    r"credentials|bearer)$|^secret$"
)
# Texts that are secrets wherever they stand: a PEM block, an access key of AWS, a password in a URL, a JSON web token,
# and the tokens of GitHub, Grafana and Slack.
_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|://[^/\s:@$]*:[^/\s:@$]+@|\beyJ[\w-]{8,}\.eyJ|"
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgl(?:c|sa)_[A-Za-z0-9_=+/]{16,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
)
# A variable's place, which Loki expands.
_VARIABLE = re.compile(r"^\$\{[^}]+\}$")


def credentials_in(document: object) -> Iterator[Path]:
    """Yield the path of each text that looks like a credential."""
    yield from (path for path, name, text in _texts((), document) if is_credential(name, text))


def is_credential(name: str, text: str) -> bool:
    """Return whether a text is a secret by its key's name or by its form."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-.]", "_", name).lower()
    named = bool(_NAME.search(words)) and text.strip() != "" and not _VARIABLE.match(text)
    return named or bool(_TEXT.search(text))


def _texts(path: Path, value: object) -> Iterator[tuple[Path, str, str]]:
    """Yield each text with its path and the name of its key; of an environment variable with that of the variable."""
    if isinstance(value, Mapping):
        variable = value.get("name")
        for key, inner in value.items():
            is_variable = key == "value" and isinstance(variable, str) and isinstance(inner, str)
            if is_variable:
                yield (*path, key), str(variable), str(inner)
            else:
                yield from _texts((*path, str(key)), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _texts((*path, f"@{number}"), inner)
    elif isinstance(value, str):
        yield path, path[-1] if path else "", value
