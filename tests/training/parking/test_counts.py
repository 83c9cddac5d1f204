"""What is said of a user's counts and lots before anything is learned from them."""

import numpy as np
import pytest

from features.errors import BadInput
from features.parking.config import ParkingConfig
from features.series import Panel
from features.tables.options import read_options
from tests.training.parking.city import CAPACITY, START, free, panel, table, write
from training.parking.counts import counted, measure_of, read_counts, tell_readings

NAMES = tuple(CAPACITY)
CONFIG = ParkingConfig(country="DE", timezone="Europe/Berlin")


def reading(**changes):
    flags = {"time_col": "time", "entity_col": "lot_id"}
    flags |= dict.fromkeys(("value_col", "timezone", "start", "step_min", "missing_value"))
    return read_options(**(flags | changes))


def found(values, folder, *, names=NAMES, capacity=None, table_names=NAMES):
    counts = Panel(start=START, step_min=60, entities=names, values=values, quantity="free_spaces")
    return counted(counts, table(folder, table_names, capacity), ("lot_id",), len(values))


@pytest.mark.parametrize(
    ("quantity", "given", "measure"),
    [
        pytest.param("free_spaces", None, "free", id="free spaces"),
        pytest.param("Available", None, "free", id="available ones"),
        pytest.param("occupied", None, "occupied", id="occupied ones"),
        pytest.param("now_prk_vhcl_cnt", None, "occupied", id="vehicles"),
        pytest.param("free_spaces", "occupied", "occupied", id="the flag has the last word"),
        pytest.param("n", "free", "free", id="a flag where the name says nothing"),
    ],
)
def test_whether_free_or_occupied_spaces_are_counted(quantity, given, measure):
    values = np.zeros((1, 1), dtype=np.float32)
    counts = Panel(start=START, step_min=60, entities=("a",), values=values, quantity=quantity)
    assert measure_of(counts, given) == measure


def test_a_name_that_does_not_say_it_is_refused():
    values = np.zeros((1, 1), dtype=np.float32)
    counts = Panel(start=START, step_min=60, entities=("a",), values=values, quantity="n")
    with pytest.raises(BadInput, match=r"is not said.*--measure free, or --measure occupied"):
        measure_of(counts, None)


def test_a_count_between_two_instants_stands_for_the_later(tmp_path, capsys):
    text = "time,lot_id,free_spaces\n2024-01-01T00:55Z,a,10\n2024-01-01T01:50Z,a,20\n2024-01-01T03:00Z,a,30\n"
    path = tmp_path / "counts.csv"
    path.write_text(text)
    counts = read_counts([path], "long", reading(step_min=60))
    assert counts.start.hour == 1, "what was counted at 00:55 was not known at 00:00"
    assert counts.values.ravel().tolist() == [10, 20, 30]
    assert "stand for its next instant" in capsys.readouterr().err


def test_lots_of_the_table_and_of_the_counts_are_put_together(tmp_path, capsys):
    names = (*NAMES[:-1], "not yet open", NAMES[-1])
    answer = found(free(14), tmp_path, capacity=[300, 120, 80, 500, 60, 70, 200], table_names=names)
    assert answer.panel.entities == (*NAMES, "not yet open")
    assert answer.capacity.tolist() == [*CAPACITY.values(), 70]
    assert np.isnan(answer.panel.values[:, -1]).all()
    assert answer.lots.city[-2:] == ("Bonn", "Köln")
    assert "1 lots" in (said := capsys.readouterr().err)
    assert "answered from their city and capacity: not yet open" in said


def test_a_renamed_lot_is_told_by_both_names(tmp_path, capsys):
    answer = found(free(14), tmp_path, names=(*NAMES[:-1], "ring-ost"), table_names=(*NAMES[:-1], "ring-o"))
    said = capsys.readouterr().err
    assert "'ring-ost' is counted and not in" in said
    assert "was 'ring-o' renamed" in said
    assert set(answer.panel.entities) == {*NAMES[:-1], "ring-ost", "ring-o"}


def test_a_table_of_another_city_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"None of the 6 counted lots.*--entity-col"):
        found(free(14), tmp_path, table_names=tuple("uvwxyz"))


def test_a_capacity_that_nobody_knows_is_told_by_the_counts(tmp_path, capsys):
    values = free(28)
    answer = found(values, tmp_path, capacity=[65535, 120, 80, 500, 60, 20])
    assert answer.capacity[0] == pytest.approx(np.percentile(values[:, 0], 99))
    assert answer.capacity[5] == pytest.approx(np.percentile(values[:, 5], 99)), "20 is exceeded nearly always"
    assert answer.lots.capacity.tolist() == answer.capacity.tolist()
    said = capsys.readouterr().err
    assert "is not stated" in said
    assert "is exceeded by over 5 %" in said


def test_capacities_are_told_by_what_is_learned_from_alone(tmp_path):
    values = free(28)
    later = values.copy()
    later[14 * 24 :] *= 3
    lots = [table(tmp_path, capacity=[65535] * 6)] * 2
    one, two = (
        counted(panel(values=each), lot, ("lot_id",), 14 * 24).capacity
        for each, lot in zip((values, later), lots, strict=True)
    )
    np.testing.assert_array_equal(one, two)


def test_without_a_table_capacities_come_from_the_counts_and_that_is_said(capsys):
    answer = counted(panel(28), None, ("lot_id",), 28 * 24)
    assert "No --entities" in capsys.readouterr().err
    assert (answer.capacity > 0.7 * np.array(list(CAPACITY.values()))).all()
    assert not answer.lots.places().any()


def test_lots_of_which_neither_is_known_are_left_out_or_all_refused(tmp_path, capsys):
    values = free(14)
    values[:, 2] = np.nan
    answer = found(values, tmp_path, capacity=[300, 120, None, 500, 60, 200])
    assert answer.panel.entities == tuple(name for name in NAMES if name != "markt")
    assert "left out: markt" in capsys.readouterr().err
    with pytest.raises(BadInput, match=r"No lot has a capacity.*--entities FILE"):
        found(np.full((48, 6), np.nan, dtype=np.float32), tmp_path, capacity=[65535] * 6)


def test_what_a_feed_does_is_said(tmp_path, capsys):
    values = free(28)
    values[10, 0], values[11, 1] = 24621, -3
    values[200:260, 2] = 31
    values[400:420, 3] = np.nan
    tell_readings(found(values, tmp_path), CONFIG)
    said = capsys.readouterr().err
    assert "2 counts below zero or above capacity: missing" in said
    assert "had not changed for 24 h" in said
    assert "markt" in said
    assert "1 times a feed vanished for 3 h or more; most often messe (1)" in said


def test_a_capacity_that_changed_is_told(tmp_path, capsys):
    values = free(200)
    values[-70 * 24 :, 0] = np.round(0.5 * values[-70 * 24 :, 0])
    tell_readings(found(values, tmp_path), CONFIG)
    said = capsys.readouterr().err
    assert "The most that is counted fell by a third at 1 lots" in said
    assert "dom (" in said
    tell_readings(found(free(200), tmp_path), CONFIG)
    assert "fell by a third" not in capsys.readouterr().err


def test_counts_of_a_file_come_as_instants(tmp_path):
    values = free(3)
    counts = read_counts([write(tmp_path, values)], "long", reading())
    assert counts.start == START
    np.testing.assert_array_equal(counts.select(NAMES).values, values)
