"""A place that the model should not answer for gets the seasonal baseline, and its predictions say so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from features.limits import Limits, Range
from features.settings import Settings
from serving.client import Client
from serving.runtime import Runtime
from serving.server import Server
from serving.traffic.replies import Forecast, Measurement
from tests.serving.traffic.city import AS_OF, HOUR

LIMITS = Limits(ranges=(Range(input="recent_error", low=(-300, -99), high=(300, 99)),), most_missing=0.5)
OUTSIDE, MISSING, NEVER = (
    f"fallback: {reason}" for reason in ("outside training range", "too much missing", "never measured")
)


@pytest.fixture
def guarded(make_traffic: Callable[..., Path], settings: Settings) -> Iterator[Client]:
    """A model with limits, served; its fallback answers the profile with another sign."""
    runtime = Runtime()
    runtime.load(make_traffic(limits=LIMITS, fallback="fallback.onnx", non_finite="refuse"))
    server = Server(runtime, settings)
    server.start()
    with Client(server.address) as client:
        yield client
    server.stop(0)


def measured(entity: str, value: float, *, hours: int = 0) -> Measurement:
    return Measurement(time=AS_OF + hours * HOUR, entity_id=entity, value=value)


def quality(forecast: Forecast) -> dict[str, str]:
    return {one.entity_id: one.quality for one in forecast.predictions}


def is_models(forecast: Forecast, entity: str) -> bool:
    """Whether the model answered for a place, at every step alike."""
    (found,) = {one.q50 > 0 for one in forecast.predictions if one.entity_id == entity}
    return found


def test_usual_measurements_are_answered_by_the_model(guarded: Client) -> None:
    forecast = guarded.traffic_latest("traffic", issued_at=AS_OF)

    assert quality(forecast) == {"A-01/in": "ok", "A-01/out": "ok", "B-07/in": NEVER}
    assert is_models(forecast, "A-01/in")


def test_a_place_beyond_the_limits_gets_the_baseline_and_its_neighbour_the_model(guarded: Client) -> None:
    values = [measured("A-01/in", 9000), measured("A-01/out", 350)]
    forecast = guarded.traffic_latest("traffic", measurements=values)

    assert quality(forecast)["A-01/in"] == OUTSIDE
    assert not is_models(forecast, "A-01/in")
    assert is_models(forecast, "A-01/out")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(["A-01/in"], {"A-01/in": OUTSIDE}, id="alone"),
        pytest.param(["B-07/in", "A-01/in"], {"A-01/in": OUTSIDE, "B-07/in": NEVER}, id="after one never measured"),
        pytest.param(["B-07/in"], {"B-07/in": NEVER}, id="only one never measured"),
    ],
)
def test_the_reason_stands_at_the_place_that_it_is_of(
    asked: list[str], expected: dict[str, str], guarded: Client
) -> None:
    forecast = guarded.traffic_latest("traffic", entity_ids=asked, measurements=[measured("A-01/in", 9000)])

    assert quality(forecast) == expected


def test_a_silent_place_in_a_live_city_stays_degraded_and_the_models(guarded: Client) -> None:
    # Four hours without a word of one place, while the other is measured.
    values = [measured("A-01/in", 350, hours=hours) for hours in range(4)]
    forecast = guarded.traffic_latest("traffic", measurements=values)

    assert quality(forecast)["A-01/out"] == "degraded: no recent measurement"
    assert is_models(forecast, "A-01/out")


def test_a_city_that_is_silent_for_days_gets_the_baseline(guarded: Client) -> None:
    forecast = guarded.traffic_latest("traffic", issued_at=AS_OF + 72 * HOUR)

    assert quality(forecast) == {"A-01/in": MISSING, "A-01/out": MISSING, "B-07/in": NEVER}
    assert not is_models(forecast, "A-01/in")


def test_a_place_never_measured_never_reaches_the_graph(guarded: Client) -> None:
    # Its profile is NaN, which the manifest refuses.
    forecast: Any = guarded.traffic_latest("traffic", entity_ids=["B-07/in"], issued_at=AS_OF)

    assert all(one.q50 != one.q50 for one in forecast.predictions)
    assert {len(one.values) for one in forecast.predictions} == {3}
