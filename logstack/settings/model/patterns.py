"""Regular expressions and JSON paths as Alloy and Loki read them."""

import re
from functools import cache
from typing import cast

# What of a pattern is repeated in a message: some characters of syntax, and never a text that might be a secret.
_LONGEST_QUOTE = 10
_ESCAPES = re.compile(r"\\Q.*?(?:\\E|$)|\\.")


def compile_error(pattern: str) -> str | None:
    """Why Go does not read the pattern, or None if it does; at most ten characters of the pattern are repeated.

    Go's own library is not at hand, so RE2 reads the pattern, whose syntax Go's is. The two were compared with Go 1.26:
    only RE2 reads \\C and names of groups that are not ASCII, which are refused here; only Go reads the long names of
    Unicode classes, such as \\p{Letter} for \\p{L}, which are refused as well. Both repeat 1,000 times at most.
    """
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - a stack without patterns has no use for it

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
    """The names of the pattern's groups; none if Go does not read it."""
    return () if compile_error(pattern) else tuple(_compiled(pattern).groupindex)


def group_count(pattern: str) -> int:
    """How many groups the pattern has, with a name or without; none if Go does not read it."""
    return 0 if compile_error(pattern) else _compiled(pattern).groups


def finds(pattern: str, text: str) -> bool:
    """Whether a text holds what the pattern describes; no if Go does not read it."""
    return compile_error(pattern) is None and _compiled(pattern).search(text) is not None


def is_json_path(path: str) -> bool:
    """Whether the path is one of JMESPath; Alloy reads some more, such as `a - b`, which is hardly ever meant."""
    import jmespath  # type: ignore[import-untyped]  # noqa: PLC0415 - a stack without paths has no use for it

    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError:
        return False
    return True


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as RE2 has it; raises re2.error."""
    import re2  # noqa: PLC0415 - as above

    options = re2.Options()
    options.log_errors = False  # the log would quote the pattern
    return cast("re.Pattern[str]", re2.compile(pattern, options))
