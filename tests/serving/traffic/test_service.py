"""``TrafficService`` labels every number, says how good it is, and takes nothing that cannot be."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import ArtifactMismatch, BadInput, HaechiError, UnknownName
from features.series import Panel
from features.settings import Settings
from features.traffic import schema
from features.traffic.advance import Raw
from features.traffic.build import build
from features.traffic.state import TrafficState
from serving.client import Client
from serving.proto import haechi_v1_pb2 as v1
from serving.queries import query
from serving.runtime import Runtime
from serving.server import Server
from serving.traffic.replies import Forecast, Measurement
from tests.serving.traffic.city import AS_OF, CONFIG, ENTITIES, HOUR


def measured(entity: str, value: float, *, hours: int = 0, **more: Any) -> Measurement:
    """One value of the hour that starts so many hours after the model's last."""
    return Measurement(time=AS_OF + hours * HOUR, entity_id=entity, value=value, **more)


def quality(forecast: Forecast) -> dict[str, str]:
    return {one.entity_id: one.quality for one in forecast.predictions}


def test_every_prediction_is_labelled(client: Client) -> None:
    forecast = client.traffic_latest("traffic", issued_at=AS_OF)

    assert (forecast.model, forecast.version, forecast.quantity, forecast.unit) == (
        "traffic",
        "1",
        "volume_veh_h",
        "veh/h",
    )
    assert (forecast.issued_at, forecast.as_of, forecast.step_min, forecast.simulated) == (AS_OF, AS_OF, 60, True)
    assert [(one.entity_id, one.step, one.target_time) for one in forecast.predictions] == [
        (entity, step, AS_OF + (step - 1) * HOUR) for entity in ENTITIES for step in (1, 2, 3)
    ]
    for one in forecast.predictions[:6]:
        assert 0 <= one.q10 <= one.q50 <= one.q90


def test_it_answers_what_the_same_build_and_graph_answer_without_a_wire(
    client: Client, runtime: Runtime, state: TrafficState
) -> None:
    values = np.array([[500, 20, np.nan], [400, np.nan, 7]], dtype=np.float32)
    panel = Panel(start=AS_OF, step_min=60, entities=ENTITIES, values=values, quantity="volume_veh_h")
    table = build(Raw(measured=panel), state, CONFIG, [AS_OF + 2 * HOUR])
    expected = runtime.run("traffic", table.inputs)["forecast"]

    forecast = client.traffic_latest(
        "traffic",
        measurements=[
            measured(name, float(values[hours, column]), hours=hours)
            for hours in (0, 1)
            for column, name in enumerate(ENTITIES)
            if not math.isnan(values[hours, column])
        ],
    )

    assert forecast.issued_at == forecast.as_of == AS_OF + 2 * HOUR
    answered = np.array([[one.q10, one.q50, one.q90] for one in forecast.predictions]).reshape(3, 3, 3)
    np.testing.assert_array_equal(answered, expected)


def test_one_entity_is_answered_as_among_all(client: Client) -> None:
    everyone = client.traffic_latest("traffic", issued_at=AS_OF)
    alone = client.traffic_latest("traffic", entity_ids=["A-01/out", "A-01/out"], issued_at=AS_OF)

    assert alone.predictions == everyone.predictions[3:6]
    assert {one.entity_id for one in alone.observed} == {"A-01/out"}


def test_what_was_measured_comes_along_for_charts(client: Client) -> None:
    forecast = client.traffic_latest("traffic", issued_at=AS_OF + HOUR, measurements=[measured("A-01/in", 321)])
    own = [(one.time, one.value) for one in forecast.observed if one.entity_id == "A-01/in"]
    gappy = [one.time for one in forecast.observed if one.entity_id == "A-01/out"]

    assert [time for time, _ in own] == [AS_OF - 3 * HOUR, AS_OF - 2 * HOUR, AS_OF - HOUR, AS_OF]
    assert own[-1] == (AS_OF, 321)
    # What is missing is left out, never zero.
    assert gappy == [AS_OF - 3 * HOUR, AS_OF - HOUR]


def test_quality_says_what_an_answer_rests_on(client: Client) -> None:
    assert quality(client.traffic_latest("traffic", issued_at=AS_OF)) == {
        "A-01/in": "ok",
        "A-01/out": "ok",
        "B-07/in": "fallback: never measured",
    }


@pytest.mark.parametrize(
    "question",
    [
        pytest.param({}, id="asked about now, with measurements of another year"),
        pytest.param({"issued_at": AS_OF + 3 * HOUR}, id="issued three hours after the last measurement"),
    ],
)
def test_old_measurements_are_called_stale(question: dict[str, Any], client: Client) -> None:
    assert quality(client.traffic_latest("traffic", **question))["A-01/in"] == "degraded: stale"


def test_with_its_own_measurements_an_answer_is_about_their_time(client: Client) -> None:
    assert quality(client.traffic_latest("traffic", measurements=[measured("A-01/in", 1)]))["A-01/in"] == "ok"


def test_the_issue_time_waits_for_a_late_measurement(client: Client) -> None:
    late = measured("A-01/in", 300, available_at=AS_OF + timedelta(minutes=70))

    assert client.traffic_latest("traffic", measurements=[late]).issued_at == AS_OF + 2 * HOUR


def test_measurements_that_the_model_has_seen_change_nothing(client: Client) -> None:
    asked = {"entity_ids": ["A-01/in"], "issued_at": AS_OF}
    again = [measured("A-01/in", 9999, hours=-hours) for hours in (1, 2, 24 * 365)]

    assert client.traffic_latest("traffic", **asked, measurements=again) == client.traffic_latest("traffic", **asked)


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        pytest.param(
            {"entity_ids": ["A-01/inn"]}, UnknownName, "There is no entity 'A-01/inn'. Did you mean 'A-01/in'",
            id="an entity never seen in training",
        ),
        pytest.param(
            {"measurements": [measured("C-99/in", 1)]}, UnknownName, "There is no entity 'C-99/in'",
            id="a measurement of one",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", 1), measured("A-01/in", -1)]}, BadInput,
            r"measurements\[1\]: -1.0 is no measurement", id="a negative volume",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", math.inf)]}, BadInput, "inf is no measurement", id="infinity",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", 1e300)]}, BadInput, r"1e\+300 is no measurement", id="beyond float32",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", math.nan)]}, BadInput, "Leave out what is missing", id="NaN",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", 1), measured("A-01/in", 2)]}, BadInput, "is there twice", id="twice",
        ),
        pytest.param(
            {"measurements": [Measurement(time=AS_OF + HOUR / 2, entity_id="A-01/in", value=1)]}, BadInput,
            "not on the model's 60-minute clock", id="a measurement of half an hour",
        ),
        pytest.param(
            {"issued_at": AS_OF, "measurements": [measured("A-01/in", 1)]}, BadInput, "is not known yet at",
            id="a measurement of the future",
        ),
        pytest.param(
            {"measurements": [measured("A-01/in", 1), measured("A-01/in", 1, hours=24 * 36)]}, BadInput,
            "span 36 days", id="measurements too far apart",
        ),
        pytest.param({"issued_at": AS_OF + HOUR / 2}, BadInput, "not on the 60-minute clock", id="issued off clock"),
        pytest.param({"issued_at": AS_OF - HOUR}, BadInput, "a state cannot forget", id="issued before the state"),
        pytest.param(
            {"issued_at": AS_OF + timedelta(days=3650)}, BadInput, "over 732 days after", id="issued years later",
        ),
        pytest.param({"version": "2"}, UnknownName, "no version of traffic '2'", id="an unknown version"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    question: dict[str, Any], error: type[HaechiError], message: str, client: Client
) -> None:
    with pytest.raises(HaechiError, match=message) as refusal:
        client.traffic_latest("traffic", **question)
    assert type(refusal.value) is error
    assert refusal.value.mend


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        pytest.param(None, r"measurements\[0\]: time is absent", id="no time"),
        pytest.param(2**62, "time is no time", id="a time beyond all years"),
        pytest.param(-(10**10), "time is 1653", id="a time before 1970"),
    ],
)
def test_a_time_that_is_none_is_refused(seconds: int | None, message: str, client: Client) -> None:
    request = v1.LatestRequest(model="traffic", measurements=[v1.Measurement(entity_id="A-01/in", value=1)])
    if seconds is not None:
        request.measurements[0].time.seconds = seconds

    with pytest.raises(BadInput, match=message):
        client.ask(query(v1.DESCRIPTOR.services_by_name["TrafficService"], "Latest", request, str))


def test_a_model_whose_features_are_not_ours_is_not_served(
    make_traffic: Callable[..., Path], settings: Settings
) -> None:
    older = tuple(spec for spec in schema.inputs(CONFIG, "veh/h") if spec.name != "calendar")
    runtime = Runtime()
    runtime.load(make_traffic(inputs=older))

    with pytest.raises(
        ArtifactMismatch,
        match=r"'feature_schema_sha256' is of other features: the graph has neighbour_error .* this .* builds calendar",
    ):
        Server(runtime, settings)


def test_a_state_that_is_not_of_its_config_is_not_served(make_traffic: Callable[..., Path], settings: Settings) -> None:
    runtime = Runtime()
    runtime.load(make_traffic(config=CONFIG.to_json() | {"seasonal_lags_days": [2]}))

    with pytest.raises(ArtifactMismatch, match="column 'residual'"):
        Server(runtime, settings)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(0, id="no step at all"),
        pytest.param(-1, id="a step back"),
        pytest.param(10_000, id="beyond the model's horizon"),
    ],
)
def test_a_horizon_that_the_model_does_not_reach_is_refused(client, steps):
    with pytest.raises(BadInput, match=rf"horizon_steps={steps} is not within .* --set horizon_steps="):
        client.traffic_latest("traffic", horizon_steps=steps)


def test_a_shorter_horizon_is_the_beginning_of_the_whole_one(client):
    whole, first = client.traffic_latest("traffic"), client.traffic_latest("traffic", horizon_steps=1)
    # As text: a place that was never measured has no number, and no number equals itself.
    assert str([p for p in whole.predictions if p.step == 1]) == str(list(first.predictions))


def test_an_old_measurement_does_not_make_an_old_forecast_fresh(client: Client) -> None:
    first = client.traffic_latest("traffic").observed[0]
    known = Measurement(time=first.time, entity_id=first.entity_id, value=first.value)
    again = client.traffic_latest("traffic", entity_ids=[first.entity_id], measurements=[known])
    assert {p.quality for p in again.predictions} == {"degraded: stale"}


def test_a_value_beyond_all_measure_is_refused(client: Client) -> None:
    with pytest.raises(BadInput, match=r"over 100 times the highest level"):
        client.traffic_latest("traffic", measurements=[measured("A-01/in", 1e38)])


def test_a_time_without_a_zone_is_refused_before_it_is_sent(client: Client) -> None:
    with pytest.raises(BadInput, match="has no zone"):
        Measurement(time=datetime(2022, 5, 16), entity_id="A-01/in", value=1.0)  # noqa: DTZ001
    with pytest.raises(BadInput, match=r"issued_at .* has no zone"):
        client.traffic_latest("traffic", issued_at=datetime(2022, 5, 16))  # noqa: DTZ001
