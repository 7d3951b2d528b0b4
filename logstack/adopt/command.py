"""`logstack adopt`: read files, convert them, write the stack file and report."""

from collections.abc import Sequence
from pathlib import Path

from logstack.adopt.adoption import Adoption, Request, adopted
from logstack.adopt.documents import read_release
from logstack.adopt.errors import UnreadableError
from logstack.adopt.yaml_files import Document, read_documents, read_text


def adopt(
    values: Sequence[Path],
    request: Request,
    directory: Path,
    *,
    loki_config: Path | None = None,
    config_alloy: Path | None = None,
    chart_values: Path | None = None,
) -> Adoption:
    """Convert files into a stack file; raises UnreadableError and RefusedError."""
    release = read_release(values)
    return adopted(
        release,
        Request(
            stack=request.stack,
            chart_version=request.chart_version,
            cluster=request.cluster,
            context=request.context,
            running=_only(loki_config),
            chart_defaults=_only(chart_values),
            alloy=read_text(config_alloy) if config_alloy else None,
        ),
        directory,
    )


def _only(path: Path | None) -> Document | None:
    return next(iter(read_documents(path)), None) if path else None


def write(adoption: Adoption, path: Path) -> None:
    """Write the stack file; raises UnreadableError if the file exists."""
    if path.exists():
        raise UnreadableError(f"{path} exists, and logstack does not overwrite it: pass another path, or move the file")
    path.write_text(adoption.text, encoding="utf-8")


def report(adoption: Adoption, *, as_json: bool, with_file: bool) -> str:
    """Return the report as text for the terminal, or as JSON."""
    from logstack.adopt.report import report_document, report_text  # noqa: PLC0415 - rich takes a while
    from logstack.text.layout import terminal  # noqa: PLC0415

    return report_document(adoption) if as_json else report_text(adoption, terminal(), with_file=with_file)
