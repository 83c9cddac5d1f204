"""Abnormal flow as the alert core sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.traffic.happening import AbnormalFlow, Ending, Kind, Witness
from serving.alerts.look import Criterion
from serving.alerts.words import Category, Certainty, Severity, Status
from serving.traffic.alerts import Source, look

RAISED = datetime(2026, 7, 1, tzinfo=UTC)
WITNESS = Witness(city_share=0.0, city_unrest=1.0, neighbours=4, neighbours_likewise=0, ruled_out=("city",))
SOURCE = Source(quantity="speed_kmh", simulated=False, model="traffic", version=2)
EVENT = AbnormalFlow(
    id="A 2026-06-30T22:00:00+00:00",
    entity_ids=("A",),
    kind=Kind.ABNORMAL,
    direction="low",
    onset=RAISED - timedelta(hours=2),
    raised_at=RAISED,
    steps=2,
    measured=8.0,
    expected=60.0,
    band_low=50.0,
    band_high=70.0,
    size=-6.0,
    witness=WITNESS,
)


def seen(at: datetime = RAISED, source: Source = SOURCE, **changes: Any) -> Any:
    return look(replace(EVENT, **changes), source, at, evidence="0" * 64, exercise=False)


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        pytest.param({}, Severity.MODERATE, id="off, for a while"),
        pytest.param({"size": -8.0}, Severity.MODERATE, id="far off, not yet for long"),
        pytest.param({"size": -8.0, "steps": 3}, Severity.SEVERE, id="far off, for long"),
        pytest.param({"size": 8.0, "entity_ids": ("A", "B", "C")}, Severity.SEVERE, id="far off, on many links"),
        pytest.param({"size": -7.9, "steps": 9}, Severity.MODERATE, id="just less far off"),
        pytest.param({"size": -99.0, "steps": 9, "kind": Kind.SENSOR}, Severity.MINOR, id="a sensor"),
    ],
)
def test_how_bad_it_is(changes, severity):
    assert seen(**changes).content.severity is severity


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        pytest.param({}, "warn upstream", id="flow is low"),
        pytest.param({"direction": "high"}, "adjust signals", id="flow is high"),
        pytest.param({"kind": Kind.SENSOR}, "Send maintenance to the sensor at A", id="a sensor"),
    ],
)
def test_what_an_operator_can_do(changes, advice):
    assert advice in seen(**changes).content.advice.en


@pytest.mark.parametrize(
    ("after_h", "ending", "criterion"),
    [
        pytest.param(0, Ending.INSIDE, Criterion.MET, id="before it was over"),
        pytest.param(1, Ending.INSIDE, Criterion.RELEASED, id="back inside"),
        pytest.param(1, Ending.UNKNOWN, Criterion.UNKNOWN, id="measured no more, which is not calm"),
    ],
)
def test_how_it_ends(after_h, ending, criterion):
    at = RAISED + timedelta(hours=after_h)
    assert seen(at, cleared_at=RAISED + timedelta(hours=1), ending=ending).criterion is criterion


def test_what_is_simulated_is_an_exercise():
    assert seen(source=replace(SOURCE, simulated=True)).content.status is Status.EXERCISE
    assert seen().content.status is Status.ACTUAL


def test_a_sensor_is_only_suspected():
    content = seen(kind=Kind.SENSOR).content
    assert (content.certainty, content.category) == (Certainty.POSSIBLE, Category.INFRA)
    assert seen().content.certainty is Certainty.LIKELY


def test_many_links_are_named_shortly():
    name = seen(entity_ids=tuple("ABCDE")).content.area.name
    assert (name.ko, name.en) == ("A, B, C 외 2개", "A, B, C and 2 more")


def test_figures_keep_their_unit():
    measured = seen().content.measured[0]
    assert (measured.name, measured.value, measured.unit) == ("speed_kmh", 8.0, "km/h")
