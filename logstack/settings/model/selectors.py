"""LogQL's stream selectors: what they ask of a stream's labels, and which of them can meet."""

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
# A pattern that names its texts one by one; these are no characters of syntax.
_ALTERNATIVES = re.compile(r"[\w/@:-]+(\|[\w/@:-]+)*")


@dataclass(frozen=True)
class Matcher:
    """What a selector asks of one label."""

    label: str
    operator: str
    """=, !=, =~ or !~."""
    text: str
    """The value, or the pattern."""

    def matches(self, value: str) -> bool:
        """Whether a label of this value is asked for; a stream without the label has the empty value."""
        if "~" not in self.operator:
            return (value == self.text) == (self.operator == "=")
        # Loki anchors a pattern at both ends, and lets a dot be a line's end (Prometheus, labels.Matcher).
        return finds(f"^(?s:{self.text})$", value) == (self.operator == "=~")

    @property
    def values(self) -> frozenset[str] | None:
        """The only values that match, where the matcher names them one by one."""
        if self.operator == "=":
            return frozenset({self.text})
        if self.operator == "=~" and _ALTERNATIVES.fullmatch(self.text):
            return frozenset(self.text.split("|"))
        return None


Selector = tuple[Matcher, ...]


def parse_selector(text: str) -> Selector:
    """The matchers of `{label="value", ...}`; raises ValueError, in words, for what Loki does not take as a rule's.

    Loki reads a rule's selector as matchers alone, of which one at least must not match the empty value
    (pkg/logql/syntax, ParseMatchers and validateMatchers).
    """
    inner = re.fullmatch(r"\s*\{(.*)\}\s*", text, re.DOTALL)
    if not inner:
        raise ValueError("it has no { } around it, or something stands beside them")
    found: list[Matcher] = []
    place = 0
    while place < len(inner[1]) or not found:
        match = _MATCHER.match(inner[1], place)
        if not match:
            raise ValueError('it is no list of label="value", with =, !=, =~ or !~ and a comma between')
        found.append(_matcher(match))
        place = match.end()
        if place < len(inner[1]):
            if inner[1][place] != "," or not inner[1][place + 1 :].strip():
                raise ValueError('it is no list of label="value", with =, !=, =~ or !~ and a comma between')
            place += 1
    if all(matcher.matches("") for matcher in found):
        raise ValueError("each of its matchers matches streams without the label: Loki takes no such selector")
    return tuple(found)


def _matcher(match: re.Match[str]) -> Matcher:
    text = match["raw"] if match["raw"] is not None else _unquoted(match["quoted"])
    matcher = Matcher(match["label"], match["operator"], text)
    if "~" in matcher.operator and (error := compile_error(text)):
        raise ValueError(f"the pattern of {matcher.label} is none: {error}")
    return matcher


def _unquoted(text: str) -> str:
    def character(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPES:
            raise ValueError(rf"\{escape[1]} means nothing between double quotes: write the text between backticks")
        return _ESCAPES[escape[1]]

    return re.sub(r"\\(.)", character, text)


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether a stream is one of the selector's."""
    return all(matcher.matches(labels.get(matcher.label, "")) for matcher in selector)


def are_disjoint(one: Iterable[Matcher], other: Iterable[Matcher]) -> bool:
    """Whether no stream can be of both: only where one names its values can that be known."""
    matchers = sorted([*one, *other], key=attrgetter("label"))
    return any(_ask_too_much(list(group)) for _, group in groupby(matchers, key=attrgetter("label")))


def _ask_too_much(matchers: Sequence[Matcher]) -> bool:
    named = [matcher.values for matcher in matchers if matcher.values is not None]
    return any(not any(all(each.matches(value) for each in matchers) for value in values) for values in named)


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
    """Whether each stream of the narrower selector is one of the wider; no where that cannot be known."""
    return all(any(_follows(matcher, given) for given in narrower) for matcher in wider)


def _follows(matcher: Matcher, given: Matcher) -> bool:
    if matcher.label != given.label:
        return False
    return matcher == given or (given.values is not None and all(matcher.matches(value) for value in given.values))
