"""Generated text between markers."""

from collections.abc import Iterable, Mapping, Sequence


def spliced(text: str, inserts: Mapping[str, str]) -> str:
    """Return a page with each insert between `<!-- name -->` and `<!-- /name -->`; ValueError without them."""
    for name, content in inserts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        text = splice(text, begin, f"\n\n{content}\n\n", end)
    return text


def splice(text: str, begin: str, content: str, end: str = "") -> str:
    """Return the text with `content` after `begin`, up to `end` or else to its own end; ValueError without these."""
    start = text.index(begin) + len(begin)
    stop = text.index(end, start) if end else len(text)
    return text[:start] + content + text[stop:]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the cells are Markdown already."""
    lines = [columns, *rows]
    head, *body = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([head, "|---" * len(columns) + "|", *body])


def fence(language: str, content: str) -> str:
    """Return a fenced block of code."""
    return f"```{language}\n{content}\n```"
