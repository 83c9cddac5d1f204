"""Risks as the alert core sees them: what raises, what releases, and what is never calm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serving.alerts.look import Criterion
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words
from serving.disaster.alerts import looks
from serving.disaster.replies import Reason, Risk, RiskLevel, RiskPlace, RiskPrediction
from tests.serving.alerts.test_cap import alert, read, texts

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HOURS = (1, 3, 6, 12)
WORDS = Words(ko="말", en="words")
LEVELS = tuple(
    RiskLevel(
        name=name,
        words=Words(ko=ko, en=name),
        severity=severity,
        criterion=WORDS,
        release=WORDS,
        advice=Words(ko=f"{ko}: 통제하십시오", en=f"{name}: close it"),
        alarm_at=alarm_at,
    )
    for name, ko, severity, alarm_at in (("advisory", "주의보", "Moderate", 0.4), ("warning", "경보", "Severe", 0.6))
)


def risk(
    advisory: tuple[float | None, ...] = (0.0,) * 4,
    warning: tuple[float | None, ...] = (0.0,) * 4,
    in_force: tuple[bool | None, ...] = (False, False),
    **changes: Any,
) -> Risk:
    """One gauge; the probability of each level in 1, 3, 6 and 12 hours, alarms looking 6 hours ahead."""
    place = RiskPlace(
        entity_id="jamsu",
        name=Words(ko="잠수교", en="Jamsu bridge"),
        lat=37.515,
        lon=126.996,
        now=540.0,
        in_force=in_force,
        quality="ok",
    )
    predictions = tuple(
        RiskPrediction(
            entity_id="jamsu",
            target_time=NOW + timedelta(hours=hours),
            step=hours * 6,
            level=level.name,
            probability=probability,
            met=None,
            q10=500.0,
            q50=560.0,
            q90=600.0,
            quality="ok",
        )
        for hours, pair in zip(HOURS, zip(advisory, warning, strict=True), strict=True)
        for level, probability in zip(LEVELS, pair, strict=True)
    )
    fields: dict[str, Any] = {
        "model": "disaster-river-jamsu",
        "version": "3",
        "hazard": "river_jamsu",
        "words": Words(ko="잠수교 침수", en="Flooding of Jamsu bridge"),
        "category": "Safety",
        "quantity": "stage_cm",
        "unit": "cm",
        "issued_at": NOW,
        "as_of": NOW,
        "step_min": 10,
        "alarm_h": 6,
        "simulated": False,
        "timezone": "Asia/Seoul",
        "levels": LEVELS,
        "places": (place,),
        "predictions": predictions,
    }
    return Risk(**fields | changes)


def seen(*question: Any, exercise: bool = False, drivers: Any = None, **changes: Any) -> Any:
    (one,) = looks(risk(*question, **changes), drivers or {}, exercise=exercise)
    return one


CALM, UNKNOWN = (0.0, 0.0, 0.1, 0.9), (None,) * 4


@pytest.mark.parametrize(
    ("advisory", "in_force", "criterion"),
    [
        pytest.param((0.1, 0.2, 0.4, 0.5), (False, False), Criterion.MET, id="on the threshold of alarms"),
        pytest.param((0.1, 0.2, 0.39, 0.9), (False, False), Criterion.BETWEEN, id="just below it"),
        pytest.param((0.0, 0.1, 0.2, 0.9), (False, False), Criterion.BETWEEN, id="on half of it"),
        pytest.param((0.0, 0.1, 0.19, 0.9), (False, False), Criterion.RELEASED, id="below half of it"),
        pytest.param(CALM, (True, False), Criterion.MET, id="in force, though it falls"),
        pytest.param(CALM, (None, False), Criterion.BETWEEN, id="not known to be over"),
        pytest.param(UNKNOWN, (None, None), Criterion.UNKNOWN, id="nothing is known"),
        pytest.param(UNKNOWN, (False, False), Criterion.UNKNOWN, id="what comes is not known"),
        pytest.param(UNKNOWN, (True, None), Criterion.MET, id="in force, and what comes is not known"),
    ],
)
def test_how_a_level_stands(advisory, in_force, criterion):
    warning = UNKNOWN if advisory is UNKNOWN else (0.0,) * 4
    assert seen(advisory, warning, in_force).criterion is criterion


def test_a_model_without_thresholds_alarms_by_what_is_in_force_alone():
    levels = tuple(replace(level, alarm_at=None) for level in LEVELS)
    assert seen((0.9,) * 4, (0.9,) * 4, levels=levels).criterion is Criterion.RELEASED
    assert seen(in_force=(True, False), levels=levels).criterion is Criterion.MET


@pytest.mark.parametrize(
    ("advisory", "warning", "in_force", "severity", "advice"),
    [
        pytest.param((0.5,) * 4, (0.1,) * 4, (False, False), Severity.MODERATE, "advisory: close it", id="the lower"),
        pytest.param((0.9,) * 4, (0.7,) * 4, (True, False), Severity.SEVERE, "warning: close it", id="the next"),
        pytest.param((0.9,) * 4, (0.1,) * 4, (True, True), Severity.SEVERE, "warning: close it", id="the higher"),
    ],
)
def test_the_highest_level_that_stands_says_how_bad_it_is(advisory, warning, in_force, severity, advice):
    content = seen(advisory, warning, in_force).content
    assert (content.severity, content.advice.en) == (severity, advice)


@pytest.mark.parametrize(
    ("advisory", "in_force", "urgency", "certainty", "lead_min"),
    [
        pytest.param((0.5,) * 4, (False, False), Urgency.IMMEDIATE, Certainty.LIKELY, 60, id="within the hour"),
        pytest.param((0.1, 0.4, 0.45, 0.6), (False, False), Urgency.EXPECTED, Certainty.POSSIBLE, 180, id="in 3 h"),
        pytest.param((0.1, 0.3, 0.5, 0.6), (False, False), Urgency.EXPECTED, Certainty.LIKELY, 360, id="in 6 h"),
        pytest.param(CALM, (True, False), Urgency.IMMEDIATE, Certainty.OBSERVED, None, id="in force"),
    ],
)
def test_how_soon_and_how_sure(advisory, in_force, urgency, certainty, lead_min):
    content = seen(advisory, (0.0,) * 4, in_force).content
    assert (content.urgency, content.certainty, content.lead_min) == (urgency, certainty, lead_min)
    assert content.onset == NOW + timedelta(minutes=lead_min or 0)
    assert content.probability == (None if lead_min is None else advisory[2])


def test_a_day_ahead_is_no_hurry():
    content = seen((0.1, 0.1, 0.1, 0.5), alarm_h=12, step_min=1440).content
    assert (content.urgency, content.lead_min) == (Urgency.FUTURE, 720)
    assert content.expires == NOW + timedelta(days=3)


def test_an_alert_says_all_that_an_operator_asks():
    reasons = [
        Reason(
            quantity="release_m3s",
            entity_id="paldang",
            value=9000,
            unit="m3/s",
            without=0.2,
            effect=effect,
            words=WORDS,
        )
        for effect in (0.3, -0.1)
    ]
    look = seen((0.5,) * 4, drivers={"jamsu": reasons})
    content = look.content

    assert (look.domain, look.kind, look.place, look.at) == ("disaster", "river_jamsu", "jamsu", NOW)
    # What comes back within the horizon of alarms was still coming.
    assert look.quiet_min == 360
    assert content.category is Category.SAFETY
    assert content.headline.ko == "잠수교: 잠수교 침수 주의보 가능성 50 % (6시간 이내)"
    assert content.headline.en == "Jamsu bridge: Flooding of Jamsu bridge, advisory: 50 % within 6 h"
    assert content.area.h3_cell.startswith("88")
    assert [(one.name, one.value, one.unit) for one in content.measured] == [
        ("stage_cm", 540.0, "cm"),
        ("stage_cm q50", 560.0, "cm"),
    ]
    assert [(one.words.ko, one.words.en) for one in content.measured] == [
        ("현재 수위", "Latest water level"),
        ("6시간 뒤 예상 수위", "Expected water level in 6 h"),
    ]
    # What speaks against it drives nothing.
    assert [one.value for one in content.drivers] == [9000]
    assert len(content.evidence) == 64
    assert content.evidence == seen((0.5,) * 4).content.evidence != seen((0.6,) * 4).content.evidence


def test_cap_names_hazard_level_quantity_and_place():
    root = read(alert(content=seen((0.5,) * 4).content))
    assert texts(root, "info/description") == [
        "잠수교 침수 주의보\n현재 수위: 540 cm\n6시간 뒤 예상 수위: 560 cm",
        "Flooding of Jamsu bridge: advisory\nLatest water level: 540 cm\nExpected water level in 6 h: 560 cm",
    ]
    assert texts(root, "info/area/areaDesc") == ["잠수교", "Jamsu bridge"]
    assert texts(root, "info/area/geocode/valueName") == ["H3", "H3"]


@pytest.mark.parametrize(
    ("simulated", "exercise", "status"),
    [
        pytest.param(False, False, Status.ACTUAL, id="measured"),
        pytest.param(True, False, Status.EXERCISE, id="simulated"),
        pytest.param(False, True, Status.EXERCISE, id="an exercise"),
    ],
)
def test_what_is_simulated_is_an_exercise(simulated, exercise, status):
    assert seen((0.5,) * 4, simulated=simulated, exercise=exercise).content.status is status
