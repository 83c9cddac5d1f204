"""The watch for abnormal flow, on cities of which it is known what happened when."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.errors import BadInput
from features.traffic.abnormal import observe
from features.traffic.abnormal_config import WatchConfig
from features.traffic.happening import Ending, Kind
from features.traffic.watch import Interval, fresh_watch

START = datetime(2022, 5, 2, tzinfo=UTC)
CONFIG = WatchConfig()
LINKS, STEPS, ONSET = 12, 96, 48
EXPECTED, USUAL = 1000.0, 40.0
NAN = float("nan")
NOBODY = np.full((LINKS, 1), -1)
PAIRS = np.array([[link ^ 1] for link in range(LINKS)])


def city(*, seed=3, steps=STEPS, links=LINKS):
    """(time, entity): 1,000 vehicles give or take 40."""
    print(f"seed {seed}")  # noqa: T201
    return EXPECTED + USUAL * np.random.default_rng(seed).standard_normal((steps, links)).clip(-2, 2)


def forecast(links=LINKS, steps=24):
    quantiles = EXPECTED + USUAL * np.array([-1.28, 0, 1.28])
    return np.broadcast_to(quantiles.astype(np.float32), (links, steps, 3))


def at(row):
    return START + timedelta(hours=row)


def lived(values, neighbours=NOBODY, *, config=CONFIG, watch=None, first=0):
    """The watch after ``values``, and all that it told."""
    names = tuple(f"L-{link:02}" for link in range(values.shape[1]))
    watch = watch or fresh_watch(names, 60, neighbours[: values.shape[1]], config)
    told = []
    for row, measured in enumerate(values, start=first):
        interval = Interval(start=at(row), measured=measured, forecast=forecast(values.shape[1]))
        watch, news = observe(watch, interval, config)
        told += news
    return watch, told


def last_words(told):
    return list({event.id: event for event in told}.values())


def test_ordinary_noise_is_no_event():
    watch, told = lived(city(steps=400))
    assert not told
    assert not watch.ongoing


@pytest.mark.parametrize(("factor", "direction"), [(0.4, "low"), (1.9, "high")])
def test_one_link_off_for_four_hours_is_one_event_raised_after_two(factor, direction):
    values = city()
    values[ONSET : ONSET + 4, 5] *= factor

    _, told = lived(values)

    first, last = told
    assert (first.onset, first.raised_at, first.cleared_at) == (at(ONSET), at(ONSET + 2), None)
    assert (last.id, last.cleared_at, last.ending) == (first.id, at(ONSET + 6), Ending.INSIDE)
    assert (last.entity_ids, last.kind, last.direction, last.steps) == (("L-05",), Kind.ABNORMAL, direction, 4)
    assert not last.band_low <= last.measured <= last.band_high
    assert last.expected == EXPECTED
    # A usual error is 0.8 standard deviations.
    assert last.size == pytest.approx((last.measured - EXPECTED) / (0.8 * USUAL), rel=0.05)
    assert last.witness.ruled_out == ("city",)


def test_one_hour_alone_is_no_event():
    values = city()
    values[ONSET, 5] = 100
    assert not lived(values)[1]


def test_two_hours_on_two_sides_are_no_event():
    values = city()
    values[ONSET, 5], values[ONSET + 1, 5] = 100, 3000
    assert not lived(values)[1]


def test_a_drop_of_the_whole_city_is_no_event_of_any_link():
    values = city()
    values[ONSET : ONSET + 6] *= 0.4
    assert not lived(values)[1]


def test_a_link_that_stands_out_in_a_city_that_drops_is_told_with_the_citys_share():
    values = city()
    values[ONSET : ONSET + 6] *= 0.8
    values[ONSET : ONSET + 6, 5] *= 0.2

    (event,) = last_words(lived(values)[1])

    assert event.entity_ids == ("L-05",)
    assert event.witness.city_share == pytest.approx(-0.2, abs=0.05)


def test_a_city_that_is_restless_hides_what_is_no_more_than_that():
    values = city()
    chance = np.random.default_rng(5)
    values[ONSET : ONSET + 12] *= chance.choice([0.5, 1.5], size=(1, LINKS))
    assert not lived(values)[1]


def test_without_a_city_around_it_neighbours_are_the_witness():
    values = city(links=3)
    values[ONSET : ONSET + 4, 0] *= 0.3

    (event,) = last_words(lived(values, np.array([[1, 2], [0, 2], [0, 1]]))[1])
    assert event.witness.ruled_out == ("neighbours",)
    assert event.witness.city_share is None

    assert not lived(values, np.full((3, 1), -1))[1], "nobody knows whose doing it is"


def test_two_neighbours_make_one_event():
    values = city()
    values[ONSET : ONSET + 5, 4:6] *= 0.3

    _, told = lived(values, PAIRS)

    (event,) = last_words(told)
    assert sorted(event.entity_ids) == ["L-04", "L-05"]
    assert event.witness.neighbours_likewise == 1
    assert event.witness.ruled_out == ("city",)
    assert len(last_words(lived(values)[1])) == 2, "strangers make two"


def test_a_neighbour_that_follows_later_joins_the_event():
    values = city()
    values[ONSET : ONSET + 8, 4] *= 0.3
    values[ONSET + 3 : ONSET + 8, 5] *= 0.3

    _, told = lived(values, PAIRS)

    assert [event.entity_ids for event in told] == [("L-04",), ("L-04", "L-05"), ("L-04", "L-05")]
    assert len({event.id for event in told}) == 1
    assert [event.cleared_at is None for event in told] == [True, True, False]


def test_a_link_between_two_events_makes_them_one():
    chain = np.array([[1, -1], [0, 2], [1, -1], *[[-1, -1]] * (LINKS - 3)])
    values = city()
    values[ONSET : ONSET + 9, [0, 2]] *= 0.3
    values[ONSET + 3 : ONSET + 9, 1] *= 0.3

    watch, told = lived(values[: ONSET + 6], chain)

    assert sorted(watch.ongoing[0].entity_ids) == ["L-00", "L-01", "L-02"]
    assert len(watch.ongoing) == 1
    assert len(told) == 3


def test_neighbours_on_different_sides_are_two_events():
    values = city()
    values[ONSET : ONSET + 5, 4] *= 0.3
    values[ONSET : ONSET + 5, 5] *= 2
    assert sorted(event.direction for event in last_words(lived(values, PAIRS)[1])) == ["high", "low"]


def test_an_event_does_not_flap():
    values = city()
    values[ONSET : ONSET + 9, 5] = [300, 300, EXPECTED, 300, 300, EXPECTED, 300, 300, EXPECTED]

    _, told = lived(values)

    assert [event.cleared_at for event in told] == [None, at(ONSET + 10)]
    assert told[-1].steps == 8


def test_the_forecast_from_before_the_onset_is_what_counts():
    """A forecast that follows what it sees would call the second hour of an incident ordinary."""
    values = city()
    values[ONSET : ONSET + 4, 5] *= 0.4
    watch, told = fresh_watch(tuple(f"L-{link:02}" for link in range(LINKS)), 60, NOBODY, CONFIG), []
    for row, measured in enumerate(values):
        issued = forecast().copy()
        if row > 0:
            issued *= (values[row - 1] / EXPECTED)[:, None, None].astype(np.float32)
        watch, news = observe(watch, Interval(start=at(row), measured=measured, forecast=issued), CONFIG)
        told += [event for event in news if event.entity_ids == ("L-05",)]
    assert told[-1].onset == at(ONSET)
    assert told[-1].steps == 4


@pytest.mark.parametrize("value", [0.0, 317.0])
def test_a_value_that_never_changes_is_a_sensor_and_not_traffic(value):
    values = city()
    values[ONSET : ONSET + 12, 5] = value

    _, told = lived(values)

    assert [event.kind for event in told] == [Kind.ABNORMAL, Kind.SENSOR, Kind.SENSOR]
    assert len({event.id for event in told}) == 1


def test_missing_measurements_are_not_outside():
    values = city()
    values[ONSET : ONSET + 40, 5] = NAN
    assert not lived(values)[1]


def test_an_event_lasts_through_a_short_gap_and_ends_unknown_in_a_long_one():
    values = city()
    values[ONSET : ONSET + 8, 5] *= 0.3
    values[ONSET + 3 : ONSET + 3 + CONFIG.gap_steps, 5] = NAN
    (short,) = last_words(lived(values)[1])
    assert short.ending is Ending.INSIDE

    values[ONSET + 3 :, 5] = NAN
    (long,) = last_words(lived(values)[1])
    assert long.ending is Ending.UNKNOWN
    assert long.cleared_at == at(ONSET + 3 + CONFIG.gap_steps + 1)
    assert long.steps == 3


def test_intervals_that_nobody_told_of_are_a_gap():
    values = city()
    values[ONSET : ONSET + 3, 5] *= 0.3
    watch, _ = lived(values[: ONSET + 3])

    watch, told = lived(values[ONSET + 20 : ONSET + 21], watch=watch, first=ONSET + 20)

    assert [event.ending for event in told] == [Ending.UNKNOWN]
    assert not watch.ongoing


def test_in_pieces_it_is_as_in_one_go():
    values = city(seed=11)
    chance = np.random.default_rng(11)
    for _ in range(20):
        row, link = chance.integers(0, STEPS - 6), chance.integers(0, LINKS)
        values[row : row + chance.integers(1, 6), link] *= chance.choice([0.1, 0.5, 2])
    values[chance.random(values.shape) < 0.1] = NAN

    whole, told = lived(values, PAIRS)
    watch, first = lived(values[:50], PAIRS)
    watch, second = lived(values[50:], PAIRS, watch=watch, first=50)

    assert told
    assert told == [*first, *second]
    assert watch.ongoing == whole.ongoing
    np.testing.assert_array_equal(watch.low, whole.low)
    assert lived(values, PAIRS)[1] == told


@pytest.mark.parametrize("width", [0.4, 1.0, 3.0])
def test_the_band_holds_95_percent_whatever_width_the_forecast_gives_itself(width):
    chance = np.random.default_rng(7)
    values = EXPECTED + width * USUAL * chance.standard_normal((3000, 4))
    watch = fresh_watch(tuple("abcd"), 60, np.full((4, 1), -1), CONFIG)
    inside = []
    for row, measured in enumerate(values):
        low, high = EXPECTED - watch.low * 1.28 * USUAL, EXPECTED + watch.high * 1.28 * USUAL
        inside.append((low <= measured) & (measured <= high))
        watch, _ = observe(watch, Interval(start=at(row), measured=measured, forecast=forecast(4)), CONFIG)
    assert np.mean(inside[1000:]) == pytest.approx(0.95, abs=0.01)


def test_an_event_says_itself_in_plain_json():
    values = city()
    values[ONSET : ONSET + 4, 5] *= 0.4

    row = last_words(lived(values)[1])[0].to_json()

    assert row["entity_ids"] == ["L-05"]
    assert row["kind"] == "abnormal flow"
    assert row["onset"] == "2022-05-04T00:00:00+00:00"
    assert row["witness"]["ruled_out"] == ["city"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"start": at(0)}, "was seen", id="an interval twice"),
        pytest.param({"start": at(2.5)}, "clock", id="off the clock"),
        pytest.param({"measured": np.zeros(3)}, "are not of 12 links", id="another city"),
        pytest.param({"forecast": np.zeros((LINKS, 3))}, "are not of 12 links", id="a forecast of one step"),
    ],
)
def test_what_cannot_follow_is_refused(change, message):
    watch, _ = lived(city()[:1])
    given = {"start": at(1), "measured": city()[1], "forecast": forecast()} | change
    with pytest.raises(BadInput, match=message):
        observe(watch, Interval(**given), CONFIG)


def test_neighbours_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="points outside"):
        fresh_watch(("a", "b"), 60, np.array([[1], [2]]), CONFIG)


@pytest.mark.parametrize(
    "wrong", [{"tail": 0.5}, {"clear_size": 1.2}, {"raise_size": 0.5}, {"gap_steps": 0}, {"stuck_steps": 1}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(BadInput):
        WatchConfig(**wrong)
