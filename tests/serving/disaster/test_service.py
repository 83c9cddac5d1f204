"""``DisasterService`` labels every probability, says how good it is, and calls nothing calm that it does not know."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.disaster.advance import Raw, advance
from features.disaster.build import build
from features.disaster.measured import Measured
from features.disaster.state import DisasterState
from features.errors import ArtifactMismatch, BadInput, HaechiError, NotAllowed, UnknownName
from features.settings import Settings
from serving.client import Client
from serving.disaster.replies import Reading, Risk
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.disaster.town import DEAD, HOUR, JAMSU, RIVER, STATIONS, TEN_MINUTES, river_readings

RIVER_MODEL, AIR_MODEL = "disaster-river-jamsu", "disaster-pm25"


def sent(measured: Measured, after: datetime) -> list[Reading]:
    """The readings of ``measured`` later than ``after``, as a caller sends them."""
    return [
        Reading(time=measured.time(row), entity_id=entity, quantity=name, value=float(array[row, column]))
        for name, array in measured.values.items()
        for column, entity in enumerate(measured.entities)
        for row in range(len(measured))
        if measured.time(row) > after and not np.isnan(array[row, column])
    ]


def stage(at: datetime, value: float = 500.0, **more: Any) -> Reading:
    return Reading(**({"time": at, "entity_id": JAMSU, "quantity": "stage_cm", "value": value} | more))


def chances(risk: Risk, place: str) -> list[float | None]:
    return [one.probability for one in risk.predictions if one.entity_id == place]


def test_every_prediction_is_labelled(client: Client, river_state: DisasterState) -> None:
    now = river_state.as_of
    risk = client.disaster_latest(RIVER_MODEL, issued_at=now)

    assert (risk.model, risk.version, risk.hazard, risk.words.ko) == (RIVER_MODEL, "1", "river_jamsu", "잠수교 침수")
    assert (risk.quantity, risk.unit, risk.step_min, risk.alarm_h, risk.simulated) == ("stage_cm", "cm", 10, 6, True)
    assert (risk.issued_at, risk.as_of) == (now, now)
    assert [(one.entity_id, one.target_time, one.step, one.level) for one in risk.predictions] == [
        (JAMSU, now + timedelta(hours=hours), hours * 6, level)
        for hours in (1, 3, 6, 12)
        for level in ("pedestrians", "vehicles", "submerged")
    ]
    assert all(one.q10 < one.q50 < one.q90 and 0 <= one.met <= one.probability <= 1 for one in risk.predictions)


def test_a_level_says_what_meets_it_and_what_to_do(client: Client) -> None:
    level = client.disaster_latest(RIVER_MODEL).levels[0]

    assert (level.name, level.severity, level.alarm_at) == ("pedestrians", "Moderate", pytest.approx(0.3))
    assert level.criterion.en == "water level at least 550 cm"
    assert "Jamsu" in level.advice.en
    assert level.words.ko == "보행자 통제"


def test_a_place_says_where_it_is_and_how_it_stands(client: Client, air_state: DisasterState) -> None:
    risk = client.disaster_latest(AIR_MODEL, entity_ids=[STATIONS[0], STATIONS[1]], issued_at=air_state.as_of)
    bad, good = risk.places

    assert (bad.name.en, bad.lat) == ("Jongno-gu", pytest.approx(37.5735))
    assert (bad.now, bad.in_force, bad.quality) == (90, (True, False), "ok")
    assert good.in_force == (False, False)
    assert chances(risk, STATIONS[0])[0] > chances(risk, STATIONS[1])[0]


def test_it_answers_what_the_same_build_and_graph_answer_without_a_wire(
    client: Client, runtime: Runtime, river_state: DisasterState
) -> None:
    measured = river_readings(306)
    until = measured.time(305)
    state = advance(river_state, Raw(measured=measured), RIVER, until)
    expected = runtime.run(RIVER_MODEL, build(None, state, RIVER, [until]).inputs)["within"][0]

    risk = client.disaster_latest(RIVER_MODEL, readings=sent(measured, river_state.as_of), issued_at=until)

    np.testing.assert_allclose(np.array(chances(risk, JAMSU)).reshape(4, 3).T, expected, rtol=1e-6)
    assert (risk.as_of, risk.issued_at) == (until, until)


def test_a_request_leaves_the_model_as_it_was(client: Client, river_state: DisasterState) -> None:
    before = client.disaster_latest(RIVER_MODEL)
    client.disaster_latest(RIVER_MODEL, readings=[stage(river_state.as_of + TEN_MINUTES, 900)])

    assert client.disaster_latest(RIVER_MODEL) == before


def test_the_issue_time_waits_for_a_late_reading(client: Client, river_state: DisasterState) -> None:
    at = river_state.as_of + TEN_MINUTES
    late = stage(at, available_at=at + timedelta(minutes=15))

    risk = client.disaster_latest(RIVER_MODEL, readings=[late])

    assert (risk.issued_at, risk.as_of) == (at + 2 * TEN_MINUTES, at)


def test_old_readings_are_called_stale(client: Client, air_state: DisasterState) -> None:
    def quality(**question: Any) -> str:
        return client.disaster_latest(AIR_MODEL, entity_ids=[STATIONS[0]], **question).places[0].quality

    assert quality() == "degraded: stale"
    assert quality(issued_at=air_state.as_of) == "ok"
    assert quality(issued_at=air_state.as_of + 3 * HOUR) == "degraded: stale"


def test_a_dead_gauge_is_never_calm(client: Client) -> None:
    risk = client.disaster_latest(AIR_MODEL)
    dead = risk.places[-1]

    assert (dead.entity_id, dead.now, dead.in_force) == (DEAD, None, (None, None))
    assert dead.quality == "fallback: no reading of its own"
    assert chances(risk, DEAD) == [None] * 10
    assert {one.q50 for one in risk.predictions if one.entity_id == DEAD} == {None}
    assert None not in chances(risk, STATIONS[0])


def test_25_places_and_5_horizons_are_one_answer(client: Client) -> None:
    risk = client.disaster_latest(AIR_MODEL)

    assert [place.entity_id for place in risk.places] == list(STATIONS)
    assert len(risk.predictions) == 25 * 5 * 2
    one = client.disaster_latest(AIR_MODEL, entity_ids=[STATIONS[3]])
    assert one.predictions == tuple(each for each in risk.predictions if each.entity_id == STATIONS[3])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        pytest.param({"entity_id": "1018681"}, UnknownName, "no entity '1018681'.*Did you mean", id="elsewhere"),
        pytest.param({"quantity": "stage_m3"}, UnknownName, "no quantity of .* 'stage_m3'.*'stage_", id="another unit"),
        pytest.param({"value": float("nan")}, BadInput, r"readings\[0\]: nan is no reading.*cm", id="no number"),
        pytest.param({"value": float("inf")}, BadInput, r"readings\[0\]: inf is no reading", id="infinite"),
        pytest.param({"minutes": 3}, BadInput, "not on the model's 10-minute clock", id="off the clock"),
        pytest.param({"minutes": 20}, BadInput, "is not known yet", id="of the future"),
        pytest.param({"minutes": 20, "early": True}, BadInput, "is not known yet", id="of the future, yet known"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(
    changes: dict[str, Any], error: type[HaechiError], message: str, client: Client, river_state: DisasterState
) -> None:
    now = river_state.as_of
    changes = dict(changes)
    at = now + timedelta(minutes=changes.pop("minutes", 10))
    if changes.pop("early", False):
        changes["available_at"] = now
    with pytest.raises(error, match=message):
        client.disaster_latest(RIVER_MODEL, readings=[stage(at, **changes)], issued_at=now + TEN_MINUTES)


def test_a_reading_twice_is_refused(client: Client, river_state: DisasterState) -> None:
    twice = [stage(river_state.as_of + TEN_MINUTES)] * 2
    with pytest.raises(BadInput, match=r"readings\[1\]: stage_cm of 1018680 .* is there twice"):
        client.disaster_latest(RIVER_MODEL, readings=twice)


def test_readings_of_months_are_refused(client: Client, river_state: DisasterState) -> None:
    with pytest.raises(BadInput, match="The readings span 40 days"):
        client.disaster_latest(
            RIVER_MODEL,
            readings=[stage(river_state.as_of + each) for each in (TEN_MINUTES, timedelta(days=40, minutes=10))],
        )


@pytest.mark.parametrize(
    ("ahead", "message"),
    [
        pytest.param(-TEN_MINUTES, "which the state has seen", id="before the state"),
        pytest.param(timedelta(minutes=5), "not on the 10-minute clock", id="off the clock"),
        pytest.param(timedelta(days=800), "days after the model's last reading", id="years later"),
    ],
)
def test_an_issue_time_that_cannot_be_is_refused(
    ahead: timedelta, message: str, client: Client, river_state: DisasterState
) -> None:
    with pytest.raises(BadInput, match=message):
        client.disaster_latest(RIVER_MODEL, issued_at=river_state.as_of + ahead)


def test_a_place_that_is_not_the_models_is_refused_with_the_nearest(client: Client) -> None:
    with pytest.raises(UnknownName, match=r"no place '1018681'\. Did you mean '1018680'"):
        client.disaster_latest(RIVER_MODEL, entity_ids=["1018681"])


def test_another_domains_model_is_refused(client: Client) -> None:
    with pytest.raises(BadInput, match="of the domain other, not of disaster"):
        client.disaster_latest("doubler")


@pytest.mark.parametrize(("scope", "may"), [("read", False), ("infer:traffic", False), ("infer/DisasterService", True)])
def test_who_asks_needs_the_scope_to_infer(
    scope: str, may: bool, runtime: Runtime, settings: Settings, tokens_file: Path, token: Callable[..., str]
) -> None:
    shown = token(scope)
    server = Server(runtime, settings.model_copy(update={"tokens": tokens_file}))
    server.start()
    try:
        with Client(server.address, token=shown) as client:
            for ask in (client.disaster_latest, lambda model: client.disaster_why(model, JAMSU)):
                with nullcontext() if may else pytest.raises(NotAllowed, match="infer"):
                    ask(RIVER_MODEL)
    finally:
        server.stop(0)


def test_a_model_whose_features_are_not_ours_is_not_served(
    make_disaster: Callable[..., Path], river_state: DisasterState, settings: Settings
) -> None:
    older = RIVER.to_json()
    older["hazard"] = older["hazard"] | {"horizons_h": [1, 3, 6]}
    runtime = Runtime()
    runtime.load(make_disaster(RIVER, river_state, "cm", config=older))

    with pytest.raises(ArtifactMismatch, match="'feature_schema_sha256' is of other features"):
        Server(runtime, settings)


def test_a_state_that_is_not_of_its_config_is_not_served(
    make_disaster: Callable[..., Path], air_state: DisasterState, settings: Settings
) -> None:
    runtime = Runtime()
    runtime.load(make_disaster(RIVER, air_state, "cm"))

    with pytest.raises(ArtifactMismatch, match=r"'tail' is .*, the manifest's config asks for"):
        Server(runtime, settings)


# --- why --------------------------------------------------------------------------------------------------------------


def test_reasons_are_what_the_model_looks_at_and_how_much(client: Client, river_state: DisasterState) -> None:
    why = client.disaster_why(RIVER_MODEL, JAMSU, issued_at=river_state.as_of, most=50)
    latest = client.disaster_latest(RIVER_MODEL, issued_at=river_state.as_of)
    reasons = {(one.entity_id, one.quantity): one for one in why.reasons}

    at_alarm = next(one for one in latest.predictions if one.step == 36 and one.level == "pedestrians")
    assert (why.level, why.target_time) == ("pedestrians", river_state.as_of + timedelta(hours=6))
    assert why.probability == pytest.approx(at_alarm.probability)
    # What the graph does not look at is no reason.
    assert reasons.keys() == {(JAMSU, "stage_cm"), ("paldang", "release_m3s")}
    for one in why.reasons:
        assert one.effect == pytest.approx(why.probability - one.without)
    effects = [abs(one.effect) for one in why.reasons]
    assert effects == sorted(effects, reverse=True)
    assert "An approximation" in why.method.en


def test_a_reason_is_measured_and_said_in_both_languages(client: Client, river_state: DisasterState) -> None:
    now = river_state.as_of + TEN_MINUTES
    release = Reading(time=now, entity_id="paldang", quantity="release_m3s", value=9000.0)
    why = client.disaster_why(RIVER_MODEL, JAMSU, readings=[release])
    one = next(one for one in why.reasons if one.entity_id == "paldang")

    assert (one.value, one.unit) == (pytest.approx(9000, rel=1e-3), "m3/s")
    assert "Without the release at paldang (9,000 m3/s) it would be" in one.words.en
    assert "paldang 방류량(9,000 m3/s) 없이 보면" in one.words.ko
    assert one.effect > 0


def test_where_only_a_change_counts_the_latest_reading_is_shown(client: Client) -> None:
    why = client.disaster_why(AIR_MODEL, STATIONS[0])
    one = next(one for one in why.reasons if one.quantity == "o3_ppm")

    assert one.value == pytest.approx(0.06)
    assert f"Without the ozone at {STATIONS[0]} (0.06 ppm)" in one.words.en


def test_another_level_and_horizon_may_be_asked_about(client: Client, river_state: DisasterState) -> None:
    why = client.disaster_why(RIVER_MODEL, JAMSU, issued_at=river_state.as_of, level="submerged", horizon_h=12, most=1)

    assert (why.level, why.target_time) == ("submerged", river_state.as_of + timedelta(hours=12))
    assert len(why.reasons) == 1


def test_of_a_dead_gauge_there_is_nothing_to_explain(client: Client) -> None:
    why = client.disaster_why(AIR_MODEL, DEAD)

    assert (why.probability, why.reasons, why.quality) == (None, (), "fallback: no reading of its own")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param({"entity_id": "nowhere"}, "no place 'nowhere'", id="a place that is not the model's"),
        pytest.param({"level": "pedestrian"}, "Did you mean 'pedestrians'", id="a level that is none"),
        pytest.param({"horizon_h": 2}, "Ask for one of 1, 3, 6, 12", id="a horizon that is none"),
        pytest.param({"most": 0}, "no number of reasons", id="no reason at all"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(question: dict[str, Any], message: str, client: Client) -> None:
    with pytest.raises(BadInput, match=message):
        client.disaster_why(RIVER_MODEL, **({"entity_id": JAMSU} | question))
