"""An alert is released by hysteresis, waits to be seen, and takes in nothing that comes later."""

import pytest

from serving.alerts.look import Criterion, Hysteresis, events
from serving.alerts.words import Action, Life, Phase
from tests.serving.alerts.looks import act, actions, look, minute, observe

MET, BETWEEN, RELEASED, UNKNOWN = Criterion.MET, Criterion.BETWEEN, Criterion.RELEASED, Criterion.UNKNOWN


@pytest.mark.parametrize(
    ("seen", "rule", "phase"),
    [
        pytest.param([RELEASED], {}, Phase.RELEASED, id="released at once"),
        pytest.param([BETWEEN], {}, Phase.ONGOING, id="below what raises, above what releases"),
        pytest.param([UNKNOWN] * 9, {}, Phase.ONGOING, id="a dead gauge releases nothing"),
        pytest.param([RELEASED], {"release_looks": 2}, Phase.ONGOING, id="one look of two"),
        pytest.param([RELEASED, RELEASED], {"release_looks": 2}, Phase.RELEASED, id="two looks of two"),
        pytest.param([RELEASED, BETWEEN, RELEASED], {"release_looks": 2}, Phase.ONGOING, id="not in a row"),
        pytest.param([RELEASED, UNKNOWN, RELEASED], {"release_looks": 2}, Phase.ONGOING, id="not known in a row"),
        pytest.param([RELEASED] * 3, {"release_min": 3}, Phase.ONGOING, id="not for long enough"),
        pytest.param([RELEASED] * 4, {"release_min": 3}, Phase.RELEASED, id="for just long enough"),
    ],
)
def test_how_long_a_release_rule_must_be_met(alerting, seen, rule, phase):
    looks = (look(at, one) for at, one in enumerate(seen, start=1))
    assert observe(alerting, look(0), *looks, rule=Hysteresis(**rule)).phase is phase


def test_a_release_that_nobody_has_seen_yet_stays_in_the_queue_until_somebody_has(alerting):
    alert = observe(alerting, look(0), look(1, RELEASED))
    assert (alert.phase, alert.life, alert.is_open) == (Phase.RELEASED, Life.NEW, True)
    assert act(alerting, alert, Action.ACKNOWLEDGED).life is Life.CLOSED
    assert actions(alerting, alert) == [Action.RAISED, Action.RELEASED, Action.ACKNOWLEDGED, Action.CLOSED]


def test_a_release_closes_what_was_acknowledged(alerting):
    act(alerting, observe(alerting, look(0)), Action.ACKNOWLEDGED)
    assert observe(alerting, look(1, RELEASED)).life is Life.CLOSED


@pytest.mark.parametrize(
    ("back_min", "is_new"),
    [
        pytest.param(60, False, id="within the quiet, it flickers"),
        pytest.param(61, True, id="after the quiet"),
    ],
)
@pytest.mark.parametrize(
    "between",
    [
        pytest.param([], id="nothing in between"),
        pytest.param([RELEASED], id="released over and over"),
        pytest.param([BETWEEN], id="not quite calm in between"),
        pytest.param([UNKNOWN], id="not known in between"),
    ],
)
def test_a_release_ends_what_an_unseen_alert_takes_in(alerting, between, back_min, is_new):
    first = observe(alerting, look(0), look(1, RELEASED), *(look(30, one) for one in between))
    again = observe(alerting, look(1 + back_min, quiet_min=60))
    assert (again.id != first.id) is is_new
    assert again.phase is Phase.ONGOING
    assert alerting.store.alert(first.id).phase is (Phase.RELEASED if is_new else Phase.ONGOING)


def test_each_event_of_a_place_is_an_alert_of_its_own_that_waits_to_be_seen(alerting):
    for at in range(0, 90, 10):
        observe(alerting, look(at), look(at + 5, RELEASED))
    alerts = alerting.store.alerts()
    assert [one.content.expires for one in alerts] == [minute(at + 30) for at in range(0, 90, 10)]
    assert all(actions(alerting, one) == [Action.RAISED, Action.RELEASED] for one in alerts)
    act(alerting, alerts[0], Action.ACKNOWLEDGED)
    assert alerting.store.alerts() == alerts[1:]


def test_an_event_takes_over_no_alert_that_is_released(alerting):
    first = observe(alerting, look(0, place="upstream"), look(1, RELEASED, place="upstream"))
    second = observe(alerting, look(9, absorbs=("upstream",)))
    assert second.id != first.id
    assert alerting.store.alert(first.id).phase is Phase.RELEASED


def test_a_closed_event_that_was_released_and_comes_back_is_a_new_alert(alerting):
    first = act(alerting, observe(alerting, look(0)), Action.ACKNOWLEDGED)
    again = observe(alerting, look(1, RELEASED), look(2))
    assert again.id != first.id
    assert [one.id for one in alerting.store.alerts()] == [again.id]


@pytest.mark.parametrize(
    ("seen", "quiet_min", "count"),
    [
        pytest.param([RELEASED, BETWEEN, UNKNOWN], 0, 0, id="calm"),
        pytest.param([MET, MET], 0, 1, id="one that lasts"),
        pytest.param([MET, BETWEEN, UNKNOWN, MET], 0, 1, id="one that was not released"),
        pytest.param([MET, RELEASED, RELEASED, MET, RELEASED], 0, 2, id="two"),
        pytest.param([MET, RELEASED, RELEASED, MET], 2, 1, id="one that flickers"),
        pytest.param([MET, RELEASED, RELEASED, MET], 1, 2, id="two, after the quiet"),
    ],
)
def test_how_many_events_were_seen(alerting, seen, quiet_min, count):
    looks = [look(at, one, quiet_min=quiet_min) for at, one in enumerate(seen)]
    assert events(looks) == count
    alerting.observe(looks)
    assert len(alerting.store.alerts()) == count
