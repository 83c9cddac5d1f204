"""The simulated Seoul is one city: the same wherever it is looked at, and what happens in it has consequences."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.errors import BadInput
from features.geo import nearest_district
from features.simulated.city import detours, links
from features.simulated.events import Kind
from features.simulated.hours import hour_number, local_hours
from features.simulated.incidents import crashes, outages, roadworks
from features.simulated.seoul import SimulatedConfig, simulate
from features.simulated.traffic import volume_veh_h
from features.simulated.weather import rain_events, rain_mm, temperature_c

KST = timedelta(hours=9)
YEAR = range(hour_number(datetime(2022, 1, 1, tzinfo=UTC) - KST), hour_number(datetime(2023, 1, 1, tzinfo=UTC) - KST))
SEED = 7


def table(seoul):
    return pl.concat(seoul.traffic_blocks())


@pytest.fixture(scope="module")
def year():
    """Volumes of 2022 with missing hours as NaN, (hour, link)."""
    volume, counted = volume_veh_h(SEED, YEAR)
    return np.where(counted, volume, np.nan)


def span(seed, first, hours):
    start = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(hours=first)
    return simulate(SimulatedConfig(seed=seed, start=start, end=start + timedelta(hours=hours)))


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    first=st.integers(-400_000, 600_000),
    before=st.integers(0, 700),
    hours=st.integers(1, 30),
    after=st.integers(0, 200),
)
def test_a_part_of_a_span_holds_the_same_rows_as_the_whole(seed, first, before, hours, after):
    part, whole = span(seed, first, hours), span(seed, first - before, before + hours + after)
    inside = pl.col("time").is_between(part.config.start, part.config.end, closed="left")
    assert_frame_equal(table(whole).filter(inside), table(part), check_exact=True)
    assert_frame_equal(whole.weather.filter(inside), part.weather, check_exact=True)
    assert_frame_equal(whole.station_weather.filter(inside), part.station_weather, check_exact=True)
    assert_frame_equal(pl.concat(whole.air_blocks()).filter(inside), pl.concat(part.air_blocks()), check_exact=True)
    assert_frame_equal(pl.concat(whole.river_blocks()).filter(inside), pl.concat(part.river_blocks()), check_exact=True)
    assert_frame_equal(
        pl.concat(whole.parking_blocks()).filter(inside), pl.concat(part.parking_blocks()), check_exact=True
    )
    touching = [row for row in whole.truth() if _touches(row, part.config)]
    # The log is told to the minute, so an event may end within the minute in which the part begins.
    assert [row for row in part.truth() if _touches(row, part.config)] == touching


@settings(max_examples=10, deadline=None)
@given(seeds=st.lists(st.integers(0, 2**63 - 1), min_size=2, max_size=2, unique=True))
def test_another_seed_is_another_history_of_the_same_roads(seeds):
    one, other = (span(seed, 0, 48) for seed in seeds)
    assert_frame_equal(one.links, other.links)
    both = table(one).join(table(other), on=["time", "entity_id"])
    assert (both["volume_veh_h"] != both["volume_veh_h_right"]).mean() > 0.9


def test_two_hundred_links_in_25_districts_are_counted_in_both_directions():
    table = span(SEED, 0, 1).links
    assert table["entity_id"].n_unique() == len(table) == 400
    assert table["district"].n_unique() == 25
    assert set(table["road_class"]) == {"expressway", "arterial", "collector"}
    assert all(nearest_district(row["lat"], row["lon"]).name_en == row["district"] for row in table.to_dicts())
    assert table["name"].str.contains("모의").all()
    assert table["name"].str.contains("simulated").all()


def test_detours_are_other_links_of_the_same_direction_nearby():
    for link, others in zip(links(), detours(), strict=True):
        for other in others:
            assert links()[other].entity_id != link.entity_id
            assert links()[other].inbound == link.inbound


def test_volumes_look_like_the_real_ones(year):
    # The real survey of 2022: mean 1479, lag-168 correlation .953, error of the same hour last week 118.
    assert 1200 < np.nanmean(year) < 1800
    assert np.nanmin(year) >= 1
    assert 0.03 < np.isnan(year).mean() < 0.15
    assert 90 < np.nanmean(np.abs(year[168:] - year[:-168])) < 150
    assert 120 < np.nanmean(np.abs(year[24:] - year[:-24])) < 230
    assert np.mean([_correlation(series, 168) for series in year.T[::20]]) > 0.9


def test_no_link_carries_much_more_than_its_capacity(year):
    capacity = np.array([link.capacity_veh_h for link in links()])
    assert np.nanmax(year / capacity) < 1.15


def test_errors_last_for_hours_and_are_shared_by_the_city(year):
    error = ((year - _usual(year)) / np.nanmean(year, axis=0))[24 * 90 : 24 * 130]
    assert np.mean([_correlation(series, 1) for series in error.T[::20]]) > 0.5
    halves = np.nanmean(error[:, ::2], axis=1), np.nanmean(error[:, 1::2], axis=1)
    assert np.corrcoef(*halves)[0, 1] > 0.8


def test_workdays_bring_the_city_in_by_morning_and_out_by_evening(year):
    local = local_hours(YEAR)
    workday = (local.weekday < 5) & ~local.holiday
    inbound = np.array([link.inbound for link in links()])
    for hour, busier, quieter in ((8, inbound, ~inbound), (18, ~inbound, inbound)):
        at = year[workday & (local.hour == hour)]
        assert np.nanmean(at[:, busier]) > 1.1 * np.nanmean(at[:, quieter])
    weekend = year[(local.weekday == 6) & (local.hour == 8)]
    assert np.nanmean(weekend) < 0.8 * np.nanmean(year[workday & (local.hour == 8)])


def test_expressways_carry_more_and_sleep_less_than_collectors(year):
    hour = local_hours(YEAR).hour
    by_class = {}
    for name in ("expressway", "arterial", "collector"):
        chosen = year[:, [link.road_class == name for link in links()]]
        by_class[name] = np.nanmean(chosen), np.nanmean(chosen[hour == 3]) / np.nanmean(chosen)
    assert by_class["expressway"][0] > by_class["arterial"][0] > by_class["collector"][0]
    assert by_class["expressway"][1] > by_class["arterial"][1] > by_class["collector"][1]


def test_feasts_empty_the_city_and_their_eves_fill_the_roads_out():
    local = local_hours(YEAR)
    days = {str(np.datetime64(int(day), "D")) for day in local.day[local.feast]}
    assert days == {"2022-01-31", "2022-02-01", "2022-02-02", "2022-09-09", "2022-09-10", "2022-09-11"}
    volume, _ = volume_veh_h(SEED, YEAR)
    daytime = (local.hour > 9) & (local.hour < 20)
    sundays = volume[daytime & (local.weekday == 6) & ~local.holiday].mean()
    assert volume[daytime & local.feast].mean() < 0.93 * sundays
    chuseok_eve = np.datetime64("2022-09-08").astype(int)
    outbound = [not link.inbound for link in links()]
    evening = (local.hour >= 15) & (local.hour < 19)
    week_before = volume[evening & (local.day == chuseok_eve - 7)][:, outbound].mean()
    assert volume[evening & (local.day == chuseok_eve)][:, outbound].mean() > 1.02 * week_before


def test_july_is_wet_winter_is_cold_and_every_wet_hour_belongs_to_a_known_spell():
    local = local_hours(YEAR)
    month = local.day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    rain, celsius = rain_mm(SEED, YEAR), temperature_c(SEED, YEAR)
    total = np.array([rain[month == m].sum() for m in range(12)])
    assert 600 < total.sum() < 2500
    assert total[6] > 3 * total[0]
    assert -8 < celsius[month == 0].mean() < 2
    assert 22 < celsius[month == 7].mean() < 30
    spells = list(rain_events(SEED, YEAR))
    for hour in np.flatnonzero(rain):
        assert any(event.onset_h < YEAR[hour] + 1 and event.end_h > YEAR[hour] for event in spells)


def test_rain_lowers_traffic(year):
    local = local_hours(YEAR)
    rain = rain_mm(SEED, YEAR)
    judged = ~local.holiday & (np.arange(len(rain)) >= 672)
    ratio = np.nanmean((year / _usual(year))[judged], axis=1)
    wet = rain[judged]
    assert ratio[wet >= 3].mean() < ratio[wet == 0].mean() - 0.02


def test_a_crash_is_seen_on_its_link_and_on_the_links_around(year):
    fallen, diverted = [], []
    usual = _usual(year)
    for event in crashes(SEED, YEAR):
        whole = np.arange(int(np.ceil(event.onset_h)), int(event.end_h)) - YEAR.start
        whole = whole[(whole >= 672) & (whole < len(year))]
        if event.size > 0.5 and len(whole):
            fallen.extend(year[whole, event.link] / usual[whole, event.link])
            around = detours()[event.link]
            diverted.extend(year[whole][:, around].sum(axis=1) / usual[whole][:, around].sum(axis=1))
    assert len(fallen) > 50
    assert np.nanmedian(fallen) < 0.5
    assert np.nanmedian(diverted) > 1.03


def test_wet_roads_see_more_crashes():
    rain = rain_mm(SEED, YEAR)
    hour = np.array([int(event.onset_h) for event in crashes(SEED, YEAR)]) - YEAR.start
    hour = hour[(hour >= 0) & (hour < len(rain))]
    assert (rain[hour] >= 2).mean() > 1.5 * (rain >= 2).mean()


def test_roadworks_shift_a_level_for_weeks_and_are_announced():
    events = [row for row in span(SEED, 0, 24 * 365).truth() if row["kind"] == "roadworks"]
    assert 10 < len(events) < 80
    assert all(row["announced"] and 0.1 < row["share_lost"] < 0.5 for row in events)
    for event in roadworks(SEED, YEAR):
        assert 10 <= (event.end_h - event.onset_h) / 24 <= 70


def test_an_outage_is_a_missing_row_and_every_missing_row_is_an_outage():
    seoul = span(SEED, 0, 24 * 30)
    volume, counted = volume_veh_h(SEED, seoul.hours)
    silent = np.zeros_like(counted)
    for event in outages(SEED, seoul.hours):
        assert event.kind is Kind.OUTAGE
        hours = np.arange(seoul.hours.start, seoul.hours.stop)
        silent[(hours >= event.onset_h) & (hours < event.end_h), event.link] = True
    np.testing.assert_array_equal(silent, ~counted)
    assert len(table(seoul)) == counted.sum()
    assert volume.min() >= 1


def test_air_and_river_are_read_at_known_places_on_their_clocks():
    seoul = span(SEED, 0, 24 * 40)
    places = dict(zip(seoul.places["entity_id"], seoul.places["kind"], strict=True))
    assert seoul.places["name"].str.contains("모의").all()
    assert seoul.places["name"].str.contains("simulated").all()
    air, river = pl.concat(seoul.air_blocks()), pl.concat(seoul.river_blocks())
    assert {places[each] for each in air["entity_id"].unique()} == {"air station"}
    assert {places[each] for each in river["entity_id"].unique()} == {"dam", "river gauge", "tide gauge"}
    assert set(seoul.station_weather["entity_id"]) == {"108"}
    assert len(air) == 24 * 40 * 5
    assert len(river) == 24 * 40 * 6 * 6
    assert not river.select("time", "entity_id").is_duplicated().any()
    assert river.filter(entity_id="1018680")["stage_cm"].null_count() == 0
    assert river.filter(entity_id="1018680")["release_m3s"].null_count() == 24 * 40 * 6


def test_traffic_comes_in_blocks_of_bounded_size():
    seoul = span(SEED, 0, 24 * 70)
    blocks = list(seoul.traffic_blocks())
    assert len(blocks) == seoul.block_count == 3
    assert max(len(block) for block in blocks) <= 672 * 400
    assert not table(seoul).select("time", "entity_id").is_duplicated().any()


NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seed", "start", "end", "cause"),
    [
        pytest.param(-1, NOON, NOON + KST, "seed=-1 is outside", id="a negative seed"),
        pytest.param(2**63, NOON, NOON + KST, "is outside 0..2", id="a seed too large"),
        pytest.param(1, NOON, NOON, "not after its start", id="an empty span"),
        pytest.param(1, NOON, NOON - KST, "not after its start", id="from after to"),
        pytest.param(1, NOON.replace(tzinfo=None), NOON, "has no zone", id="no zone"),
        pytest.param(1, NOON.replace(minute=30), NOON + KST, "not on a whole hour", id="half past"),
        pytest.param(1, NOON.replace(year=1900), NOON, "no Korean calendar", id="before the calendar"),
        pytest.param(1, NOON, NOON.replace(year=2500), "no Korean calendar", id="after the calendar"),
    ],
)
def test_nonsense_is_refused_with_cause_and_mend(seed, start, end, cause):
    with pytest.raises(BadInput, match=cause) as error:
        SimulatedConfig(seed=seed, start=start, end=end)
    assert error.value.mend


def _usual(year):
    """Mean of the last four same weekday-hours; NaN in the first four weeks and where all four are missing."""
    weeks = np.stack([year[672 - 168 * k : len(year) - 168 * k] for k in range(1, 5)])
    counted = (~np.isnan(weeks)).sum(axis=0)
    total = np.nansum(weeks, axis=0)
    usual = np.full_like(year, np.nan)
    usual[672:] = np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)
    return usual


def _touches(row, config):
    minute = timedelta(minutes=1)
    onset, end = datetime.fromisoformat(row["onset"]), datetime.fromisoformat(row["end"])
    return onset + minute < config.end and end - minute > config.start


def _correlation(series, lag):
    early, late = series[:-lag], series[lag:]
    both = ~np.isnan(early) & ~np.isnan(late)
    return np.corrcoef(early[both], late[both])[0, 1]
