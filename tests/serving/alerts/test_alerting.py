"""One event one alert: raised, held by hysteresis, revised, merged, expired, silent once closed."""

import pytest

from features.errors import BadInput, UnknownName
from serving.alerts.alert import Area
from serving.alerts.look import Criterion, Hysteresis
from serving.alerts.words import Action, Certainty, Life, Phase, Severity, Words
from tests.serving.alerts.looks import act, actions, content, look, minute, observe

MET, BETWEEN, RELEASED, UNKNOWN = Criterion.MET, Criterion.BETWEEN, Criterion.RELEASED, Criterion.UNKNOWN


# --- raising ----------------------------------------------------------------------------------------------------------


def test_a_criterion_that_is_met_raises_one_alert(alerting):
    alert = observe(alerting, look(0))
    assert (alert.life, alert.phase, alert.revision) == (Life.NEW, Phase.ONGOING, 1)
    assert alert.content == content(0)
    assert alerting.store.alerts() == [alert]


@pytest.mark.parametrize("criterion", [BETWEEN, RELEASED, UNKNOWN])
def test_a_calm_place_raises_nothing(alerting, criterion):
    assert observe(alerting, look(0, criterion)) is None
    assert alerting.store.head() == 0


@pytest.mark.parametrize(
    ("seen", "rule", "raised"),
    [
        pytest.param([MET], {"raise_looks": 2}, False, id="one look of two"),
        pytest.param([MET, MET], {"raise_looks": 2}, True, id="two looks of two"),
        pytest.param([MET, BETWEEN, MET], {"raise_looks": 2}, False, id="not in a row"),
        pytest.param([MET, RELEASED, MET], {"raise_looks": 2}, False, id="released in between"),
        pytest.param([MET, UNKNOWN, MET], {"raise_looks": 2}, True, id="a dead gauge in between is never calm"),
        pytest.param([MET, MET, UNKNOWN], {"raise_looks": 3}, False, id="a dead gauge counts for nothing itself"),
        pytest.param([MET, MET], {"raise_min": 5}, False, id="not for long enough"),
        pytest.param([MET] * 6, {"raise_min": 5}, True, id="for just long enough"),
        pytest.param([MET] * 6, {"raise_min": 5, "raise_looks": 7}, False, id="long enough, too few looks"),
    ],
)
def test_how_long_a_criterion_must_be_met(alerting, seen, rule, raised):
    alert = observe(alerting, *(look(at, one) for at, one in enumerate(seen)), rule=Hysteresis(**rule))
    assert (alert is not None) is raised


# --- revising ---------------------------------------------------------------------------------------------------------


def test_the_same_again_only_extends(alerting):
    alert = observe(alerting, look(0), look(10))
    assert alert.content.expires == minute(40)
    assert actions(alerting, alert) == [Action.RAISED, Action.EXTENDED]


def test_news_revise_and_the_onset_stays(alerting):
    alert = observe(alerting, look(0), look(10, severity=Severity.SEVERE, onset=minute(10)))
    assert (alert.revision, alert.content.severity, alert.content.onset) == (2, Severity.SEVERE, minute(0))
    assert (alert.raised_at, alert.revised_at, alert.superseded_at) == (minute(0), minute(10), minute(0))


def test_nothing_new_is_no_step(alerting):
    observe(alerting, look(0), look(1, expires=minute(30)))
    assert alerting.store.head() == 1


@pytest.mark.parametrize("at_min", [pytest.param(5, id="the same time"), pytest.param(3, id="an earlier time")])
def test_a_look_that_was_taken_changes_nothing(alerting, at_min):
    alert = observe(alerting, look(0), look(5))
    assert observe(alerting, look(at_min, severity=Severity.EXTREME)) == alert
    assert observe(alerting, look(at_min, RELEASED)) == alert
    assert alerting.store.head() == 2


# --- what nobody knows ------------------------------------------------------------------------------------------------


def test_a_dead_gauge_is_said_and_refreshes_nothing(alerting):
    alert = observe(alerting, look(0), look(1, UNKNOWN), look(2, UNKNOWN))
    assert (alert.content.quality, alert.content.expires) == ("degraded: state unknown", minute(30))
    assert actions(alerting, alert) == [Action.RAISED, Action.REVISED]


def test_what_nobody_refreshed_expires_as_unknown_and_stays_in_the_queue(alerting):
    alert = observe(alerting, look(0))
    assert alerting.expire(minute(29)) == []
    (expired,) = alerting.expire(minute(30))
    assert (expired.phase, expired.life, expired.is_open) == (Phase.EXPIRED, Life.NEW, True)
    assert expired.content.quality == "degraded: state unknown"
    assert alerting.expire(minute(31)) == []
    assert actions(alerting, alert) == [Action.RAISED, Action.EXPIRED]


@pytest.mark.parametrize(
    ("criterion", "phase"),
    [
        pytest.param(MET, Phase.ONGOING, id="it still lasts"),
        pytest.param(BETWEEN, Phase.ONGOING, id="it is not released"),
        pytest.param(RELEASED, Phase.RELEASED, id="it is over"),
    ],
)
def test_a_feed_that_comes_back_says_how_it_is(alerting, criterion, phase):
    alert = observe(alerting, look(0))
    alerting.expire(minute(40))
    back = observe(alerting, look(50, criterion))
    assert (back.id, back.phase, back.content.quality) == (alert.id, phase, "ok")


# --- operators --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "action", "life"),
    [
        pytest.param([], Action.ACKNOWLEDGED, Life.ACKNOWLEDGED, id="acknowledge what is new"),
        pytest.param([], Action.ESCALATED, Life.ESCALATED, id="escalate what is new"),
        pytest.param([], Action.CLOSED, Life.CLOSED, id="close what is new"),
        pytest.param([], Action.FALSE_ALARM, Life.FALSE_ALARM, id="what is new is a false alarm"),
        pytest.param([Action.ACKNOWLEDGED], Action.ESCALATED, Life.ESCALATED, id="escalate"),
        pytest.param([Action.ESCALATED], Action.CLOSED, Life.CLOSED, id="close"),
        pytest.param([Action.CLOSED], Action.FALSE_ALARM, Life.FALSE_ALARM, id="closed, it was nothing"),
        pytest.param([Action.ACKNOWLEDGED], Action.ACKNOWLEDGED, None, id="twice"),
        pytest.param([Action.ESCALATED], Action.ACKNOWLEDGED, None, id="backwards"),
        pytest.param([Action.CLOSED], Action.ESCALATED, None, id="escalate what is closed"),
        pytest.param([Action.CLOSED], Action.CLOSED, None, id="close what is closed"),
        pytest.param([Action.FALSE_ALARM], Action.CLOSED, None, id="close a false alarm"),
        pytest.param([], Action.RELEASED, None, id="release by hand"),
    ],
)
def test_the_life_of_an_alert(alerting, done, action, life):
    alert = observe(alerting, look(0))
    for one in done:
        act(alerting, alert, one)
    if life is None:
        with pytest.raises(BadInput, match=r"annot|No operator") as refused:
            act(alerting, alert, action)
        assert refused.value.mend
        assert alerting.store.head() == 1 + len(done)
    else:
        assert act(alerting, alert, action).life is life
        last = alerting.store.history(alert.id)[-1].entry
        assert (last.action, last.actor, last.reason, last.at) == (action, "kim", "seen on camera 3", minute(100))


@pytest.mark.parametrize("blank", ["actor", "reason"])
def test_nobody_acts_without_a_name_and_a_reason(alerting, blank):
    alert = observe(alerting, look(0))
    fields = {"actor": "kim", "reason": "seen"} | {blank: " "}
    with pytest.raises(BadInput, match=f"The {blank} is blank"):
        alerting.act(alert.id, Action.ACKNOWLEDGED, at=minute(1), **fields)


@pytest.mark.parametrize("id", ["disaster-0", "", "'; DROP TABLE haechi_alerts", "\0"])
def test_an_alert_that_is_not_there(alerting, id):
    with pytest.raises(UnknownName, match="There is no alert"):
        alerting.act(id, Action.CLOSED, actor="kim", reason="seen", at=minute(1))


@pytest.mark.parametrize("how", [Action.CLOSED, Action.FALSE_ALARM])
def test_what_was_closed_while_it_lasts_is_silent_until_it_was_released_once(alerting, how):
    first = act(alerting, observe(alerting, look(0)), how)
    assert observe(alerting, look(1), look(2)).id == first.id
    assert alerting.store.alerts() == []
    again = observe(alerting, look(3, RELEASED), look(4))
    assert again.id != first.id
    assert again.is_open


@pytest.mark.parametrize(
    ("severity", "raised"),
    [
        pytest.param(Severity.MINOR, False, id="milder"),
        pytest.param(Severity.MODERATE, False, id="as bad"),
        pytest.param(Severity.SEVERE, True, id="worse"),
    ],
)
def test_what_was_closed_is_raised_again_only_if_it_gets_worse(alerting, severity, raised):
    act(alerting, observe(alerting, look(0)), Action.CLOSED)
    observe(alerting, look(1, severity=severity))
    assert bool(alerting.store.alerts()) is raised


def test_what_was_closed_because_nobody_knew_is_raised_when_it_is_known_again(alerting):
    first = observe(alerting, look(0))
    alerting.expire(minute(40))
    act(alerting, first, Action.CLOSED)
    assert observe(alerting, look(50)).id != first.id


# --- merging ----------------------------------------------------------------------------------------------------------


def test_two_alerts_that_turn_out_one_event_become_the_older(alerting):
    first = observe(alerting, look(0, place="upstream", severity=Severity.SEVERE))
    second = act(alerting, observe(alerting, look(1, place="jamsu")), Action.ESCALATED)
    merged = observe(alerting, look(2, place="jamsu", absorbs=("upstream",)))
    assert (merged.id, merged.place, merged.life, merged.phase) == (first.id, "jamsu", Life.ESCALATED, Phase.ONGOING)
    assert [one.id for one in alerting.store.alerts()] == [first.id]
    over = alerting.store.alert(second.id)
    assert (over.phase, over.life, over.merged_into) == (Phase.MERGED, Life.CLOSED, first.id)
    with pytest.raises(BadInput, match="one event") as refused:
        act(alerting, second, Action.FALSE_ALARM)
    assert first.id in refused.value.mend


def test_merging_again_changes_nothing_more(alerting):
    observe(alerting, look(0, place="upstream"), look(1, place="jamsu"), look(2, absorbs=("upstream",)))
    head = alerting.store.head()
    observe(alerting, look(3, absorbs=("upstream",), expires=minute(32)))
    assert alerting.store.head() == head


def test_an_event_takes_over_the_alert_of_the_one_that_it_absorbs(alerting):
    first = observe(alerting, look(0, place="upstream"))
    assert observe(alerting, look(1, absorbs=("upstream",))).id == first.id
    assert len(alerting.store.alerts(only_open=False)) == 1


def test_a_merged_event_names_the_places_of_both(alerting):
    upstream = Area(entities=("upstream",), name=Words(ko="상류", en="upstream"))
    observe(alerting, look(0, place="upstream", area=upstream), look(1), look(2, absorbs=("upstream",)))
    step = next(one.entry for one in alerting.store.steps(after=0, most=9) if one.entry.action is Action.REVISED)
    assert step.alert.content.area.entities == ("upstream", "jamsu")


def test_what_was_merged_is_released_by_the_event_that_goes_on(alerting):
    observe(alerting, look(0, place="upstream"), look(1), look(2, absorbs=("upstream",)))
    assert observe(alerting, look(3, RELEASED)).phase is Phase.RELEASED


def test_an_absorbed_event_that_is_still_seen_holds_the_release_and_says_nothing(alerting):
    alert = observe(alerting, look(0, place="upstream"), look(1), look(2, absorbs=("upstream",)))
    held = observe(alerting, look(3, place="upstream", severity=Severity.EXTREME))
    assert (held.id, held.content.severity) == (alert.id, Severity.MODERATE)
    assert observe(alerting, look(4, RELEASED)).phase is Phase.ONGOING
    assert observe(alerting, look(5, RELEASED, place="upstream")).phase is Phase.RELEASED


def test_whatever_an_event_absorbed_moves_on_with_it(alerting):
    observe(alerting, look(0, place="a"), look(1, place="b"), look(2, place="c"), look(3, place="c", absorbs=("b",)))
    merged = observe(alerting, look(4, place="c", absorbs=("a",)))
    assert observe(alerting, look(5, place="b")).id == merged.id
    assert [one.id for one in alerting.store.alerts()] == [merged.id]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"advice": Words(ko="", en="Close it")}, "advice of an alert is blank", id="no advice in Korean"),
        pytest.param({"advice": Words(ko="통제", en=" ")}, "advice of an alert is blank", id="no advice in English"),
        pytest.param({"headline": Words(ko="", en="")}, "headline of an alert is blank", id="no headline"),
        pytest.param({"probability": 1.1}, "probability of an alert is 1.1", id="a probability above one"),
        pytest.param({"probability": float("nan")}, "probability of an alert is nan", id="no probability"),
        pytest.param({"lead_min": -1.0}, "lead time of an alert is -1.0 min", id="a lead time that is over"),
        pytest.param({"onset": minute(0).replace(tzinfo=None)}, "has no zone", id="a naive time"),
        pytest.param({"quality": "bad"}, "quality of an alert is 'bad'", id="an unknown quality"),
        pytest.param({"evidence": "abc"}, "no SHA-256", id="evidence that is no hash"),
    ],
)
def test_an_alert_that_nobody_could_act_on_is_refused(changes, cause):
    with pytest.raises(BadInput, match=cause) as refused:
        content(0, **changes)
    assert refused.value.mend


def test_an_alert_without_advice_is_told_why():
    with pytest.raises(BadInput, match="No alert without an action an operator can take"):
        content(0, advice=Words(ko="", en=""))


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"entities": ()}, "names no entity", id="no entity"),
        pytest.param({"polygon": ((37.5, 127.0), (37.6, 127.0), (37.6, 127.1))}, "not closed", id="an open polygon"),
        pytest.param({"polygon": ((127.0, 37.5),) * 4}, "no place on Earth", id="longitude first"),
    ],
)
def test_an_area_that_is_none(changes, cause):
    fields = {"entities": ("jamsu",), "name": Words(ko="잠수교", en="Jamsu")}
    with pytest.raises(BadInput, match=cause):
        Area(**fields | changes)


def test_a_look_that_has_expired_before_it_is_taken():
    with pytest.raises(BadInput, match="before the look"):
        look(10, expires=minute(10))


def test_words_of_cap_have_an_order():
    ranks = [one.rank for one in (Severity.UNKNOWN, Severity.MINOR, Severity.MODERATE, Severity.SEVERE)]
    assert ranks == sorted(ranks)
    assert Certainty.OBSERVED == "Observed"
