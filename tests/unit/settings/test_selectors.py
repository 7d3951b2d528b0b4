"""Selectors of streams: what they match, and which can meet."""

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
def test_a_selector_matches_whole_values(selector: str, labels: dict[str, str], *, matches: bool) -> None:
    assert selects(parse_selector(selector), labels) is matches


@pytest.mark.parametrize(
    ("one", "other", "disjoint"),
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
def test_selectors_are_disjoint_where_that_is_known(one: str, other: str, *, disjoint: bool) -> None:
    assert are_disjoint(parse_selector(one), parse_selector(other)) is disjoint
    assert are_disjoint(parse_selector(other), parse_selector(one)) is disjoint


@pytest.mark.parametrize(
    ("wider", "narrower", "known"),
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
def test_a_selector_covers_another_where_that_is_known(wider: str, narrower: str, *, known: bool) -> None:
    assert covers(parse_selector(wider), parse_selector(narrower)) is known


_MATCHERS = st.builds(
    "{}{}".format,
    st.sampled_from(["namespace", "app", "stream"]),
    st.sampled_from(['="a"', '="b"', '="c"', '=~"a|b"', '=~"x.*"', '!="a"', '!~"b|c"']),
)
_SELECTORS = st.lists(_MATCHERS, min_size=1, max_size=3).map(
    lambda found: parse_selector('{z="1", ' + ", ".join(found) + "}")
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
