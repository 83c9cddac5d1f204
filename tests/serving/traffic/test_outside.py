"""Covariates of a request: seen once they are known, refused with a mend, and said to be missing where they are."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from onnx import helper, numpy_helper

from features.covariate_ring import RECENT
from features.covariates import Covariates
from features.errors import BadInput, UnknownName
from features.series import Panel
from features.traffic import schema
from features.traffic.advance import Raw, advance
from features.traffic.state import fresh, save
from serving.client import Client
from serving.outside import Covariate
from serving.runtime import Runtime
from serving.server import Server
from serving.traffic.replies import Measurement
from tests.serving.traffic.city import AS_OF, CONFIG, ENTITIES, HOUR, START, volumes

NAMES = ("rain_mm", "temperature_c")
WEATHERED = replace(CONFIG, covariates=NAMES)


def observed():
    """Nine days without rain at ten degrees, all but the last four hours."""
    hours = np.arange(9 * 24 - 4)
    time = np.datetime64(START.replace(tzinfo=None), "s") + hours * np.timedelta64(3600, "s")
    values = np.tile(np.array([0, 10], dtype=np.float32), (len(hours), 1))
    return Covariates(names=NAMES, time=time, available_at=time + np.timedelta64(3600, "s"), values=values)


@pytest.fixture(scope="module")
def weathered(make_artifact, make_graph, tmp_path_factory):
    """A model that forecasts the profile, and a vehicle more for each millimetre above the usual."""
    root = tmp_path_factory.mktemp("weathered")
    ins, outs = schema.inputs(WEATHERED, "veh/h"), schema.outputs(WEATHERED, "veh/h")
    nodes = [
        helper.make_node("Slice", ["covariate", "first", "last", "axes"], ["ahead"]),
        helper.make_node("Squeeze", ["ahead", "two"], ["rain"]),
        helper.make_node("Add", ["profile", "rain"], ["more"]),
        helper.make_node("Unsqueeze", ["more", "two"], ["median"]),
        helper.make_node("Concat", ["median", "median", "median"], ["forecast"], axis=2),
    ]
    slices = {"first": [RECENT, 0], "last": [RECENT + 3, 1], "axes": [1, 2], "two": [2]}
    constants = [numpy_helper.from_array(np.array(value), name) for name, value in slices.items()]
    values = volumes(9 * 24)
    panel = Panel(
        start=START, step_min=60, entities=ENTITIES, values=values, quantity="volume_veh_h", covariates=observed()
    )
    save(advance(fresh(ENTITIES, START, WEATHERED), Raw(measured=panel), WEATHERED, AS_OF), root / "state.parquet")
    files = {
        "model.onnx": make_graph(nodes, list(ins), list(outs), initializer=constants),
        "state.parquet": (root / "state.parquet").read_bytes(),
    }
    fields = {"entities": ENTITIES, "config": WEATHERED.to_json(), "horizon_steps": 3, "state_as_of": AS_OF}
    return make_artifact(root, files=files, inputs=ins, outputs=outs, **fields)


@pytest.fixture
def weather_client(weathered, settings):
    runtime = Runtime()
    runtime.load(weathered)
    server = Server(runtime, settings)
    server.start()
    with Client(server.address) as client:
        yield client
    server.stop(0)


def rain(step, mm, *, known=None, name="rain_mm"):
    """Rain in the interval of ``step``, the first at ``AS_OF``, as it was forecast two hours before."""
    return Covariate(time=AS_OF + (step - 1) * HOUR, name=name, value=mm, available_at=known or AS_OF - 2 * HOUR)


def test_a_forecast_of_rain_reaches_the_model(weather_client):
    dry, wet = (
        weather_client.traffic_latest("traffic", entity_ids=["A-01/in"], covariates=covariates).predictions
        for covariates in ([], [rain(2, 7.0)])
    )
    assert [w.q50 - d.q50 for w, d in zip(wet, dry, strict=True)] == pytest.approx([0, 7, 0], abs=1e-3)


def test_a_window_without_covariates_says_so_unless_they_are_sent(weather_client):
    def quality(*covariates, **changes):
        found = weather_client.traffic_latest("traffic", entity_ids=["A-01/in"], covariates=covariates, **changes)
        return {p.quality for p in found.predictions}, [p.q50 for p in found.predictions]

    # Asked about its own time the model is not stale.
    blind, forecast = quality(issued_at=AS_OF)
    assert blind == {"degraded: no covariate"}
    assert np.isfinite(forecast).all()
    assert quality(rain(1, 0.0), issued_at=AS_OF)[0] == {"ok"}


def test_covariates_join_measurements_and_do_not_move_the_time_of_issue(weather_client):
    measured = [Measurement(time=AS_OF + hour * HOUR, entity_id="A-01/in", value=300) for hour in range(2)]
    found = weather_client.traffic_latest(
        "traffic", entity_ids=["A-01/in"], measurements=measured, covariates=[rain(3, 5.0, known=AS_OF + HOUR)]
    )
    assert found.issued_at == AS_OF + 2 * HOUR
    dry = weather_client.traffic_latest("traffic", entity_ids=["A-01/in"], measurements=measured)
    assert found.predictions[0].q50 - dry.predictions[0].q50 == pytest.approx(5, abs=1e-3)


def test_the_models_own_state_stays_as_it_is(weather_client):
    before = weather_client.traffic_latest("traffic", entity_ids=["A-01/in"])
    weather_client.traffic_latest("traffic", covariates=[rain(1, 50.0)])
    assert weather_client.traffic_latest("traffic", entity_ids=["A-01/in"]).predictions == before.predictions


@pytest.mark.parametrize(
    ("covariate", "error", "words"),
    [
        pytest.param(rain(1, 1, name="rain"), UnknownName, "Did you mean 'rain_mm'", id="a name that nobody trained"),
        pytest.param(rain(1.5, 1), BadInput, "not on the model's 60-minute clock", id="off the clock"),
        pytest.param(rain(1, float("nan")), BadInput, r"covariates\[0\]: nan is no number", id="no number"),
        pytest.param(rain(1, 1e39), BadInput, "is no number", id="larger than any"),
        pytest.param(rain(1, 1, known=AS_OF + HOUR), BadInput, "is not known yet at", id="known after the issue"),
        pytest.param(replace(rain(2, 1), available_at=None), BadInput, "Say in available_at", id="never said when"),
    ],
)
def test_what_cannot_be_is_refused_with_a_mend(covariate, error, words, weather_client):
    with pytest.raises(error, match=words) as refused:
        weather_client.traffic_latest("traffic", covariates=[covariate])
    assert refused.value.mend


def test_one_covariate_twice_or_over_months_is_refused(weather_client):
    with pytest.raises(BadInput, match="is there twice"):
        weather_client.traffic_latest("traffic", covariates=[rain(1, 1.0), rain(1, 1.0)])
    with pytest.raises(BadInput, match="span 59 days"):
        weather_client.traffic_latest("traffic", covariates=[rain(1, 1.0), rain(-59 * 24 + 1, 1.0)])


def test_a_model_without_covariates_refuses_them(client):
    with pytest.raises(BadInput, match="looks at no covariates"):
        client.traffic_latest("traffic", covariates=[rain(1, 1.0)])


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(BadInput, match="is 'rain', not a number"):
        Covariate(time=datetime(2022, 1, 1, tzinfo=UTC), name="rain_mm", value="rain")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="is '2022-01-01', not a datetime"):
        Covariate(time="2022-01-01", name="rain_mm", value=1.0)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="has no zone"):
        Covariate(time=AS_OF.replace(tzinfo=None), name="rain_mm", value=1.0)
