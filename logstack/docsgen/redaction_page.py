"""The generated part of docs/reference/redaction.md: the forms of tokens."""

from collections.abc import Iterator, Mapping

from logstack.docsgen.splice import table
from logstack.manifests.alloy.issuers import ISSUED


def inserts() -> Mapping[str, str]:
    """Return the text between each pair of markers."""
    return {"tokens": table(("issuer", "form", "source"), _rows())}


def _rows() -> Iterator[tuple[str, ...]]:
    for form in ISSUED:
        yield form.issuer, f"`{form.form}`", f"[{form.source.split('/')[2]}]({form.source})"
