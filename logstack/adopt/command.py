"""`logstack adopt`: read, adopt, write, and say it."""

from collections.abc import Sequence
from pathlib import Path

from logstack.adopt.adoption import Adoption, Wanted, adopted
from logstack.adopt.documents import read_release
from logstack.adopt.errors import UnreadableError
from logstack.adopt.yaml_files import Document, read_documents, read_text


def adopt(
    values: Sequence[Path],
    wanted: Wanted,
    directory: Path,
    *,
    loki_config: Path | None = None,
    config_alloy: Path | None = None,
    chart_values: Path | None = None,
) -> Adoption:
    """The adoption of files; raises UnreadableError and RefusedError."""
    release = read_release(values)
    return adopted(
        release,
        Wanted(
            stack=wanted.stack,
            chart_version=wanted.chart_version,
            cluster=wanted.cluster,
            context=wanted.context,
            running=_only(loki_config),
            chart_defaults=_only(chart_values),
            alloy=read_text(config_alloy) if config_alloy else None,
        ),
        directory,
    )


def _only(path: Path | None) -> Document | None:
    return next(iter(read_documents(path)), None) if path else None


def write(adoption: Adoption, path: Path) -> None:
    """Writes the stack file; raises UnreadableError where there is one."""
    if path.exists():
        raise UnreadableError(f"{path} is there already, and is not overwritten: name another file, or move it away")
    path.write_text(adoption.text, encoding="utf-8")


def said(adoption: Adoption, *, as_json: bool, with_file: bool) -> str:
    """The report."""
    from logstack.adopt.report import report_document, report_text  # noqa: PLC0415 - rich takes a while
    from logstack.text.layout import terminal  # noqa: PLC0415

    return report_document(adoption) if as_json else report_text(adoption, terminal(), with_file=with_file)
