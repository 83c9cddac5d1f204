"""The car parks of the simulated Seoul: its traffic fills them, its days, rain and gatherings show, its feed errs."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.geo import DISTRICTS, nearest_district
from features.simulated.demand import day_kind
from features.simulated.events import Kind
from features.simulated.folder import write_folder
from features.simulated.gatherings import gatherings
from features.simulated.hours import hour_number, local_hours
from features.simulated.lots import LotKind, links_near, lots
from features.simulated.occupancy import occupied_spaces
from features.simulated.parking import faults, free_spaces
from features.simulated.seoul import SimulatedConfig, simulate
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_mm
from features.tables import read_panels
from features.tables.columns import ReadOptions
from tests.features.simulated.years import SEEDS, year

YEAR = year(2022)
SEED = 7
CAPACITY = np.array([lot.capacity for lot in lots()])
KIND = np.array([str(lot.kind) for lot in lots()])
GARAGE, ON_STREET, RESIDENT = (np.isin(KIND, str(kind)) for kind in LotKind)
DAY, HOUR = day_kind(local_hours(YEAR)), local_hours(YEAR).hour
WORKDAY, SATURDAY, FEAST = DAY == 0, DAY == 1, DAY == 3


@pytest.fixture(scope="module")
def taken():
    """Bays truly taken in 2022, (hour, lot)."""
    return occupied_spaces(SEED, YEAR)


@pytest.fixture(scope="module")
def share(taken):
    return taken / CAPACITY


@pytest.fixture(scope="module")
def feed():
    """Free spaces of 2022 as the feed has them and whether it has them, (hour, lot)."""
    return free_spaces(SEED, YEAR)


def test_lots_of_three_kinds_stand_in_every_district():
    table = simulate_days(1).lots
    assert table.columns == [
        *("entity_id", "name", "lat", "lon", "capacity"),
        *("kind", "city", "ev_bays", "disabled_bays", "max_height_m"),
    ]
    assert 40 <= table["entity_id"].n_unique() == len(table) <= 60
    assert set(table["kind"]) == {"garage", "on-street", "resident"}
    assert set(table["city"]) == {district.name_en for district in DISTRICTS}
    for row in table.to_dicts():
        assert row["city"] == nearest_district(row["lat"], row["lon"]).name_en
        assert row["ev_bays"] + row["disabled_bays"] < row["capacity"]
        assert (row["max_height_m"] is None) == (row["kind"] != "garage")
        assert "모의" in row["name"]
        assert "simulated" in row["name"]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_lot_holds_more_than_it_can_or_fewer_than_none(seed):
    taken = occupied_spaces(seed, range(YEAR.start, YEAR.start + 24 * 60))
    assert taken.min() >= 0
    assert (taken <= CAPACITY).all()


def test_garages_are_full_by_day_and_empty_by_night(share):
    afternoon, night = (share[WORKDAY & (hour == HOUR)][:, GARAGE].mean(axis=0) for hour in (14, 3))
    assert (afternoon > 0.5).all()
    assert afternoon.mean() > 0.65
    assert (night < 0.15).all()


def test_resident_bays_are_full_by_night_and_empty_by_day(share):
    afternoon, night = (share[WORKDAY & (hour == HOUR)][:, RESIDENT].mean(axis=0) for hour in (14, 3))
    assert (night > 0.85).all()
    assert night.mean() > 0.92
    # What can be shared.
    assert (afternoon < 0.6).all()


def test_offices_empty_on_days_off_while_the_shops_fill(share):
    noon = {name: share[kind & (HOUR == 14)] for name, kind in (("workday", WORKDAY), ("Saturday", SATURDAY))}
    for lot in ("Magok-garage", "Guro-digital-park-garage", "Yeouido-garage"):
        assert noon["Saturday"][:, index(lot)].mean() < 0.5 * noon["workday"][:, index(lot)].mean()
    for lot in ("Hongdae-garage", "Itaewon-garage", "Yeongdeungpo-garage"):
        assert noon["Saturday"][:, index(lot)].mean() > 0.85 * noon["workday"][:, index(lot)].mean()
    residents = [share[kind & (HOUR == 11)][:, RESIDENT].mean() for kind in (WORKDAY, SATURDAY)]
    assert residents[1] > 1.4 * residents[0]
    assert share[FEAST & (HOUR == 14)][:, GARAGE].mean() < 0.5 * share[WORKDAY & (HOUR == 14)][:, GARAGE].mean()


def test_stays_along_a_street_are_short_and_its_bays_noisy(share):
    afternoon = WORKDAY & (HOUR >= 14) & (HOUR < 17)
    change = {}
    for name, kind in (("street", ON_STREET), ("garage", GARAGE)):
        change[name] = np.abs(np.diff(share, axis=0)[afternoon[1:]][:, kind]).mean()
    assert change["street"] > 2 * change["garage"]


def test_whoever_comes_passed_on_the_links_near(share):
    volume = volume_veh_h(SEED, YEAR)[0]
    commute = WORKDAY & (HOUR == 8)
    chosen = []
    for lot in np.flatnonzero(GARAGE & np.array([each.daily > 0.5 for each in lots()])):
        rows = np.flatnonzero(commute)[4:-4]
        filled = share[rows + 1, lot] - share[rows, lot]
        chosen.append(np.corrcoef(filled, volume[rows][:, links_near()[lot]].sum(axis=1))[0, 1])
    assert np.mean(chosen) > 0.3


def test_cars_that_never_arrived_are_not_parked(monkeypatch):
    morning = range(
        hour_number(datetime(2022, 5, 10, 12, tzinfo=UTC)), hour_number(datetime(2022, 5, 11, 6, tzinfo=UTC))
    )
    usual = occupied_spaces(SEED, morning)[-1]

    def blocked(seed, hours):
        volume, counted = volume_veh_h(seed, hours)
        volume[:, links_near()[0]] //= 4
        return volume, counted

    monkeypatch.setattr("features.simulated.occupancy.volume_veh_h", blocked)
    there = occupied_spaces(SEED, morning)[-1]
    assert there[0] < 0.5 * usual[0]
    far = [lot for lot in range(len(lots())) if not set(links_near()[lot]) & set(links_near()[0])]
    assert len(far) > 40
    np.testing.assert_array_equal(there[far], usual[far])


def test_rain_empties_bays_in_the_open_and_not_garages():
    told = {"street": [], "garage": []}
    daytime = np.flatnonzero(WORKDAY & (HOUR >= 11) & (HOUR < 19))
    weeks = 168 * np.array([-4, -3, -2, -1, 1, 2, 3, 4])
    daytime = daytime[(daytime + weeks[0] >= 2) & (daytime + weeks[-1] < len(YEAR))]
    for seed in SEEDS:
        rain, share = rain_mm(seed, YEAR), occupied_spaces(seed, YEAR) / CAPACITY
        street, garage = (share[:, kind].mean(axis=1) for kind in (ON_STREET, GARAGE))
        for row in daytime[rain[daytime - 1] >= 2]:
            others = row + weeks
            others = others[WORKDAY[others] & (rain[others - 1] + rain[others - 2] == 0)]
            if len(others) >= 3:
                told["street"].append(street[row] / np.median(street[others]))
                told["garage"].append(garage[row] / np.median(garage[others]))
    assert len(told["street"]) > 40
    assert np.median(told["street"]) < 0.85
    assert 0.93 < np.median(told["garage"]) < 1.07


def test_a_gathering_fills_the_garages_near_it(share):
    told = []
    for row in simulate(config(YEAR)).truth():
        if row["kind"] == "gathering":
            at = hour_number(datetime.fromisoformat(row["onset"])) + 1 - YEAR.start
            weeks = at + 168 * np.array([-3, -2, -1, 1, 2, 3])
            weeks = weeks[(weeks >= 0) & (weeks < len(share))]
            near = [index(lot) for lot in row["fills"]]
            told.append((share[at, near].mean(), np.median(share[weeks][:, near])))
            assert {str(lots()[lot].kind) for lot in near} == {"garage"}
            assert row["announced"] is True
            assert row["cars"] > 50
    during, usual = np.array(told).T
    assert 100 < len(during) < 400
    assert (during - usual).mean() > 0.15
    assert np.median(during) > 0.9


def test_gatherings_are_in_the_afternoon_or_evening_and_over_in_hours():
    for event in gatherings(SEED, YEAR):
        assert 13 <= (event.onset_h + 9) % 24 <= 19.5
        assert 2 <= event.end_h - event.onset_h <= 4


def test_readings_are_right_wherever_the_truth_tells_no_fault(taken, feed):
    free, read = feed
    hours = np.arange(YEAR.start, YEAR.stop)
    spoilt = {kind: np.zeros(free.shape, dtype=bool) for kind in Kind}
    for event in faults(SEED, YEAR):
        inside = (hours >= event.onset_h) & (hours < event.end_h)
        spoilt[event.kind][inside, slice(None) if event.lot is None else event.lot] = True
    np.testing.assert_array_equal(read, ~spoilt[Kind.PARKING_GAP])
    wrong, frozen = spoilt[Kind.PARKING_WRONG], spoilt[Kind.PARKING_FROZEN]
    np.testing.assert_array_equal((free < 0) | (free > CAPACITY), wrong)
    right = ~wrong & ~frozen
    np.testing.assert_array_equal(free[right], (CAPACITY - taken)[right])
    assert 0.02 < spoilt[Kind.PARKING_GAP].mean() < 0.08
    assert 0.004 < frozen.mean() < 0.02
    assert 0.0003 < wrong.mean() < 0.004


def test_a_frozen_reading_is_the_last_one_before(taken, feed):
    stretches = [event for event in faults(SEED, YEAR) if event.kind is Kind.PARKING_FROZEN]
    alone = [each for each in stretches if sum(each.lot == other.lot for other in stretches) == 1]
    assert len(stretches) > 100
    for event in alone:
        rows = np.arange(int(event.onset_h), int(event.end_h)) - YEAR.start
        if rows[0] > 0:
            shown = feed[0][rows[rows < len(taken)], event.lot]
            still = shown == CAPACITY[event.lot] - taken[rows[0] - 1, event.lot]
            assert still.mean() > 0.75  # a wrong reading shows through


def test_one_fault_is_told_of_all_lots_at_once():
    whole_feed = [each for each in faults(SEED, YEAR) if each.lot is None]
    assert len(whole_feed) > 5
    read = free_spaces(SEED, YEAR)[1]
    for event in whole_feed:
        rows = np.arange(int(event.onset_h), int(event.end_h)) - YEAR.start
        assert not read[rows[(rows >= 0) & (rows < len(read))]].any()


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    first=st.integers(-100_000, 600_000),
    before=st.integers(0, 700),
    hours=st.integers(1, 60),
    after=st.integers(0, 100),
)
def test_a_part_of_a_span_holds_the_same_readings_as_the_whole(seed, first, before, hours, after):
    part, whole = range(first, first + hours), range(first - before, first + hours + after)
    own = slice(before, before + hours)
    np.testing.assert_array_equal(occupied_spaces(seed, part), occupied_spaces(seed, whole)[own])
    for told, longer in zip(free_spaces(seed, part), free_spaces(seed, whole), strict=True):
        np.testing.assert_array_equal(told, longer[own])


def test_another_seed_is_another_history_of_the_same_lots():
    one, other = (occupied_spaces(seed, range(YEAR.start, YEAR.start + 168)) for seed in (1, 2))
    assert (one != other).mean() > 0.7


def test_the_table_is_read_as_a_long_one(tmp_path):
    seoul = simulate_days(30)
    write_folder(seoul, tmp_path, on_block=lambda: None)
    panels, _ = read_panels([tmp_path / "parking.parquet"], "long", ReadOptions())
    assert set(panels) == {"free_spaces"}
    assert panels["free_spaces"].step_min == 60
    assert len(panels["free_spaces"].entities) == len(lots())
    readings = pl.read_parquet(tmp_path / "parking.parquet")
    assert readings.schema == {"time": pl.Datetime("us", "UTC"), "entity_id": pl.String, "free_spaces": pl.Int32}
    assert not readings.select("time", "entity_id").is_duplicated().any()
    truth = pl.read_parquet(tmp_path / "parking_truth.parquet")
    assert len(truth) == 30 * 24 * len(lots()) > len(readings)


def config(hours):
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return SimulatedConfig(
        seed=SEED, start=start + timedelta(hours=hours.start), end=start + timedelta(hours=hours.stop)
    )


def simulate_days(days):
    return simulate(config(range(YEAR.start, YEAR.start + 24 * days)))


def index(lot):
    return next(number for number, each in enumerate(lots()) if each.entity_id == lot)
