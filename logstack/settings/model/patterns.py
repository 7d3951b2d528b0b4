"""Regular expressions and JSON paths as Alloy and Loki read them."""

import re
from functools import cache
from typing import cast

# A message quotes at most this many characters of a pattern: a longer text might be a secret.
_LONGEST_QUOTE = 10
_ESCAPES = re.compile(r"\\Q.*?(?:\\E|$)|\\.")


def compile_error(pattern: str) -> str | None:
    """Return why Go refuses the pattern, or None; the text quotes at most ten characters of the pattern.

    Go's syntax is RE2's, so RE2 compiles the pattern here. Measured against Go 1.26: only RE2 takes \\C and group names
    that are not ASCII; this function refuses both. Only Go takes the long names of Unicode classes, such as \\p{Letter}
    for \\p{L}; this function refuses those too. Both allow 1,000 repetitions at most.
    """
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - only stacks with patterns need it

    try:
        names = _compiled(pattern).groupindex
    except re2.error as error:
        text = error.args[0]
        reason, _, quote = (text.decode(errors="replace") if isinstance(text, bytes) else str(text)).partition(": ")
        return f"{reason}: {quote}" if 0 < len(quote) <= _LONGEST_QUOTE else reason
    if r"\C" in _ESCAPES.findall(pattern):
        return r"invalid escape sequence: \C"
    return None if all(name.isascii() for name in names) else "invalid named capture group"


def group_names(pattern: str) -> tuple[str, ...]:
    """Return the names of the pattern's groups; none if Go refuses the pattern."""
    return () if compile_error(pattern) else tuple(_compiled(pattern).groupindex)


def group_count(pattern: str) -> int:
    """Return the number of the pattern's groups, with and without names; 0 if Go refuses the pattern."""
    return 0 if compile_error(pattern) else _compiled(pattern).groups


def finds(pattern: str, text: str) -> bool:
    """Return whether the pattern matches anywhere in the text; False if Go refuses the pattern."""
    return compile_error(pattern) is None and _compiled(pattern).search(text) is not None


def begins_with_text(pattern: str) -> bool:
    """Return whether every match begins with the same text or where the line begins: Go finds such matches quickly.

    Go searches a text only at the very beginning of a pattern, not behind \\b.
    """
    if compile_error(pattern) or re.match(r"[(?:]*\\[bB]", pattern):
        return False
    if re.match(r"[(?:]*\^", pattern):
        return True
    try:
        least, most = _compiled(pattern).possiblematchrange(_LONGEST_QUOTE)  # type: ignore[attr-defined]
    except Exception:
        return False
    return bool(least and most) and least[:1] == most[:1]


def replaced(pattern: str, text: str, line: str) -> str:
    """Return the line with a text instead of each group of each match, as Alloy's stage.replace does it."""
    result, end = "", 0
    for match in _compiled(pattern).finditer(line):
        for start, stop in (match.span(group) for group in range(1, match.re.groups + 1)):
            if start >= end:
                result, end = result + line[end:start] + text, stop
    return result + line[end:]


def is_json_path(path: str) -> bool:
    """Return whether the path is valid JMESPath; Alloy takes some more, such as `a - b`, which are usually mistakes."""
    import jmespath  # type: ignore[import-untyped]  # noqa: PLC0415 - only stacks with paths need it

    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError:
        return False
    return True


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the pattern, compiled by RE2; raises re2.error."""
    import re2  # noqa: PLC0415 - as above

    options = re2.Options()
    options.log_errors = False  # the log would quote the pattern
    return cast("re.Pattern[str]", re2.compile(pattern, options))
