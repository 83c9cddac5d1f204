"""Incidents as alerts: one event one alert, extended while it lasts, closed when it clears, never calm in silence."""

from datetime import timedelta

import pytest

from features.cctv.events import HealthKind, Severity
from features.cctv.kinds import IncidentKind
from features.errors import StorageFailure
from serving.alerts import cap
from serving.alerts.store import Store
from serving.alerts.words import Action, Life, Phase, Status
from serving.cctv.alerts import Desk, look
from serving.cctv.told import Alive, Change
from serving.cctv.wording import ADVICE, EVENTS, FAULTS
from tests.serving.cctv.doubles import BY, SINCE, fault, told


@pytest.fixture
def store(tmp_path):
    opened = Store(str(tmp_path / "alerts.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def desk(store):
    return Desk(store)


def actions(store):
    return [step.entry.action for step in store.steps(after=0, most=100)]


def test_one_event_is_one_alert_from_its_raising_to_its_end(desk, store):
    for change, at_s in ((Change.RAISED, 2), (Change.LASTS, 62), (Change.REVISED, 70), (Change.LASTS, 130)):
        desk.hear(told(change, at_s, severity=Severity.SEVERE if at_s >= 70 else Severity.MODERATE))
    desk.hear(told(Change.CLEARED, 140, cleared_s=140.0))
    assert actions(store) == [
        Action.RAISED,
        Action.EXTENDED,
        Action.REVISED,
        Action.EXTENDED,
        Action.RELEASED,
    ]
    (alert,) = store.alerts(only_open=False)
    assert alert.phase is Phase.RELEASED


def test_an_alert_says_what_where_and_what_to_do_in_both_languages(desk, store):
    desk.hear(told())
    (alert,) = store.alerts()
    said = alert.content
    assert (alert.domain, alert.kind) == ("cctv", "stopped_vehicle")
    assert said.headline.ko == "차로 위 정지 차량: A (carriageway 1) - 차량이 차로에 1초째 서 있음"
    assert "Stopped vehicle: A" in said.headline.en
    assert "견인" in said.advice.ko
    assert "tow truck" in said.advice.en
    assert said.evidence == "a" * 64
    assert said.onset == SINCE + timedelta(seconds=1)
    assert (said.model, said.probability) == ("double", 0.9)
    assert BY.rules_sha256[:12] in said.version
    assert BY.zones_sha256[:12] in said.version
    assert b"<alert" in cap.write(alert, cap.read_profile(None))


@pytest.mark.parametrize(
    ("simulated", "status"), [(True, Status.EXERCISE), (False, Status.ACTUAL)], ids=["simulated", "real"]
)
def test_what_is_simulated_is_an_exercise(desk, store, simulated, status):
    desk.hear(told(simulated=simulated))
    assert store.alerts()[0].content.status is status


def test_two_incidents_of_one_camera_are_two_alerts(desk, store):
    desk.hear(told())
    desk.hear(told(at_s=3, incident_id=2, raised_s=3.0))
    assert len(store.alerts()) == 2


def test_the_same_film_watched_again_raises_nothing_anew(desk, store):
    for _ in range(2):
        desk.hear(told())
        desk.hear(told(Change.CLEARED, 9, cleared_s=9.0))
    assert actions(store) == [Action.RAISED, Action.RELEASED]


def test_a_camera_that_is_watched_no_more_leaves_its_incident_unknown_not_over(desk, store):
    desk.hear(told())
    desk.hear(told(Change.UNKNOWN, 3))
    (alert,) = store.alerts()
    assert (alert.phase, alert.content.quality) == (Phase.ONGOING, "degraded: state unknown")


def test_what_no_camera_refreshes_expires(desk, store):
    desk.hear(told())
    desk.expire(SINCE + timedelta(minutes=2))
    assert store.alerts()[0].phase is Phase.ONGOING
    desk.expire(SINCE + timedelta(minutes=10))
    assert store.alerts()[0].phase is Phase.EXPIRED


def test_an_ailing_camera_is_an_alert_until_it_is_well(desk, store):
    desk.hear(fault())
    (alert,) = store.alerts()
    assert (alert.kind, alert.content.headline.ko) == ("camera_fault", "영상 끊김: A")
    desk.hear(fault(Change.CLEARED, 9))
    assert store.alerts(only_open=False)[0].phase is Phase.RELEASED
    assert store.alerts(only_open=False)[0].life is Life.NEW


def test_what_is_no_event_is_no_look():
    assert look(Alive(camera="A", at=SINCE, pictures=1, seconds=1.0)) is None


def test_no_alert_is_lost_while_the_store_is_away(desk, store, monkeypatch, caplog):
    observe = desk._alerting.observe

    def away(*_):
        raise StorageFailure(cause="The store is away", mend="Wait")

    monkeypatch.setattr(desk._alerting, "observe", away)
    desk.hear(told())
    desk.hear(told(Change.LASTS, 62))
    assert not store.alerts()
    assert caplog.text.count("The store is away") == 1
    monkeypatch.setattr(desk._alerting, "observe", observe)
    desk.flush()
    assert actions(store) == [Action.RAISED, Action.EXTENDED]


def test_what_could_not_be_stored_by_the_end_is_said(tmp_path, monkeypatch):
    desk = Desk(Store(str(tmp_path / "alerts.sqlite")))

    def away(*_):
        raise StorageFailure(cause="The store is away", mend="Wait")

    monkeypatch.setattr(desk._alerting, "observe", away)
    desk.hear(told())
    with pytest.raises(StorageFailure, match="1 looks"):
        desk.close()


@pytest.mark.parametrize("kind", list(IncidentKind), ids=str)
def test_every_kind_of_incident_has_its_name_and_its_advice(kind):
    assert EVENTS[kind].ko.strip()
    assert "{camera}" in ADVICE[kind].ko
    assert "{camera}" in ADVICE[kind].en


@pytest.mark.parametrize("kind", list(HealthKind), ids=str)
def test_every_fault_of_a_camera_has_its_name(kind):
    assert FAULTS[kind].ko.strip()
    assert FAULTS[kind].en.strip()
