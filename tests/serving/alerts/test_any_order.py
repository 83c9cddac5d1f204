"""Whatever is seen and done in whatever order: one alert for an event that lasts, revisions rise, the audit holds."""

import random
import secrets
from contextlib import suppress

import pytest

from features.errors import BadInput
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion, Hysteresis
from serving.alerts.store import Store
from serving.alerts.words import Action, Phase, Severity
from tests.serving.alerts.looks import content, look, minute

PLACES = ("a", "b", "c", "d")
ACTS = (Action.ACKNOWLEDGED, Action.ESCALATED, Action.CLOSED, Action.FALSE_ALARM)


def anything(chance: random.Random, alerting: Alerting, at: float) -> None:
    """One thing that may happen."""
    sort = chance.random()
    if sort < 0.12:
        alerting.expire(minute(at))
        return
    ids = [one.id for one in alerting.store.alerts(only_open=False)]
    if sort < 0.3 and ids:
        with suppress(BadInput):  # not everything may be done with every alert
            alerting.act(chance.choice(ids), chance.choice(ACTS), actor="kim", reason="any", at=minute(at))
        return
    place, criterion = chance.choice(PLACES), chance.choice(list(Criterion))
    said = content(at, severity=chance.choice(list(Severity)), probability=round(chance.random(), 2))
    absorbs = tuple(chance.sample(PLACES, chance.choice([0, 0, 0, 1, 2])))
    rule = Hysteresis(raise_looks=chance.randint(1, 2), release_looks=chance.randint(1, 2))
    # Late and doubled looks come too.
    when = at - chance.choice([0, 0, 0, 20])
    fields = {} if criterion in (Criterion.RELEASED, Criterion.UNKNOWN) else {"severity": said.severity}
    alerting.observe(
        [look(when, criterion, place=place, absorbs=absorbs, quiet_min=chance.choice([0, 30]), **fields)], rule
    )


@pytest.mark.parametrize("seed", [1, 2, 3, secrets.randbelow(10**6)])
def test_any_sequence_keeps_the_invariants(quick: Store, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201  # a failure is repeated with it
    chance, alerting = random.Random(seed), Alerting(quick)  # noqa: S311
    revisions: dict[str, int] = {}
    seen = 0
    for number in range(250):
        anything(chance, alerting, number * 7)
        alerts = [one for one in quick.alerts() if one.phase is not Phase.RELEASED]
        events = [(one.domain, one.kind, one.place) for one in alerts]
        assert len(events) == len(set(events)), "two alerts for one event that lasts"
        assert all(one.phase is not Phase.MERGED for one in alerts)
        for step in quick.steps(after=seen, most=1000):
            alert = step.entry.alert
            assert alert.revision == revisions.get(alert.id, 0) + 1
            revisions[alert.id], seen = alert.revision, step.seq
        with quick.writing() as ledger:
            for one in alerts:
                assert ledger.events_of(one.id), "an alert that lasts and that no event speaks for"
    assert quick.verify().faults == ()
    assert len(revisions) > 1
