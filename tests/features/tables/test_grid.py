from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput
from features.tables.grid import to_panel

START = datetime(2022, 1, 1, tzinfo=UTC)


def table(rows, available=None):
    """Rows of (minutes after START, entity, value)."""
    minutes, entities, values = zip(*rows, strict=True)
    columns = {
        "time": pl.Series([START + timedelta(minutes=at) for at in minutes], dtype=pl.Datetime("us", "UTC")),
        "entity_id": pl.Series(entities, dtype=pl.Categorical),
        "v": pl.Series(values, dtype=pl.Float64),
    }
    if available is not None:
        known = [None if at is None else START + timedelta(minutes=at) for at in available]
        columns["available_at"] = pl.Series(known, dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame(columns)


def hourly(hours, entity="a", step=60):
    return [(hour * step, entity, float(hour)) for hour in hours]


def test_holes_stay_holes_and_blanks_are_counted():
    panel, findings = to_panel(table([*hourly([0, 1, 3]), (240, "a", None), (60, "b", 7.0)]), value="v")
    expected = [[0, np.nan], [1, 7], [np.nan, np.nan], [3, np.nan], [np.nan, np.nan]]
    np.testing.assert_array_equal(panel.values, np.array(expected, dtype=np.float32))
    assert (panel.start, panel.step_min, panel.entities, panel.quantity) == (START, 60, ("a", "b"), "v")
    assert (findings.rows, findings.blank, findings.missing, findings.out_of_order) == (5, 1, 6, 0)
    assert panel.available_at is None


def test_backward_times_are_sorted_and_counted():
    panel, findings = to_panel(table(list(reversed(hourly(range(4))))), value="v")
    assert panel.values[:, 0].tolist() == [0, 1, 2, 3]
    assert findings.out_of_order == 3
    assert "3 rows out of order: sorted" in findings.lines()


def test_order_among_entities_is_no_disorder():
    rows = [*hourly(range(3), "b"), *hourly(range(3), "a")]
    assert to_panel(table(rows), value="v")[1].out_of_order == 0


def test_duplicates_are_merged_and_conflicts_counted():
    rows = [*hourly(range(3)), (0, "a", 0.0), (60, "a", 9.0)]
    panel, findings = to_panel(table(rows), value="v")
    assert panel.values[:, 0].tolist() == [0, 9, 2]
    assert (findings.duplicates_merged, findings.conflicts, findings.repeated) == (1, 1, {"a": 2})


def test_entities_under_one_name_are_refused():
    rows = [row for hour in range(9) for row in ((hour * 60, "A-01", 1.0), (hour * 60, "A-01", 2.0))]
    with pytest.raises(
        BadInput, match=r"50% of the rows .*'A-01' at 2022-01-01T00:00 UTC.*--entity-col site_id,direction"
    ):
        to_panel(table(rows), value="v")


def test_blank_never_overrules_a_measurement():
    panel, findings = to_panel(table([*hourly(range(3)), (60, "a", None)]), value="v")
    assert panel.values[:, 0].tolist() == [0, 1, 2]
    assert (findings.blank, findings.conflicts) == (1, 0)


def test_what_became_available_last_is_kept():
    rows = [*hourly(range(2)), (0, "a", 7.0), (0, "a", 8.0)]
    panel, findings = to_panel(table(rows, available=[None, 120, 600, 300]), value="v")
    assert panel.values[:, 0].tolist() == [7, 1]
    assert findings.conflicts == 2
    assert panel.available_at is not None
    known = panel.available_at[:, 0].astype("datetime64[m]").tolist()
    assert [time.replace(tzinfo=UTC) - START for time in known] == [timedelta(hours=10), timedelta(hours=2)]


def test_value_that_states_no_availability_is_known_at_its_end():
    panel, _ = to_panel(table(hourly([0, 1, 3]), available=[None, 200, None]), value="v")
    assert panel.available_at is not None
    minutes = (panel.available_at[:, 0] - np.datetime64("2022-01-01", "s")) / np.timedelta64(1, "m")
    np.testing.assert_array_equal(minutes, [60, 200, np.nan, 240])


def test_availability_is_never_rounded_into_the_past():
    frame = table(hourly(range(2)), available=[60, 120])
    frame = frame.with_columns(pl.col("available_at") + pl.duration(milliseconds=1))
    panel, _ = to_panel(frame, value="v")
    assert panel.available_at is not None
    assert panel.available_at[0, 0] == np.datetime64("2022-01-01T01:00:01")


def test_clock_may_start_anywhere_in_the_hour():
    panel, findings = to_panel(table([(at + 37, entity, value) for at, entity, value in hourly(range(5))]), value="v")
    assert panel.start == START + timedelta(minutes=37)
    assert (len(panel), findings.off_clock) == (5, 0)


def test_a_hole_every_now_and_then_is_no_other_step():
    rows = [*hourly(range(20)), *hourly([0, 2, 4, 7, 9, 12], "gappy")]
    assert to_panel(table(rows), value="v")[0].step_min == 60


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param(
            [*hourly(range(40)), *hourly(range(20), "quarter", step=15)],
            "'quarter' is measured every 15 min, 'a' every 60 min.*--step-min 15",
            id="an entity with a shorter step",
        ),
        pytest.param(
            [*hourly(range(80), step=15), *hourly(range(20), "hourly")],
            "'hourly' is measured every 60 min, 'a' every 15 min",
            id="an entity with a longer step",
        ),
        pytest.param(
            [*hourly(range(9)), (67, "late", 1.0)],
            "'late': 2022-01-01T01:07 UTC.*--step-min 60",
            id="a time off the clock",
        ),
        pytest.param(hourly([0]), "measured twice.*--step-min", id="one reading"),
        pytest.param([(0.5 * i, "a", 1.0) for i in range(9)], "every 30 s", id="half minutes"),
        pytest.param([(0, "a", None)], "blank in every row", id="nothing measured"),
    ],
)
def test_times_without_a_common_clock_are_refused(rows, words):
    with pytest.raises(BadInput, match=words):
        to_panel(table(rows), value="v")


def test_step_given_puts_slow_entities_on_the_fast_clock():
    rows = [*hourly(range(20), "quarter", step=15), *hourly(range(5), "hourly")]
    panel, findings = to_panel(table(rows), value="v", step_min=15)
    slow = panel.select(("hourly",)).values[:, 0]
    assert np.flatnonzero(~np.isnan(slow)).tolist() == [0, 4, 8, 12, 16]
    assert findings.off_clock == 0


def test_step_given_moves_late_readings_to_their_interval_and_says_so():
    panel, findings = to_panel(table([*hourly(range(5)), (307, "a", 5.0)]), value="v", step_min=60)
    assert panel.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert findings.off_clock == 1
    assert any("off the clock" in line for line in findings.lines())


def test_step_given_that_would_drop_most_readings_is_refused():
    with pytest.raises(BadInput, match=r"every 15 min.*--step-min 15, or add up or average"):
        to_panel(table(hourly(range(20), step=15)), value="v", step_min=60)


@pytest.mark.parametrize(
    ("stray", "words"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), "^1970-01-01T00:00 UTC lies far", id="the epoch"),
        pytest.param(datetime(2099, 12, 31, tzinfo=UTC), "^2099-12-31T00:00 UTC lies far", id="the far future"),
    ],
)
def test_stray_date_is_named(stray, words):
    at = (stray - START) / timedelta(minutes=1)
    with pytest.raises(BadInput, match=words):
        to_panel(table([*hourly(range(9)), (at, "a", 1.0)]), value="v")


def test_grid_beyond_memory_is_refused_before_it_is_built():
    days = [(day * 1440, f"e{day}", 1.0) for day in range(3000)]
    with pytest.raises(BadInput, match=r"3,000 entities x .* more than memory holds"):
        to_panel(table(days), value="v", step_min=1)


@given(
    measured=st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(0, 11)),
        st.floats(0, 5000, width=32) | st.none(),
        min_size=1,
    ),
    repeats=st.lists(st.integers(0, 10_000), max_size=20),
    shuffle=st.randoms(use_true_random=False),
)
def test_shuffled_and_repeated_rows_give_the_same_panel(measured, repeats, shuffle):
    rows = [(hour * 60, entity, value) for (entity, hour), value in measured.items()]
    rows.append((0, "anchor", 1.0))
    mixed = rows + [rows[at % len(rows)] for at in repeats]
    shuffle.shuffle(mixed)
    panel, findings = to_panel(table(rows), value="v", step_min=60)
    other, of_mixed = to_panel(table(mixed), value="v", step_min=60)
    np.testing.assert_array_equal(other.values, panel.values)
    assert (other.start, other.entities) == (panel.start, panel.entities)
    assert of_mixed.conflicts == findings.conflicts == 0
    # Nothing vanishes: every row is a value of the panel, a duplicate, or blank.
    held = int((~np.isnan(other.values)).sum())
    assert held + of_mixed.duplicates_merged + of_mixed.blank == of_mixed.rows == len(mixed)
