"""What was raised against what went wrong."""

import math

import pytest

from features.cctv.events import Incident, Severity
from features.cctv.kinds import IncidentKind
from training.cctv.scores.events import event_scores, match
from training.cctv.truth import TrueEvent

STOPPED, QUEUE = IncidentKind.STOPPED_VEHICLE, IncidentKind.QUEUE


def truth(onset_s, cleared_s=None, kind=STOPPED, camera="one"):
    return TrueEvent(camera=camera, kind=kind, onset_s=onset_s, cleared_s=cleared_s)


def raised(onset_s, raised_s, cleared_s=None, kind=STOPPED, camera="one", number=1):
    return Incident(
        incident_id=number,
        camera=camera,
        kind=kind,
        onset_s=onset_s,
        raised_s=raised_s,
        cleared_s=cleared_s,
        probability=0.9,
        xyxy_px=(0, 0, 10, 10),
        severity=Severity.MODERATE,
        zone="carriageway",
        learned=False,
        track_id=1,
        length_m=None,
        speed_km_h=None,
        why="A vehicle stands.",
        why_ko="차량이 서 있습니다.",
    )


@pytest.mark.parametrize(
    ("truths", "alarms", "outcomes"),
    [
        pytest.param([], [], [], id="nothing happens"),
        pytest.param([truth(10)], [], ["missed"], id="missed"),
        pytest.param([], [raised(10, 12)], ["false"], id="false"),
        pytest.param([truth(10)], [raised(11, 14)], ["hit"], id="hit"),
        pytest.param([truth(10, 20)], [raised(20, 25, 30)], ["hit"], id="as it ends"),
        pytest.param([truth(10, 20)], [raised(21, 25, 30)], ["missed", "false"], id="after it is over"),
        pytest.param([truth(10, 20)], [raised(2, 5, 9)], ["missed", "false"], id="over before it begins"),
        pytest.param([truth(10, 20)], [raised(12, 24, 30)], ["hit"], id="told late of what was"),
        pytest.param([truth(10)], [raised(11, 14, kind=QUEUE)], ["missed", "false"], id="another kind"),
        pytest.param([truth(10)], [raised(11, 14, camera="two")], ["missed", "false"], id="another camera"),
        pytest.param([truth(10)], [raised(11, 14), raised(30, 33, number=2)], ["hit", "false"], id="told twice"),
        pytest.param([truth(10), truth(40)], [raised(11, 14)], ["hit", "missed"], id="one alert for two"),
        pytest.param(
            # The first reaches both, the second only the later.
            [truth(10, 30), truth(35, 60)],
            [raised(9, 12), raised(5, 15, 20, number=2)],
            ["hit", "hit"],
            id="as many pairs as can be",
        ),
    ],
)
def test_matching_is_one_to_one(truths, alarms, outcomes):
    assert [one.outcome for one in match(truths, alarms)] == outcomes


def test_of_two_alarms_the_nearer_is_the_hit():
    near, far = raised(11, 14), raised(30, 33, number=2)
    [hit, false] = match([truth(10)], [far, near])
    assert (hit.raised, false.raised) == (near, far)


OBJECT = IncidentKind.ABANDONED_OBJECT


@pytest.mark.parametrize(
    ("alarm", "in_wake"),
    [
        pytest.param(raised(12, 15), True, id="stands before it"),
        pytest.param(raised(12, 15, kind=QUEUE), True, id="queues before it"),
        pytest.param(raised(12, 15, kind=IncidentKind.WRONG_WAY), False, id="what no object brings about"),
        pytest.param(raised(1, 4, 8), False, id="stood before it was there"),
        pytest.param(raised(12, 15, camera="two"), False, id="elsewhere"),
    ],
)
def test_who_stands_in_the_wake_of_something_else_is_false_and_told_apart(alarm, in_wake):
    matches = match([truth(10, kind=OBJECT)], [alarm])
    scores = event_scores(matches, 1.0, alarm.kind)
    assert (scores.false_alarms, scores.in_wake) == (1, int(in_wake))


def test_scores_by_kind_and_of_all():
    truths = [truth(10), truth(10, camera="two"), truth(30, kind=QUEUE)]
    alarms = [raised(12, 15), raised(12, 14, camera="two"), raised(2, 4, 6, number=2)]

    matches = match(truths, alarms)
    stopped, queue, all_kinds = (event_scores(matches, 2.0, kind) for kind in (STOPPED, QUEUE, None))

    assert (stopped.hits, stopped.misses, stopped.false_alarms) == (2, 0, 1)
    assert (stopped.precision, stopped.recall, stopped.f1) == pytest.approx((2 / 3, 1, 0.8))
    assert (stopped.median_s, stopped.p95_s) == (4.5, 5)
    assert stopped.false_per_hour == 0.5
    assert (queue.recall, queue.f1) == (0, 0)
    assert (all_kinds.hits, all_kinds.misses, all_kinds.false_alarms) == (2, 1, 1)


def test_an_alarm_before_the_onset_took_no_time():
    [hit] = match([truth(10)], [raised(7, 9)])
    assert hit.took_s == 0


def test_where_nothing_goes_wrong_and_nothing_is_raised_there_is_only_a_bound():
    scores = event_scores([], 1.0)
    assert all(math.isnan(one) for one in (scores.precision, scores.recall, scores.f1, scores.median_s, scores.p95_s))
    assert scores.false_per_hour == 0
    assert scores.false_per_hour_interval == pytest.approx((0, 3.689), abs=1e-3)
    assert scores.recall_interval == scores.precision_interval == (0, 1)
