"""Stream selectors: the labels that they match, and which two are disjoint or cover each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstack.settings.model.selectors import (
    Selector,
    SelectorIndex,
    are_disjoint,
    covers,
    parse_selector,
    selects,
)


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        ('{namespace="a"}', {"namespace": "a"}, True),
        ('{namespace="a"}', {"namespace": "ab"}, False),
        ('{namespace=~"a|b"}', {"namespace": "b"}, True),
        ('{namespace=~"a|b"}', {"namespace": "bc"}, False),
        ('{namespace=~"a.*", app!="x"}', {"namespace": "abc"}, True),
        ('{namespace=~"a.*", app!="x"}', {"namespace": "abc", "app": "x"}, False),
        ('{namespace=~"a.+", app!~"x|y"}', {"namespace": "a\nb", "app": "z"}, True),
        ("{ app = `a.b` , pod=~`p\\.q` }", {"app": "a.b", "pod": "p.q"}, True),
        ('{app="say \\"a\\""}', {"app": 'say "a"'}, True),
        ('{app="a,b}", pod!=""}', {"app": "a,b}", "pod": "p"}, True),
    ],
)
def test_selector_matches_whole_values(selector: str, labels: dict[str, str], *, matches: bool) -> None:
    assert selects(parse_selector(selector), labels) is matches


@pytest.mark.parametrize(
    ("first", "second", "disjoint"),
    [
        ('{a="x"}', '{a="y"}', True),
        ('{a="x"}', '{a=~"x|y"}', False),
        ('{a=~"x|y"}', '{a=~"v|w"}', True),
        ('{a="x"}', '{a=~"y.*"}', True),
        ('{a=~"x.*"}', '{a=~"y.*"}', False),
        ('{a="x"}', '{b="y"}', False),
        ('{a="x", b="1"}', '{a="x", b!="1"}', True),
    ],
)
def test_selectors_are_disjoint_only_when_that_is_certain(first: str, second: str, *, disjoint: bool) -> None:
    assert are_disjoint(parse_selector(first), parse_selector(second)) is disjoint
    assert are_disjoint(parse_selector(second), parse_selector(first)) is disjoint


@pytest.mark.parametrize(
    ("wider", "narrower", "is_certain"),
    [
        ('{a="x"}', '{a="x", b="y"}', True),
        ('{a=~"x|y"}', '{a="x"}', True),
        ('{a=~"x"}', '{a="x"}', True),
        ('{a="x"}', '{a=~"x|y"}', False),
        ('{a=~"x.*"}', '{a=~"xy|xz"}', True),
        ('{a=~"x.*"}', '{a=~"x.*"}', True),
        ('{a=~"x.*"}', '{a=~"xy.*"}', False),
        ('{a="x", b!="y"}', '{a="x"}', False),
    ],
)
def test_selector_covers_a_narrower_one_only_when_that_is_certain(
    wider: str, narrower: str, *, is_certain: bool
) -> None:
    assert covers(parse_selector(wider), parse_selector(narrower)) is is_certain


_MATCHERS = st.builds(
    "{}{}".format,
    st.sampled_from(["namespace", "app", "stream"]),
    st.sampled_from(['="a"', '="b"', '="c"', '=~"a|b"', '=~"x.*"', '!="a"', '!~"b|c"']),
)
_SELECTORS = st.lists(_MATCHERS, min_size=1, max_size=3).map(
    lambda texts: parse_selector('{z="1", ' + ", ".join(texts) + "}")
)


@given(selectors=st.lists(_SELECTORS, max_size=12), one=_SELECTORS)
def test_index_omits_only_selectors_that_are_disjoint(selectors: list[Selector], one: Selector) -> None:
    candidates = SelectorIndex(selectors).candidates(one)
    assert sorted({*candidates}) == [*candidates]
    omitted = {*range(len(selectors))} - {*candidates}
    assert [number for number in omitted if not are_disjoint(selectors[number], one)] == []


def test_index_compares_each_of_many_rules_with_few() -> None:
    names = [f'{{namespace="ns-{number}", app=~"debug.*"}}' for number in range(2_000)]
    selectors = [parse_selector(text) for text in [*names, '{app=~"x.*"}']]
    index = SelectorIndex(selectors)
    assert sum(len(index.candidates(each)) for each in selectors[:-1]) == 2 * 2_000
