"""``AlertService``: a queue that is watched from a cursor, and acted on by those who may."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from features.errors import BadInput, HaechiError, NotAllowed, UnknownName
from serving.alerts.look import Criterion
from serving.alerts.words import Severity
from serving.server import Server
from serving.streams import Stream
from tests.serving.alerts.looks import look
from tests.serving.alerts.room import LASTS, Room, raised

# --- asking -----------------------------------------------------------------------------------------------------------


def test_an_alert_is_told_whole(core, room):
    (id,) = raised(core, "jamsu")
    alert = room.ask("Get", id=id)
    assert (alert.id, alert.life, alert.phase, alert.revision) == (id, "new", "ongoing", 1)
    assert (alert.status, alert.severity, alert.urgency, alert.certainty) == (
        "Actual",
        "Moderate",
        "Expected",
        "Likely",
    )
    assert (alert.advice.ko, alert.advice.en) == ("잠수교를 통제하십시오", "Close the bridge")
    assert (alert.probability, alert.lead_min, alert.quality) == (0.8, 90, "ok")
    assert list(alert.area.entities) == ["jamsu"]
    assert room.ask("List").alerts[0] == alert


@pytest.mark.parametrize(
    ("filter", "places"),
    [
        pytest.param({}, ["a", "b", "c"], id="all"),
        pytest.param({"only_open": True}, ["a", "b"], id="what stands in the queue"),
        pytest.param({"min_severity": "Severe"}, ["b", "c"], id="at least as bad"),
        pytest.param({"domains": ["traffic"]}, ["c"], id="of one domain"),
        pytest.param({"domains": ["parking"]}, [], id="of a domain that has none"),
    ],
)
def test_the_queue_is_listed_by_what_is_asked_for(core, room, filter, places):
    raised(core, "a")
    raised(core, "b", severity=Severity.SEVERE)
    (c,) = [one.id for one in core.observe([look(0, place="c", domain="traffic", severity=Severity.EXTREME, **LASTS)])]
    room.ask("Close", id=c, reason="seen")
    assert [one.place for one in room.ask("List", filter=filter).alerts] == places


def test_what_is_overdue_is_told_as_unknown(core, room):
    (one,) = core.observe([look(0)])
    alert = room.ask("Get", id=one.id)
    assert (alert.phase, alert.life, alert.quality) == ("expired", "new", "degraded: state unknown")


def test_operators_act_and_the_audit_knows(core, room):
    (id,) = raised(core, "jamsu")
    assert room.ask("Acknowledge", id=id, reason="보았음").life == "acknowledged"
    assert room.ask("Escalate", id=id, reason="the river rises").life == "escalated"
    assert room.ask("Close", id=id, reason="over").life == "closed"
    assert room.ask("MarkFalseAlarm", id=id, reason="a branch on the gauge").life == "false alarm"
    steps = room.ask("History", id=id).steps
    assert [(one.action, one.actor) for one in steps] == [
        ("raised", "haechi"),
        ("acknowledged", "local"),
        ("escalated", "local"),
        ("closed", "local"),
        ("false alarm", "local"),
    ]
    assert steps[1].reason == "보았음"
    assert core.store.verify().faults == ()


def test_an_alert_is_told_as_a_message_of_cap(core, room):
    (id,) = raised(core, "jamsu")
    assert f"<identifier>{id}.1</identifier>" in room.ask("Cap", id=id).xml


@pytest.mark.parametrize("method", ["Get", "History", "Cap", "Acknowledge"])
def test_an_alert_that_is_not_there(room, method):
    with pytest.raises(UnknownName, match="There is no alert 'flood-1'"):
        room.ask(method, id="flood-1", **({"reason": "seen"} if method == "Acknowledge" else {}))


def test_what_may_not_be_done_is_refused_with_a_mend(core, room):
    (id,) = raised(core, "jamsu")
    room.ask("Close", id=id, reason="over")
    with pytest.raises(BadInput, match="is closed and cannot be escalated"):
        room.ask("Escalate", id=id, reason="worse")
    with pytest.raises(BadInput, match="The reason is blank"):
        room.ask("MarkFalseAlarm", id=id)


def test_a_severity_that_is_none(room):
    with pytest.raises(UnknownName, match="Did you mean 'Severe'"):
        room.ask("List", filter={"min_severity": "severe"})


# --- watching ---------------------------------------------------------------------------------------------------------


def test_a_watch_tells_what_was_and_what_comes(core, room):
    (first,) = raised(core, "a")
    watching = room.call("Watch")
    assert next(watching).alert.id == first
    (second,) = raised(core, "b")
    assert next(watching).alert.id == second
    room.ask("Acknowledge", id=first, reason="seen")
    assert next(watching).action == "acknowledged"
    watching.cancel()


def test_a_watch_goes_on_from_a_cursor(core, room):
    ids = raised(core, "a", "b", "c")
    first, second = room.watch(2)
    assert [first.alert.id, second.alert.id] == ids[:2]
    (third,) = room.watch(1, cursor=second.cursor)
    assert third.alert.id == ids[2]
    assert room.watch(1, cursor=first.cursor) == [second]


def test_a_watch_from_a_list_tells_only_what_is_new(core, room):
    raised(core, "a", "b")
    cursor = room.ask("List").cursor
    (id,) = raised(core, "c")
    assert room.watch(1, cursor=cursor)[0].alert.id == id


def test_a_watch_of_the_queue_begins_with_what_stands_in_it(core, room):
    a, b = raised(core, "a", "b")
    room.ask("Close", id=a, reason="over")
    watching = room.call("Watch", filter={"only_open": True})
    assert next(watching).alert.id == b
    room.ask("Close", id=b, reason="over")
    assert (next(watching).alert.id, core.store.head()) == (b, 4)
    watching.cancel()


def test_a_watcher_hears_that_an_alert_became_milder(core, room):
    raised(core, "a")
    (b,) = raised(core, "b", severity=Severity.SEVERE)
    first = room.watch(1, filter={"min_severity": "Severe"})[0]
    core.observe([look(1, place="b", **LASTS)])
    (second,) = room.watch(1, cursor=first.cursor, filter={"min_severity": "Severe"})
    assert (second.alert.id, second.alert.severity) == (b, "Moderate")


@pytest.mark.parametrize(
    ("cursor", "cause"),
    [
        pytest.param("{id}:7", "lies ahead of the store", id="from the future"),
        pytest.param("0123456789abcdef:1", "is of another store", id="of another store"),
        pytest.param("{id}", "is no cursor", id="half of one"),
        pytest.param("{id}:-1", "is no cursor", id="below nought"),
    ],
)
def test_a_cursor_that_leads_nowhere_is_refused(core, room, cursor, cause):
    raised(core, "a")
    with pytest.raises(HaechiError, match=cause) as refused:
        room.watch(1, cursor=cursor.format(id=core.store.id))
    assert "watch from the cursor" in refused.value.mend


def test_idle_watchers_hold_no_thread_and_no_call_waits_for_them(core, room):
    raised(core, "a")
    watches = [room.call("Watch") for _ in range(30)]
    for one in watches:
        next(one)
    threads = sum(thread.name.startswith("haechi") for thread in threading.enumerate())
    since_s = time.monotonic()
    room.ask("List")
    assert time.monotonic() - since_s < 5
    assert threads < 20
    raised(core, "b")
    assert {next(one).alert.place for one in watches} == {"b"}
    for one in watches:
        one.cancel()


def check_forgotten(served):
    waiting = served._alerts._opened.news._waiting
    until_s = time.monotonic() + 10
    while (waiting or served._intake._open_streams) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert (dict(waiting), served._intake._open_streams) == ({}, 0)


def test_a_watcher_who_leaves_is_forgotten(core, room, served):
    raised(core, "a")
    for _ in range(200):
        room.watch(1)
    check_forgotten(served)


def test_who_leaves_while_a_step_ends_is_forgotten_too(core, room, served, monkeypatch, caplog):
    class Lingering(Stream):
        """Each step stays in the call's context for a while, as on a busy machine."""

        def __init__(self, *args, run, **how):
            def linger(step):
                run(lambda: (step(), time.sleep(0.005)))

            super().__init__(*args, run=linger, **how)

    monkeypatch.setattr("serving.intake.Stream", Lingering)
    raised(core, "a")
    for _ in range(50):
        room.watch(1)
    check_forgotten(served)
    assert "ended without an answer" not in caplog.text


def test_a_watch_ends_well_when_the_server_stops(core, room, served):
    raised(core, "a")
    watching = room.call("Watch")
    next(watching)
    since_s = time.monotonic()
    served.stop()
    assert list(watching) == []
    assert watching.code() is grpc.StatusCode.OK
    assert time.monotonic() - since_s < 5


def test_a_watcher_far_behind_hears_everything_in_order(core, room):
    core.observe([look(at, place="a", probability=at / 300, **LASTS) for at in range(250)])
    assert [one.alert.revision for one in room.watch(250)] == list(range(1, 251))


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(start: Callable[..., Server], tokens_file: Path, at_once: None) -> Server:
    return start(tokens=tokens_file)


@pytest.mark.parametrize("method", ["Get", "List", "History", "Cap", "Watch"])
def test_who_may_only_operate_may_not_read(guarded, token, core, method):
    room = Room(guarded.address, token("operate"))
    with pytest.raises(NotAllowed, match="lacks the scope 'read'"):
        room.watch(1) if method == "Watch" else room.ask(method)
    room.channel.close()


@pytest.mark.parametrize("method", ["Acknowledge", "Escalate", "Close", "MarkFalseAlarm"])
def test_who_may_only_read_may_not_act(guarded, token, core, method):
    (id,) = raised(core, "a")
    room = Room(guarded.address, token("read", "infer", "admin"))
    with pytest.raises(NotAllowed, match="lacks the scope 'operate'"):
        room.ask(method, id=id, reason="seen")
    assert core.store.head() == 1
    room.channel.close()


def test_the_audit_knows_the_caller_by_their_token(guarded, token, core):
    (id,) = raised(core, "a")
    room = Room(guarded.address, token("operate", name="kim"))
    room.ask("Acknowledge", id=id, reason="seen")
    assert core.store.history(id)[-1].entry.actor == "kim"
    room.channel.close()


def test_a_scope_may_be_of_one_domain(guarded, token, core):
    (river,) = raised(core, "a")
    (road,) = [one.id for one in core.observe([look(0, place="b", domain="traffic", **LASTS)])]
    room = Room(guarded.address, token("read:traffic", "operate:traffic"))
    assert [one.id for one in room.ask("List").alerts] == [road]
    assert room.watch(1)[0].alert.id == road
    for method in ("Get", "Acknowledge"):
        with pytest.raises(NotAllowed, match="may not"):
            room.ask(method, id=river, **({"reason": "seen"} if method == "Acknowledge" else {}))
    assert room.ask("Acknowledge", id=road, reason="seen").life == "acknowledged"
    room.channel.close()


def test_a_release_is_told(core, room):
    raised(core, "a")
    core.observe([look(1, Criterion.RELEASED, place="a")])
    assert [one.action for one in room.watch(2)] == ["raised", "released"]
