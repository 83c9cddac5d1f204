"""``Recommend`` names places to park, how likely each has a space on arrival, and why one stands before another."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput
from features.parking.odds import at_arrival
from serving.client import Client, Count, NewLot, Recommendation
from serving.parking.near import SEARCH_MIN
from tests.serving.parking.town import AS_OF, CITY_HALL, DEAD, FAR, GARAGE, HOUR, NOWHERE, SIZELESS, STREET

EIGHT = AS_OF + 9 * HOUR
"""In the morning, in Seoul."""


def recommend(
    client: Client, arrival: datetime = EIGHT, at: tuple[float, float] = CITY_HALL, **more: Any
) -> Recommendation:
    return client.parking_recommend("parking", *at, arrival, **({"issued_at": AS_OF} | more))


def names(found: Recommendation) -> list[str]:
    return [one.lot.entity_id for one in found.options]


def test_places_near_the_destination_the_best_first(client: Client) -> None:
    found = recommend(client)

    assert set(names(found)) == {GARAGE, STREET, DEAD, SIZELESS}
    assert (found.simulated, found.arrival, found.issued_at, found.search_min) == (True, EIGHT, AS_OF, SEARCH_MIN)
    known = [one for one in found.options if one.expected_min is not None]
    assert [one.expected_min for one in known] == sorted(one.expected_min for one in known)
    for one in known:
        assert one.expected_min == pytest.approx(one.walk_min + (1 - one.chance) * SEARCH_MIN)
        assert one.q10 <= one.q50 <= one.q90
        assert "chance of a space" in one.reason.en
        assert "빈자리 확률" in one.reason.ko
    assert found.words.en.startswith("Of 4 lots within 800 m on foot 4 may fit.")


def test_a_lot_of_which_nothing_is_known_comes_last(client: Client) -> None:
    last = recommend(client).options[-1]
    assert (last.lot.entity_id, last.chance, last.q50, last.expected_min) == (SIZELESS, None, None, None)
    assert "nobody knows whether it has space" in last.reason.en


def test_a_lot_that_nobody_knows_the_place_of_is_counted(client: Client) -> None:
    found = recommend(client, walk_m=5000)
    assert found.nowhere == 1
    assert NOWHERE not in names(found)
    assert "위치를 모르는 주차장 1곳" in found.words.ko
    assert FAR in names(found)


def test_at_a_step_it_says_what_latest_says(client: Client) -> None:
    latest = client.parking_latest("parking", entity_ids=[GARAGE], issued_at=AS_OF)
    option = next(one for one in recommend(client).options if one.lot.entity_id == GARAGE)
    prediction = latest.predictions[8]

    assert prediction.target_time == EIGHT
    assert option.chance == pytest.approx(1 - prediction.full, abs=1e-6)
    assert (option.q10, option.q50, option.q90) == pytest.approx((prediction.q10, prediction.q50, prediction.q90))


@given(minutes=st.floats(0, 24 * 60))
def test_between_two_steps_it_lies_between_what_they_say(minutes: float) -> None:
    chance = np.random.default_rng(7)
    now, steps = np.array([0.0, 1.0, np.nan]), chance.random((24, 3))
    found = at_arrival(now, steps, minutes / 60)
    whole = np.concatenate([np.where(np.isnan(now), steps[0], now)[None], steps])
    before, after = whole[int(minutes / 60)], whole[min(int(minutes / 60) + 1, 24)]
    assert (found >= np.minimum(before, after) - 1e-9).all()
    assert (found <= np.maximum(before, after) + 1e-9).all()


def test_between_now_and_the_first_step_it_lies_between(client: Client) -> None:
    def chance(minutes: int) -> float:
        found = recommend(client, AS_OF + HOUR + timedelta(minutes=minutes), issued_at=None, counts=counts)
        return next(one.chance for one in found.options if one.lot.entity_id == GARAGE)

    counts = [Count(time=AS_OF + HOUR, entity_id=GARAGE, value=6)]
    # Full now: at most 10 of 200 are free.
    assert chance(0) == 0
    assert 0 < chance(30) < chance(60)
    assert chance(30) == pytest.approx(chance(60) / 2)


def test_an_arrival_a_moment_ago_is_now(client: Client) -> None:
    assert recommend(client, AS_OF - timedelta(minutes=4)).options == recommend(client, AS_OF).options


def test_what_is_known_not_to_fit_is_left_out_and_what_nobody_knows_stands_behind(client: Client) -> None:
    found = recommend(client, ev=True, disabled=True, height_m=2.0)
    # The dead one has chargers, and no bay for disabled people.
    assert names(found)[0] == GARAGE
    assert set(names(found)[1:]) == {STREET, SIZELESS}
    assert found.unfit == 1
    assert [one.unknown for one in found.options] == [(), *[("height_m", "ev", "disabled")] * 2]
    assert "not known: the height limit, chargers, bays for disabled people" in found.options[1].reason.en


def test_where_nothing_fits_it_is_said(client: Client) -> None:
    found = recommend(client, at=(37.59, 126.9779), ev=True)
    assert (found.options, found.unfit) == ((), 1)
    assert found.words.en.startswith("None of 1 lots within 800 m on foot fits")


def test_where_nothing_is_near_the_distance_is_said(client: Client) -> None:
    found = recommend(client, at=(37.60, 126.9779), walk_m=500)
    assert found.options == ()
    assert found.nearest_walk_m == pytest.approx(1.3 * 1112, rel=0.01)
    assert f"the nearest is {found.nearest_walk_m:.0f} m away" in found.words.en
    assert "가장 가까운 곳" in found.words.ko


def test_the_best_few_are_named(client: Client) -> None:
    assert names(recommend(client, most=2)) == names(recommend(client))[:2]


def test_a_new_lot_with_a_place_is_recommended(client: Client) -> None:
    lots = [NewLot(entity_id="NEW", capacity=900, city="Seoul", lat=CITY_HALL[0], lon=CITY_HALL[1])]
    found = recommend(client, new_lots=lots)
    assert names(found)[0] == "NEW"
    assert found.options[0].walk_m == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param(
            {"arrival": AS_OF - timedelta(minutes=6)}, "arrival .* lies before .*, when this is", id="the past"
        ),
        pytest.param(
            {"arrival": AS_OF + 24.1 * HOUR}, "the last time that is forecast.*newer counts", id="too far ahead"
        ),
        pytest.param({"at": (91.0, 126.9)}, "lat=91.0 is no place on Earth", id="beyond the pole"),
        pytest.param({"at": (37.5, 181.0)}, "lon=181.0 is no place on Earth", id="beyond the date line"),
        pytest.param({"at": (float("nan"), 126.9)}, "lat=nan is no place on Earth", id="no number"),
        pytest.param({"at": (126.9779, 37.5663)}, "lat=126.9779 is no place.*Seoul is near", id="lat and lon swapped"),
        pytest.param({"at": (35.18, 129.08)}, "km from the nearest lot.*latitude first", id="another city"),
        pytest.param({"walk_m": 0.0}, "walk_m=0 is out of bounds.*1 to 5000 metres", id="no walk"),
        pytest.param({"walk_m": 5001.0}, "walk_m=5001 is out of bounds", id="a march"),
        pytest.param({"walk_m": float("nan")}, "walk_m=nan is out of bounds", id="no walk at all"),
        pytest.param({"height_m": -1.0}, "height_m=-1 is out of bounds", id="a vehicle below ground"),
        pytest.param({"height_m": 210.0}, "height_m=210 is out of bounds.*10 metres", id="centimetres"),
        pytest.param({"most": 0}, "most=0 is out of bounds", id="no lot"),
        pytest.param({"most": 51}, "most=51 is out of bounds", id="too many lots"),
        pytest.param({"arrival": datetime(2026, 3, 23, 8)}, "arrival .* has no zone", id="no zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_mend(question: dict[str, Any], message: str, client: Client) -> None:
    with pytest.raises(BadInput, match=message):
        recommend(client, **question)
