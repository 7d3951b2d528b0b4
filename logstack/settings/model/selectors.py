"""LogQL's stream selectors: parsing, matching, and whether two selectors can select the same stream."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from logstack.settings.model.patterns import compile_error, finds

_MATCHER = re.compile(
    r"""\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\\n]|\\.)*)"|`(?P<raw>[^`]*)`)\s*"""
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
# A pattern that lists its texts, none of which has a special character.
_ALTERNATIVES = re.compile(r"[\w/@:-]+(\|[\w/@:-]+)*")
_NOT_A_LIST = 'write a list such as label="value", with =, !=, =~ or !~ and a comma between the matchers'


@dataclass(frozen=True)
class Matcher:
    """A selector's condition on one label."""

    label: str
    operator: str
    """=, !=, =~ or !~."""
    text: str
    """The value, or the pattern."""

    def matches(self, value: str) -> bool:
        """Return whether the label's value matches; a stream without the label has the empty value."""
        if "~" not in self.operator:
            return (value == self.text) == (self.operator == "=")
        # Loki anchors a pattern at both ends, and its dot matches a newline (Prometheus, labels.Matcher).
        return finds(f"^(?s:{self.text})$", value) == (self.operator == "=~")

    @property
    def values(self) -> frozenset[str] | None:
        """Return the values that match, if the matcher lists them; else None."""
        if self.operator == "=":
            return frozenset({self.text})
        if self.operator == "=~" and _ALTERNATIVES.fullmatch(self.text):
            return frozenset(self.text.split("|"))
        return None


Selector = tuple[Matcher, ...]


def parse_selector(text: str) -> Selector:
    """Return the matchers of `{label="value", ...}`; raises ValueError, whose text names the mistake.

    Loki takes only matchers in a rule's selector, and at least one of them must not match the empty value
    (pkg/logql/syntax, ParseMatchers and validateMatchers).
    """
    inner = re.fullmatch(r"\s*\{(.*)\}\s*", text, re.DOTALL)
    if not inner:
        raise ValueError("write { } around the matchers, and nothing outside them")
    matchers: list[Matcher] = []
    position = 0
    while position < len(inner[1]) or not matchers:
        match = _MATCHER.match(inner[1], position)
        if not match:
            raise ValueError(_NOT_A_LIST)
        matchers.append(_matcher_of(match))
        position = match.end()
        if position < len(inner[1]):
            if inner[1][position] != "," or not inner[1][position + 1 :].strip():
                raise ValueError(_NOT_A_LIST)
            position += 1
    if all(matcher.matches("") for matcher in matchers):
        raise ValueError("every matcher also matches streams without its label, and Loki refuses such a selector")
    return tuple(matchers)


def _matcher_of(match: re.Match[str]) -> Matcher:
    text = match["raw"] if match["raw"] is not None else _unquoted(match["quoted"])
    matcher = Matcher(match["label"], match["operator"], text)
    if "~" in matcher.operator and (error := compile_error(text)):
        raise ValueError(f"the pattern of {matcher.label} is not valid: {error}")
    return matcher


def _unquoted(text: str) -> str:
    def character(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPES:
            raise ValueError(rf"\{escape[1]} has no meaning in double quotes: put the text in backticks")
        return _ESCAPES[escape[1]]

    return re.sub(r"\\(.)", character, text)


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Return whether the selector selects a stream with these labels."""
    return all(matcher.matches(labels.get(matcher.label, "")) for matcher in selector)


def are_disjoint(first: Iterable[Matcher], second: Iterable[Matcher]) -> bool:
    """Return whether no stream can match both; False where no matcher lists its values."""
    matchers = sorted([*first, *second], key=attrgetter("label"))
    return any(_contradict(list(group)) for _, group in groupby(matchers, key=attrgetter("label")))


def _contradict(matchers: Sequence[Matcher]) -> bool:
    value_lists = [matcher.values for matcher in matchers if matcher.values is not None]
    return any(not any(all(each.matches(value) for each in matchers) for value in values) for values in value_lists)


class SelectorIndex:
    """Finds the selectors that may share a stream with another one, without comparing it with each of them.

    Rules mostly differ in the value of one label: a thousand namespaces with a period each. The index sorts them by the
    label for which most selectors name their values; those that do not name any are compared with every selector.
    """

    def __init__(self, selectors: Sequence[Selector]) -> None:
        """Sort selectors; a selector's number is its place in the sequence."""
        named = Counter(matcher.label for each in selectors for matcher in each if matcher.values is not None)
        self._label = named.most_common(1)[0][0] if named else ""
        self._all = range(len(selectors))
        self._open: list[int] = []
        self._by_value: defaultdict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(selectors):
            values = self._values(each)
            for value in values or ():
                self._by_value[value].append(number)
            if values is None:
                self._open.append(number)

    def candidates(self, selector: Selector) -> Sequence[int]:
        """Return the numbers of all selectors that are not known to be disjoint from this one, in their order."""
        values = self._values(selector)
        if values is None:
            return self._all
        return sorted({*self._open, *(number for value in values for number in self._by_value.get(value, ()))})

    def _values(self, selector: Selector) -> frozenset[str] | None:
        """Return the values of the index's label that the selector names; None where it names none."""
        named = [matcher.values for matcher in selector if matcher.label == self._label and matcher.values is not None]
        return frozenset.intersection(*named) if named else None


def covers(wider: Iterable[Matcher], narrower: Sequence[Matcher]) -> bool:
    """Return whether the wider selector selects every stream of the narrower; False where that is unknown."""
    return all(any(_implies(condition, matcher) for condition in narrower) for matcher in wider)


def _implies(condition: Matcher, matcher: Matcher) -> bool:
    if matcher.label != condition.label:
        return False
    values = condition.values
    return matcher == condition or (values is not None and all(matcher.matches(value) for value in values))
