"""Covariates of a request for parking: seen once they are known, said to be missing, and refused where none count."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper

from features.covariate_ring import RECENT
from features.covariates import Covariates
from features.errors import BadInput, UnknownName
from features.parking import schema
from features.parking.advance import Raw, advance
from features.parking.state import ParkingState
from features.series import Panel
from features.settings import Settings
from serving.client import Client, Count, Covariate, NewLot
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.parking.conftest import nodes
from tests.serving.parking.town import AS_OF, CITY_HALL, CONFIG, GARAGE, HOUR, HOURS, LOTS, START

WEATHERED = replace(CONFIG, covariates=("rain_mm",))
FORECAST_AT = AS_OF - 2 * HOUR


def state_of(parking_state: ParkingState) -> ParkingState:
    """The town's, which has seen three weeks without rain, all but the last four hours."""
    hours = np.arange(HOURS - 5)
    time = np.datetime64(START.replace(tzinfo=None), "s") + hours * np.timedelta64(3600, "s")
    dry = Covariates(
        names=("rain_mm",),
        time=time,
        available_at=time + np.timedelta64(3600, "s"),
        values=np.zeros((len(hours), 1), dtype=np.float32),
    )
    nothing = np.empty((0, len(LOTS)), dtype=np.float32)
    panel = Panel(start=AS_OF, step_min=60, entities=LOTS, values=nothing, quantity="free_spaces", covariates=dry)
    blank = replace(parking_state, covariate=WEATHERED.ring.unknown())
    return advance(blank, Raw(measured=panel), WEATHERED, AS_OF)


@pytest.fixture(scope="module")
def weathered(make_parking: Callable[..., Path], make_graph: Callable[..., bytes], parking_state: ParkingState) -> Path:
    """The town's model, of which each millimetre above the usual at a target takes ten spaces of a hundred more."""
    ins, outs = schema.inputs(WEATHERED, "spaces"), schema.outputs(WEATHERED, "spaces")
    own, constants = nodes(WEATHERED)
    more = [
        helper.make_node("Slice", ["covariate", "first", "last", "axes"], ["ahead_mm"]),
        helper.make_node("Mul", ["ahead_mm", "tenth"], ["effect"]),
        helper.make_node("Sub", ["shares", "effect"], ["shares_wet"]),
    ]
    at = next(number for number, one in enumerate(own) if one.output[0] == "spread_out")
    own[at] = helper.make_node("Add", ["shares_wet", "offsets"], ["spread_out"])
    own[at:at] = more
    given = {"first": [RECENT + 1], "last": [RECENT + 1 + CONFIG.horizon_steps], "axes": [1]}
    constants += [numpy_helper.from_array(np.array(value), name) for name, value in given.items()]
    constants += [numpy_helper.from_array(np.array(0.1, dtype=np.float32), "tenth")]
    graph = make_graph(own, list(ins), list(outs), initializer=constants)
    return make_parking(state_of(parking_state), graph=graph, inputs=ins, outputs=outs, config=WEATHERED.to_json())


@pytest.fixture
def weather_client(weathered: Path, settings: Settings) -> Iterator[Client]:
    runtime = Runtime()
    runtime.load(weathered)
    server = Server(runtime, settings.model_copy(update={"stale_after_min": 60 * 24 * 100}))
    server.start()
    with Client(server.address) as client:
        yield client
    server.stop(0)


def rain(step: float, mm: float, *, known: datetime = FORECAST_AT, name: str = "rain_mm") -> Covariate:
    """Rain at the reading of ``step``, the first after ``AS_OF``, as it was forecast."""
    return Covariate(time=AS_OF + step * HOUR, name=name, value=mm, available_at=known)


def median(client: Client, **asked: Any) -> tuple[set[str], list[float]]:
    """Quality and medians of the garage, spaces."""
    found = client.parking_latest("parking", entity_ids=[GARAGE], **asked)
    return {one.quality for one in found.predictions}, [one.q50 for one in found.predictions]


def test_rain_is_seen_at_its_target_without_any_count(weather_client: Client) -> None:
    _, dry = median(weather_client, issued_at=AS_OF)
    quality, wet = median(weather_client, covariates=[rain(2, 3.0)], issued_at=AS_OF)
    assert quality == {"ok"}
    assert [round(a - b) for a, b in zip(dry, wet, strict=True)][:4] == [0, 60, 0, 0]


def test_what_is_missing_is_said(weather_client: Client) -> None:
    assert median(weather_client, issued_at=AS_OF)[0] == {"degraded: no covariate"}


def test_covariates_join_counts_and_a_later_issue_and_do_not_move_it(weather_client: Client) -> None:
    counts = [Count(time=AS_OF + HOUR, entity_id=GARAGE, value=150)]
    found = weather_client.parking_latest(
        "parking", entity_ids=[GARAGE], counts=counts, covariates=[rain(3, 3.0, known=AS_OF + HOUR)]
    )
    plain = weather_client.parking_latest("parking", entity_ids=[GARAGE], counts=counts)
    assert found.issued_at == AS_OF + HOUR
    assert plain.predictions[1].q50 - found.predictions[1].q50 == pytest.approx(60, abs=1)


def test_after_months_of_silence_they_are_still_seen(weather_client: Client) -> None:
    late = AS_OF + timedelta(days=75)
    week = [rain(75 * 24 - hour, 0.0, known=late) for hour in range(8 * 24)]
    quality, dry = median(weather_client, covariates=[*week, rain(75 * 24 + 5, 0.0, known=late)], issued_at=late)
    _, wet = median(weather_client, covariates=[*week, rain(75 * 24 + 5, 2.0, known=late)], issued_at=late)
    assert dry[4] - wet[4] == pytest.approx(40, abs=1)
    assert quality != {"ok"}


def test_new_lots_see_the_same_weather(weather_client: Client) -> None:
    new = NewLot(entity_id="new", capacity=100, city="Seoul")
    asked: dict[str, Any] = {"entity_ids": ["new"], "new_lots": [new], "issued_at": AS_OF}
    dry, wet = (
        weather_client.parking_latest("parking", covariates=[rain(2, mm)], **asked).predictions[1].q50
        for mm in (0.0, 2.0)
    )
    assert dry - wet == pytest.approx(20, abs=1)


def test_recommend_and_share_are_told_too(weather_client: Client) -> None:
    def told(mm: float) -> tuple[float, float]:
        wet: dict[str, Any] = {"covariates": [rain(step, mm) for step in range(1, 25)], "issued_at": AS_OF}
        lat, lon = CITY_HALL
        options = weather_client.parking_recommend("parking", lat, lon, AS_OF + 3 * HOUR, **wet).options
        lots = weather_client.parking_share("parking", [GARAGE], 5, **wet).lots
        return next(o.q50 for o in options if o.lot.entity_id == GARAGE), sum(w.fewest for w in lots[0].windows)

    (dry_free, dry_fewest), (wet_free, wet_fewest) = told(0.0), told(2.0)
    assert wet_free < dry_free
    assert wet_fewest < dry_fewest


def test_the_models_own_state_stays_as_it_is(weather_client: Client) -> None:
    before = median(weather_client, issued_at=AS_OF)
    median(weather_client, covariates=[rain(1, 5.0)], issued_at=AS_OF)
    assert median(weather_client, issued_at=AS_OF) == before


@pytest.mark.parametrize(
    ("covariate", "error", "words"),
    [
        pytest.param(rain(1, 1, name="rain"), UnknownName, "Did you mean 'rain_mm'", id="a name that nobody trained"),
        pytest.param(rain(1.5, 1), BadInput, "not on the model's 60-minute clock", id="off the clock"),
        pytest.param(rain(1, float("nan")), BadInput, r"covariates\[0\]: nan is no number", id="no number"),
        pytest.param(rain(1, 1, known=AS_OF + HOUR), BadInput, "is not known yet at", id="known after the issue"),
    ],
)
def test_what_cannot_be_is_refused_with_a_mend(
    covariate: Covariate, error: type[BadInput], words: str, weather_client: Client
) -> None:
    with pytest.raises(error, match=words) as refused:
        weather_client.parking_latest("parking", covariates=[covariate])
    assert refused.value.mend


def test_a_model_without_covariates_refuses_them(client: Client) -> None:
    with pytest.raises(BadInput, match="looks at no covariates"):
        client.parking_latest("parking", covariates=[rain(1, 1.0)])
