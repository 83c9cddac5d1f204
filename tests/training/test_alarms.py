"""Hits, misses and false alarms, by event."""

import numpy as np
import pytest

from training.alarms import Alarms, all_places, judge_alarms, onsets


def judged(alarms: str, force: str, *, window: int = 3, quiet: int = 2) -> Alarms:
    """Of one place: '#' alarm or in force, '.' not, '?' unknown; an hour a character."""
    alarm = np.array([each == "#" for each in alarms])
    in_force = np.array([{"#": 1.0, ".": 0.0, "?": np.nan}[each] for each in force])
    return judge_alarms(alarm, in_force, window_steps=window, step_h=1.0, quiet_steps=quiet)


@pytest.mark.parametrize(
    ("alarms", "force", "hits", "misses", "false_alarms", "leads"),
    [
        pytest.param("...##.....", ".....##...", 1, 0, 0, (2.0,), id="an alarm before the onset"),
        pytest.param("..........", ".....##...", 0, 1, 0, (), id="no alarm"),
        pytest.param(".....##...", ".....##...", 0, 1, 0, (), id="an alarm that comes with the onset is late"),
        pytest.param(".#........", ".....##...", 0, 1, 1, (), id="an alarm that is given up too early"),
        pytest.param("..#.......", ".....##...", 1, 0, 0, (3.0,), id="an alarm on the edge of the window"),
        pytest.param("#.#.#.....", ".....##...", 1, 0, 0, (5.0,), id="alarms close together are one episode"),
        pytest.param("#.......#.", "..........", 0, 0, 2, (), id="two alarms for nothing"),
        pytest.param("...#######", ".....###..", 1, 0, 0, (2.0,), id="an alarm that outlasts the event belongs to it"),
        pytest.param("....#.....", ".....#.#..", 1, 0, 0, (1.0,), id="a short interruption is one event"),
        pytest.param("....#.....", ".....??#..", 1, 0, 0, (3.0,), id="unknown hours before the onset"),
        pytest.param("..........", "##........", 0, 0, 0, (), id="what was in force at the start has no onset"),
    ],
)
def test_alarms_are_judged_by_event(alarms, force, hits, misses, false_alarms, leads):
    found = judged(alarms, force)
    assert (found.hits, found.misses, found.false_alarms, found.leads_h) == (hits, misses, false_alarms, leads)


def test_what_began_before_the_rows_judged_is_no_event_of_them():
    alarm, force = np.zeros(10, np.bool_), np.array([0.0, 1, 1, 0, 0, 0, 0, 1, 1, 0])
    found = judge_alarms(alarm, force, window_steps=3, step_h=1.0, quiet_steps=2, first_row=2)
    assert (found.events, found.misses) == (1, 1)


def test_ratios_are_of_events():
    found = all_places([judged("...##.....", ".....##..."), judged("#.........", "......##..")])
    assert (found.pod, found.far, found.csi, found.median_lead_h) == (0.5, 0.5, pytest.approx(1 / 3), 2.0)
    assert found.cost(5) == 6
    assert not found.enough


def test_nothing_is_claimed_where_nothing_happened():
    found = judged("..........", "..........")
    assert np.isnan([found.pod, found.far, found.csi, found.median_lead_h]).all()


def test_ten_events_are_enough():
    assert len(onsets(np.tile([0.0, 0, 0, 1], 10), 2)) == 10
    assert judged("." * 40, "...#" * 10).enough
