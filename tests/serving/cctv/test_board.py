"""What the cameras told, for who asks later: bounded, and from a cursor on without a gap."""

import threading
from datetime import timedelta

import pytest

from features.errors import BadInput, UnknownName
from serving.cctv.board import Board
from serving.cctv.told import Alive, Change, Ended, Measured, Shown
from tests.serving.cctv.doubles import SINCE, fault, sight, told


@pytest.fixture
def board():
    return Board([sight("A"), sight("B", simulated=True)], most=3)


def told_of(board):
    return [(one.camera, one.incident.incident_id, one.change) for one in board.incidents()[0]]


def measured(minute, camera="A"):
    time = SINCE + timedelta(minutes=minute)
    return Measured(camera=camera, time=time, entity_id=f"{camera}/1", volume=minute, speed_km_h=50.0, simulated=False)


def test_an_incident_is_there_once_as_it_was_last_told(board):
    board.hear(told())
    board.hear(told(camera="B", at_s=3, raised_s=3.0))
    board.hear(told(Change.CLEARED, 9, cleared_s=9.0))
    assert told_of(board) == [("A", 1, Change.CLEARED), ("B", 1, Change.RAISED)]
    lasting, head = board.incidents(only_lasting=True)
    assert ([one.camera for one in lasting], head) == (["B"], 3)


def test_steps_go_on_from_a_cursor(board):
    for number in range(1, 4):
        board.hear(told(incident_id=number))
    steps, head = board.steps(1)
    assert [step.seq for step in steps] == [2, 3]
    assert head == 3
    assert board.steps(3) == ([], 3)


def test_what_is_kept_is_bounded_and_a_cursor_before_it_is_told(board):
    for number in range(1, 6):
        board.hear(told(incident_id=number))
        board.hear(measured(number))
    assert [step.seq for step in board.steps(0)[0]] == [3, 4, 5]
    assert [row.volume for row in board.measurements()] == [3, 4, 5]
    with pytest.raises(BadInput, match="kept no more"):
        board.steps(1)
    assert [step.seq for step in board.steps(2)[0]] == [3, 4, 5]


def test_one_camera_s_many_steps_push_out_none_of_another(board):
    board.hear(told(camera="B"))
    for number in range(1, 9):
        board.hear(told(incident_id=number))
    assert [one.camera for one in board.incidents("B")[0]] == ["B"]


@pytest.mark.parametrize("ask", [Board.incidents, Board.measurements, lambda b, c: b.steps(0, c)], ids=["i", "m", "s"])
def test_a_camera_that_is_none_is_refused(board, ask):
    with pytest.raises(UnknownName, match="There is no camera 'C'"):
        ask(board, "C")


def test_a_cursor_ahead_of_all_is_refused(board):
    with pytest.raises(BadInput, match="no step 7 yet"):
        board.steps(7)


def test_a_camera_s_state_is_what_was_told_of_it_last(board):
    board.hear(fault())
    board.hear(Alive(camera="A", at=SINCE, pictures=9, seconds=2.0))
    assert [(one.kind.value) for one in board.cameras()[0].faults] == ["feed lost"]
    board.hear(fault(Change.CLEARED, 9))
    board.hear(Ended(camera="A", pictures=10, seconds=2.2))
    first, second = board.cameras()
    assert (first.faults, first.seen_at, first.pictures, first.ended) == ((), SINCE, 10, "It came to its end")
    assert (second.simulated, second.seen_at) == (True, None)


def test_who_waits_for_a_picture_gets_the_next_one_and_never_the_same_again(board):
    first = Shown(camera="A", time_s=0.0, jpeg=b"1")
    board.hear(first)
    assert board.picture("A", None, 1.0) is first
    assert board.picture("A", first, 0.01) is None


def test_a_pause_wakes_at_the_next_step_and_at_the_end(board):
    for happens in (lambda: board.hear(told()), board.close):
        woken = threading.Event()
        with board.after(board.incidents()[1]) as pause:
            pause.wait(woken.set)
            assert not woken.is_set()
            happens()
            assert woken.is_set()


def test_a_pause_after_a_step_that_has_come_meanwhile_wakes_at_once(board):
    woken = threading.Event()
    with board.after(0) as pause:
        board.hear(told())
        pause.wait(woken.set)
    assert woken.is_set()


def test_a_pause_that_was_left_wakes_nobody(board):
    woken = threading.Event()
    with board.after(0) as pause:
        pause.wait(woken.set)
    board.hear(told())
    assert not woken.is_set()
