"""The order of places to park: the least expected trouble first, the same however the lots come."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.parking.lots import Lots
from serving.parking.near import SEARCH_MIN, Choice, Needs, ranked, unmet, walks_m
from tests.serving.parking.town import CITY_HALL, LOTS, NOWHERE, TOWN

# Few values, so that many are alike.
choices = st.lists(
    st.builds(
        Choice,
        entity_id=st.integers(0, 10**6).map(str),
        walk_m=st.sampled_from([0.0, 72.0, 144.0, 720.0]) | st.floats(0, 5000),
        chance=st.none() | st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1),
        unknown=st.sampled_from([(), ("ev",), ("height_m", "disabled")]),
    ),
    unique_by=lambda one: one.entity_id,
    max_size=30,
)


@given(choices, st.randoms())
def test_the_order_is_the_same_however_the_lots_come(found, chance):
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert ranked(shuffled) == ranked(found)


@given(choices)
def test_the_order_is_that_of_expected_minutes_behind_them_what_nobody_knows(found):
    best = ranked(found)
    assert sorted(best, key=lambda one: one.entity_id) == sorted(found, key=lambda one: one.entity_id)
    for one, other in pairwise(best):
        assert bool(one.unknown) <= bool(other.unknown)
        if bool(one.unknown) == bool(other.unknown):
            assert (one.chance is None) <= (other.chance is None)
            if one.expected_min is not None and other.expected_min is not None:
                assert one.expected_min <= other.expected_min + 1e-3


@given(choices.filter(bool), st.data())
def test_a_better_chance_or_a_shorter_walk_never_sends_a_lot_back(found, data):
    one = data.draw(st.sampled_from(found))
    better = Choice(
        entity_id=one.entity_id,
        walk_m=one.walk_m / 2,
        chance=None if one.chance is None else (1 + one.chance) / 2,
        unknown=one.unknown,
    )
    before = [each.entity_id for each in ranked(found)].index(one.entity_id)
    after = [each.entity_id for each in ranked([better if each is one else each for each in found])]
    assert after.index(one.entity_id) <= before


def test_of_two_alike_the_nearer_comes_first_and_then_the_id():
    # 15 minutes on foot and a space, or none at all at the door.
    walk = 72 * SEARCH_MIN
    alike = [
        Choice(entity_id="c", walk_m=walk, chance=1.0),
        Choice(entity_id="b", walk_m=0, chance=0.0),
        Choice(entity_id="a", walk_m=walk, chance=1.0),
    ]
    assert [one.entity_id for one in ranked(alike)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("choice", "ko", "en"),
    [
        pytest.param(
            Choice(entity_id="x", walk_m=288, chance=0.85),
            "빈자리 확률 85 %, 도보 4분; 만차면 다시 찾을 시간까지 약 6분",
            "85 % chance of a space, 4 min on foot; about 6 min in all, with the search if full",
            id="known",
        ),
        pytest.param(
            Choice(entity_id="x", walk_m=72, chance=1.0, unknown=("height_m", "ev")),
            "빈자리 확률 >99 %, 도보 1분; 만차면 다시 찾을 시간까지 약 1분; 높이 제한, 충전기 정보 없음",
            ">99 % chance of a space, 1 min on foot; about 1 min in all, with the search if full; "
            "not known: the height limit, chargers",
            id="nobody knows whether it fits",
        ),
        pytest.param(
            Choice(entity_id="x", walk_m=72, chance=None),
            "도보 1분, 빈자리는 알 수 없음",
            "1 min on foot; nobody knows whether it has space",
            id="nobody knows whether it has space",
        ),
    ],
)
def test_the_reason_is_said_in_both_languages(choice, ko, en):
    assert (choice.reason.ko, choice.reason.en) == (ko, en)


def test_walks_are_a_detour_longer_than_the_crow_flies():
    walks = walks_m(TOWN, *CITY_HALL)
    # 0.0022 degrees of latitude are 245 m.
    assert walks[1] == pytest.approx(1.3 * 245, abs=2)
    assert np.isnan(walks[LOTS.index(NOWHERE)])


@pytest.mark.parametrize(
    ("needs", "lot", "expected"),
    [
        pytest.param(Needs(), 1, (False, ()), id="nothing asked for"),
        pytest.param(Needs(height_m=2.1), 0, (False, ()), id="exactly as high as it lets in"),
        pytest.param(Needs(height_m=2.2), 0, (True, ()), id="too high"),
        pytest.param(Needs(height_m=1.5), 1, (False, ("height_m",)), id="nobody knows the limit"),
        pytest.param(Needs(height_m=1.5), 3, (False, ("height_m",)), id="a limit that lets nothing in is none"),
        pytest.param(Needs(ev=True), 0, (False, ()), id="chargers"),
        pytest.param(Needs(ev=True), 2, (True, ()), id="no charger"),
        pytest.param(Needs(disabled=True), 3, (True, ()), id="no bay for disabled people"),
        pytest.param(
            Needs(height_m=2, ev=True, disabled=True), 1, (False, ("height_m", "ev", "disabled")), id="nothing known"
        ),
    ],
)
def test_what_a_lot_offers(needs, lot, expected):
    assert unmet(TOWN, lot, needs) == expected


def test_a_lot_nobody_knows_anything_of_is_not_dropped():
    nothing = Lots(
        ids=("x",), name=("x",), city=("",), kind=("",),
        **{name: np.full(1, np.nan, dtype=np.float32) for name in
           ("capacity", "lat", "lon", "ev_bays", "disabled_bays", "max_height_m")},
    )  # fmt: skip
    assert unmet(nothing, 0, Needs(ev=True)) == (False, ("ev",))
