"""``ShareWindows`` offers bays only while hardly an owner would be turned away, and nothing where nothing is known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput, UnknownName
from features.parking.sharing import windows
from serving.client import Client, NewLot, Sharing
from serving.parking.answers import Answer, interval
from serving.parking.moment import Moment
from serving.parking.share import short_of
from tests.serving.parking.town import AS_OF, CONFIG, DEAD, GARAGE, HOUR, LOTS, SIZELESS, STREET, TOWN


def share(client: Client, *lots: str, bays: int = 5, **more: Any) -> Sharing:
    return client.parking_share("parking", list(lots or (GARAGE,)), bays, **({"issued_at": AS_OF} | more))


def test_bays_are_lent_while_there_are_enough(client: Client) -> None:
    found = share(client, GARAGE, bays=20)

    assert (found.bays, found.most_risk, found.until) == (20, pytest.approx(0.05), AS_OF + 24 * HOUR)
    (garage,) = found.lots
    # In the night and in the evening, not around noon.
    assert len(garage.windows) == 2
    first, second = garage.windows
    assert AS_OF < first.start < first.end < second.start < second.end <= found.until
    noon = AS_OF + 13 * HOUR
    assert not any(window.start <= noon <= window.end for window in garage.windows)
    for window in garage.windows:
        assert 0 <= window.risk <= 0.05
        assert window.fewest >= 20
        assert "20 bays can be lent" in window.words.en
        assert "20면 공유 가능" in window.words.ko
    assert garage.words.en == "20 can be lent in 2 windows"


def test_the_fewest_spaces_are_the_least_of_the_lower_ends(client: Client) -> None:
    window = share(client).lots[0].windows[0]
    latest = client.parking_latest("parking", entity_ids=[GARAGE], issued_at=AS_OF)
    within = [one.q10 for one in latest.predictions if window.start <= one.target_time <= window.end]
    assert window.fewest == pytest.approx(min(within))


def test_windows_are_said_on_the_citys_clock(client: Client) -> None:
    window = share(client).lots[0].windows[0]
    assert window.start == AS_OF + HOUR
    assert window.words.en.startswith("03-23 00:00 - ")


def test_more_risk_never_offers_less(client: Client) -> None:
    def hours(risk: float) -> float:
        return sum((one.end - one.start) / HOUR for one in share(client, bays=40, most_risk=risk).lots[0].windows)

    assert hours(0.001) <= hours(0.05) <= hours(0.5)
    assert hours(0.001) < hours(0.5)


def test_what_nobody_knows_is_not_lent(client: Client) -> None:
    (sizeless,) = share(client, SIZELESS, bays=1).lots
    assert sizeless.windows == ()
    assert sizeless.words.en == "Nothing is known, so nothing is offered (fallback: its capacity is not known)"


def test_what_an_offer_rests_on_is_said_where_that_is_not_enough(client: Client) -> None:
    stale, dead = share(client, issued_at=AS_OF + 5 * HOUR), share(client, DEAD)
    assert stale.lots[0].words.en.endswith("(degraded: stale)")
    assert dead.lots[0].words.ko.endswith("(degraded: no count in the last hours)")
    assert dead.lots[0].lot.quality.startswith("degraded")


def test_a_new_lot_may_be_lent_from(client: Client) -> None:
    found = share(client, "NEW", new_lots=[NewLot(entity_id="NEW", capacity=200, city="Seoul")])
    assert "no history of its own" in found.lots[0].words.en


def test_all_bays_of_a_full_day_are_never_lent(client: Client) -> None:
    (street,) = share(client, STREET, bays=50).lots
    assert street.windows == ()
    assert street.words.en == "At no time can 50 be lent at a risk of 5 % at most"


@pytest.mark.parametrize(
    ("lots", "question", "message"),
    [
        pytest.param(
            [GARAGE, STREET], {"bays": 51}, "bays=51 are more than the 50 spaces of S-1", id="more than it has"
        ),
        pytest.param([GARAGE], {"bays": 0}, "bays=0 is no number of bays", id="no bay"),
        pytest.param([GARAGE], {"bays": -2}, "bays=-2 is no number of bays", id="fewer than none"),
        pytest.param([GARAGE], {"most_risk": 0.0}, "most_risk=0 is out of bounds.*0.001 to 0.5", id="no risk"),
        pytest.param([GARAGE], {"most_risk": 0.6}, "most_risk=0.6 is out of bounds", id="a gamble"),
        pytest.param([GARAGE], {"most_risk": float("nan")}, "most_risk=nan is out of bounds", id="no number"),
        pytest.param([], {}, "entity_ids names 0 lots", id="no lot"),
        pytest.param([GARAGE] * 101, {}, "entity_ids names 101 lots", id="too many lots"),
        pytest.param(["G-2"], {}, "no lot 'G-2'", id="a lot that is none"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    lots: list[str], question: dict[str, Any], message: str, client: Client
) -> None:
    with pytest.raises(UnknownName if "G-2" in lots else BadInput, match=message):
        client.parking_share("parking", lots, **({"bays": 5} | question))


@st.composite
def answers(draw: st.DrawFn) -> tuple[Answer, int]:
    """What a model might say of the garage, some of it not at all; and how many bays are asked for."""
    steps = draw(st.integers(2, 24))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    free = np.sort(chance.uniform(0, 200 * draw(st.floats(0, 1)) + 1e-3, (1, steps, 7)), axis=-1).astype(np.float32)
    full = chance.random((1, steps)).astype(np.float32) * np.float32(draw(st.sampled_from([0.0, 0.01, 1.0])))
    free[:, chance.random(steps) < draw(st.sampled_from([0.0, 0.3, 1.0]))] = np.nan
    full[:, chance.random(steps) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    return Answer(columns=[0], free=free, full=full, quality=["ok"], froze=np.array([False])), draw(st.integers(1, 200))


MOMENT = Moment(
    config=CONFIG, lots=TOWN, inputs={}, quality=np.zeros(len(LOTS), dtype=np.int8), impossible=frozenset(),
    issued_at=AS_OF, as_of=AS_OF, is_stale=False, is_silent=False,
)  # fmt: skip


@given(answers(), st.floats(0.001, 0.5), st.floats(0.05, 1))
def test_no_window_is_riskier_than_allowed_or_holds_a_step_that_nobody_knows(
    asked: tuple[Answer, int], most_risk: float, extremal_index: float
) -> None:
    answer, bays = asked
    short = short_of(bays, MOMENT, answer)[0]
    assert (np.isnan(short) == ~answer.is_known[0]).all()
    for one in windows(short, most_risk=most_risk, extremal_index=extremal_index):
        inside = short[one.first - 1 : one.last]
        assert not np.isnan(inside).any()
        assert inside.max() <= one.risk <= most_risk


@given(answers())
def test_more_bays_are_short_more_often(asked: tuple[Answer, int]) -> None:
    answer, bays = asked
    few, more = (short_of(count, MOMENT, answer)[0] for count in (bays, bays + 7))
    known = ~np.isnan(few)
    assert (more[known] >= few[known] - 1e-9).all()


def test_where_the_levels_hold_no_tenth_the_interval_is_as_wide_as_a_normal_errors_and_never_below_no_space() -> None:
    free = np.array([[[2, 10, 50]]], dtype=np.float32)
    answer = Answer(
        columns=[0], free=free, full=np.zeros((1, 1), dtype=np.float32), quality=["ok"], froze=np.array([False])
    )
    low, median, high = interval(answer, (0.25, 0.5, 0.75))[0, 0]
    assert (low, median) == (0, 10)
    assert high == pytest.approx(10 + 40 * 1.9, rel=0.01)


def test_nothing_is_lent_of_a_lot_whose_feed_froze_however_empty_it_seems() -> None:
    free = np.full((1, 3, len(CONFIG.quantiles)), 300, dtype=np.float32)
    answer = Answer(
        columns=[0],
        free=free,
        full=np.zeros((1, 3), dtype=np.float32),
        quality=["degraded: the feed froze"],
        froze=np.array([True]),
    )
    assert np.isnan(short_of(1, MOMENT, answer)).all()


def test_a_lot_that_is_surely_empty_enough_is_no_risk() -> None:
    free = np.full((1, 3, 7), 150, dtype=np.float32)
    answer = Answer(
        columns=[0], free=free, full=np.zeros((1, 3), dtype=np.float32), quality=["ok"], froze=np.array([False])
    )
    assert short_of(100, MOMENT, answer).max() == 0
    assert short_of(151, MOMENT, answer).min() == 1
