"""What the typed service and the protocol answer to what is odd, and the status, cause and mend where they do not."""

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from features.errors import BadInput
from features.traffic.build import build
from features.traffic.state import TrafficState
from serving.client import Client
from serving.proto import haechi_v1_pb2 as v1
from serving.server import Server
from serving.traffic import replies
from serving.traffic.replies import Forecast, Measurement
from tests.serving.traffic.city import AS_OF, CONFIG, ENTITIES, HOUR

# The third was never measured: its NaN equal nothing.
BOTH = ENTITIES[:2]


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


@pytest.fixture
def foreign(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(server.address)
    yield client
    client.close()


def measured(value: float = 300, *, hours: float = 0, entity: str = "A-01/in", **more: Any) -> Measurement:
    """One value of the hour that starts so many hours after the model's last."""
    return Measurement(time=AS_OF + hours * HOUR, entity_id=entity, value=value, **more)


def asked(
    *measurements: Measurement, model: str = "traffic", version: str = "", entities: Sequence[str] = (), **more: Any
) -> v1.LatestRequest:
    return replies.request(model, version, entities, measurements, more.get("issued_at"), more.get("steps"))


def quality(forecast: Forecast) -> dict[str, str]:
    return {one.entity_id: one.quality for one in forecast.predictions}


@pytest.mark.parametrize(
    ("request_", "status", "reason", "cause", "mend"),
    [
        pytest.param(
            v1.LatestRequest(), "NOT_FOUND", "UnknownName", "There is no model ''", "Known: doubler, traffic",
            id="an empty request",
        ),
        pytest.param(
            asked(model="doubler"), "INVALID_ARGUMENT", "BadInput", "is a model of the domain other",
            "Name a traffic model", id="a model of another domain",
        ),
        pytest.param(
            asked(version="7"), "NOT_FOUND", "UnknownName", "There is no version of traffic '7'", "Known: 1",
            id="a wrong version",
        ),
        pytest.param(
            asked(entities=["A-01/inn"]), "NOT_FOUND", "UnknownName", "There is no entity 'A-01/inn'",
            "Did you mean 'A-01/in'?", id="an entity never seen",
        ),
        pytest.param(
            asked(entities=[f"X-{number:05d}" for number in range(10_000)]), "NOT_FOUND", "UnknownName",
            "There is no entity 'X-00000'", "Known: A-01/in", id="ten thousand entities never seen",
        ),
        pytest.param(
            asked(measured(entity="강남")), "NOT_FOUND", "UnknownName", "There is no entity '강남'", "Known: A-01/in",
            id="a measurement of an entity never seen",
        ),
        pytest.param(
            asked(measured(math.nan)), "INVALID_ARGUMENT", "BadInput", "measurements[0]: nan is no measurement",
            "Leave out what is missing", id="NaN",
        ),
        pytest.param(
            asked(measured(), measured(math.inf, hours=1)), "INVALID_ARGUMENT", "BadInput",
            "measurements[1]: inf is no measurement", "Leave out what is missing", id="infinity",
        ),
        pytest.param(
            asked(measured(-0.5)), "INVALID_ARGUMENT", "BadInput", "-0.5 is no measurement",
            "Leave out what is missing", id="a negative volume",
        ),
        pytest.param(
            asked(measured(), measured()), "INVALID_ARGUMENT", "BadInput", "measurements[1]: A-01/in at",
            "Send each value once", id="a measurement twice",
        ),
        pytest.param(
            asked(measured(hours=0.25)), "INVALID_ARGUMENT", "BadInput", "is not on the model's 60-minute clock",
            "resample", id="a measurement of another clock",
        ),
        pytest.param(
            asked(steps=4), "INVALID_ARGUMENT", "BadInput", "horizon_steps=4 is not within the 3 steps of traffic/1",
            "Ask for 1 to 3", id="a horizon beyond the model's",
        ),
        pytest.param(
            asked(issued_at=AS_OF - HOUR), "INVALID_ARGUMENT", "BadInput", "lies before the state's",
            "Issue at or after", id="issued before the state",
        ),
        pytest.param(
            asked(issued_at=AS_OF + timedelta(days=20_000)), "INVALID_ARGUMENT", "BadInput",
            "over 732 days after the model's last measurement", "Train the model again", id="issued in a far future",
        ),
        pytest.param(
            asked(measured(hours=24 * 20_000)), "INVALID_ARGUMENT", "BadInput", "over 732 days after",
            "Train the model again", id="a measurement of a far future",
        ),
        pytest.param(
            asked(*(measured(hours=hours) for hours in range(0, 24 * 40, 24))), "INVALID_ARGUMENT", "BadInput",
            "The measurements span 39 days", "Send the newest 35 days at most", id="too long a history",
        ),
    ],
)  # fmt: skip
def test_a_refusal_has_a_status_a_cause_and_a_mend(
    request_: v1.LatestRequest, status: str, reason: str, cause: str, mend: str, channel: grpc.Channel
) -> None:
    ask = channel.unary_unary("/haechi.v1.TrafficService/Latest")
    with pytest.raises(grpc.RpcError) as refusal:
        ask(request_.SerializeToString())

    info = ErrorInfo()
    assert refusal.value.code() is grpc.StatusCode[status]
    assert rpc_status.from_call(refusal.value).details[0].Unpack(info)
    assert info.reason == reason
    assert cause in info.metadata["cause"]
    assert mend in info.metadata["mend"]


def test_a_message_over_the_limit_is_refused(client: Client) -> None:
    many = [measured(hours=hours) for hours in range(60_000)]
    with pytest.raises(BadInput, match="for its size: ") as refusal:
        client.traffic_latest("traffic", measurements=many)
    assert "HAECHI_MAX_MESSAGE_MIB" in refusal.value.mend


def test_the_server_answers_on_after_a_refusal(client: Client) -> None:
    before = client.traffic_latest("traffic", entity_ids=BOTH, issued_at=AS_OF)
    for wrong in (measured(math.nan), measured(hours=0.5), measured(entity="nobody")):
        with pytest.raises(BadInput):
            client.traffic_latest("traffic", measurements=[measured(900), wrong])

    assert client.traffic_latest("traffic", entity_ids=BOTH, issued_at=AS_OF) == before


def test_an_entity_silent_for_longer_than_the_model_remembers_is_answered_from_its_profile(client: Client) -> None:
    forecast = client.traffic_latest("traffic", issued_at=AS_OF + timedelta(days=30))

    assert quality(forecast) == {
        "A-01/in": "degraded: no recent measurement",
        "A-01/out": "degraded: no recent measurement",
        "B-07/in": "fallback: never measured",
    }
    assert all(0 <= one.q10 <= one.q50 <= one.q90 for one in forecast.predictions[:6])
    # What was measured a month before is not what it rests on.
    assert forecast.observed == ()
    assert forecast.as_of == AS_OF


@pytest.mark.parametrize(
    ("later_h", "expected"),
    [
        pytest.param(0, "ok", id="issued at their end"),
        pytest.param(2, "ok", id="issued while the model still looks back on them"),
        pytest.param(5, "degraded: no recent measurement", id="issued when it no longer does"),
    ],
)
def test_two_measured_hours_after_a_long_gap_are_enough_for_an_answer(
    later_h: int, expected: str, client: Client
) -> None:
    gap_h = 24 * 30
    two = [measured(310, hours=gap_h), measured(290, hours=gap_h + 1)]
    forecast = client.traffic_latest("traffic", measurements=two, issued_at=AS_OF + (gap_h + 2 + later_h) * HOUR)

    assert quality(forecast)["A-01/in"] == expected
    assert quality(forecast)["A-01/out"] == "degraded: no recent measurement"
    assert all(math.isfinite(one.q50) for one in forecast.predictions[:6])
    assert forecast.as_of == AS_OF + (gap_h + 2) * HOUR


def test_the_first_measurement_of_an_entity_begins_its_profile(client: Client) -> None:
    forecast = client.traffic_latest("traffic", entity_ids=["B-07/in"], measurements=[measured(120, entity="B-07/in")])

    assert {one.quality for one in forecast.predictions} == {"fallback: profile of other hours"}
    assert [one.q50 for one in forecast.predictions] == [120, 120, 120]


def test_the_order_of_measurements_does_not_matter(client: Client) -> None:
    chance = random.Random(11)  # noqa: S311 - a shuffle
    values = [measured(200 + 10 * h, hours=h, entity=name) for h in range(20) for name in ENTITIES]
    shuffled = chance.sample(values, len(values))

    assert client.traffic_latest("traffic", measurements=shuffled) == client.traffic_latest(
        "traffic", measurements=values
    )


def test_nothing_is_known_before_its_interval_is_over_whatever_is_stated(client: Client) -> None:
    early = measured(900, available_at=AS_OF - 3 * HOUR)

    assert client.traffic_latest("traffic", entity_ids=BOTH, measurements=[early]) == client.traffic_latest(
        "traffic", entity_ids=BOTH, measurements=[measured(900)]
    )


def test_ten_thousand_ids_of_one_entity_are_one_answer(client: Client) -> None:
    forecast = client.traffic_latest("traffic", entity_ids=["A-01/out"] * 10_000, issued_at=AS_OF)

    assert [(one.entity_id, one.step) for one in forecast.predictions] == [("A-01/out", step) for step in (1, 2, 3)]


def test_callers_at_once_never_see_each_others_measurements(client: Client) -> None:
    def ask(value: int) -> Forecast:
        own = [measured(value, hours=hours) for hours in range(3)]
        # A day later, so that the same hours are forecast.
        return client.traffic_latest("traffic", entity_ids=BOTH, measurements=own, issued_at=AS_OF + 24 * HOUR)

    values = [10, 400, 2000, 30_000]
    alone = {value: ask(value) for value in values}
    assert len({forecast.predictions for forecast in alone.values()}) == len(values)

    asks = values * 25
    with ThreadPoolExecutor(len(values)) as pool:
        together = list(pool.map(ask, asks))
    assert together == [alone[value] for value in asks]


def tensor(name: str, array: np.ndarray) -> triton.InferInput:
    made = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array)
    return made


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"profile": np.zeros((3, 24), np.float32)},
            "'profile' of traffic/1 expected shape [entity, 3], got [3, 24]", id="another horizon",
        ),
        pytest.param(
            {"recent_error": np.zeros((2, 4, 2), np.float32)}, "expected shape [entity, 4, 2] = [3, 4, 2] here",
            id="fewer entities in one input",
        ),
        pytest.param(
            {"recent_mask": np.ones((3, 4, 2), np.float32)}, "expected dtype bool (BOOL), got float32",
            id="a mask of numbers",
        ),
        pytest.param({"profile": np.zeros((3, 3))}, "Convert it to float32", id="another precision"),
        pytest.param({"spread": None}, "Input 'spread' of traffic/1 is missing", id="an input left out"),
        pytest.param({"spreads": np.zeros((3, 3, 2), np.float32)}, "Did you mean 'spread'?", id="a misspelt name"),
    ],
)  # fmt: skip
def test_features_that_are_not_the_models_are_refused(
    changes: dict[str, np.ndarray | None], message: str, state: TrafficState, foreign: triton.InferenceServerClient
) -> None:
    inputs = {**build(None, state, CONFIG, [AS_OF]).inputs, **changes}
    with pytest.raises(InferenceServerException) as refusal:
        foreign.infer("traffic", [tensor(name, array) for name, array in inputs.items() if array is not None])

    assert refusal.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert message in refusal.value.message()
