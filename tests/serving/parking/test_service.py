"""``ParkingService.Latest`` labels every number, says how good it is, and takes no count that cannot be."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import ArtifactMismatch, BadInput, HaechiError, NotAllowed, UnknownName
from features.parking.advance import Raw, advance
from features.parking.build import build
from features.parking.state import ParkingState
from features.series import Panel
from features.settings import Settings
from serving.client import Client, Count, NewLot
from serving.parking.replies import Parking, ParkingLot
from serving.runtime import Runtime
from serving.server import Server
from tests.serving.parking.town import (
    AS_OF,
    CITY_HALL,
    CONFIG,
    DEAD,
    GARAGE,
    HOUR,
    HOURS,
    LOTS,
    NOWHERE,
    SIZELESS,
    STREET,
    free_spaces,
)


def count(value: float = 60.0, *, hours: float = 1, entity: str = GARAGE, **more: Any) -> Count:
    return Count(time=AS_OF + hours * HOUR, entity_id=entity, value=value, **more)


def lot(parking: Parking, name: str) -> ParkingLot:
    return next(one for one in parking.lots if one.entity_id == name)


def full(parking: Parking, name: str) -> list[float | None]:
    return [one.full for one in parking.predictions if one.entity_id == name]


def test_every_prediction_is_labelled(client: Client) -> None:
    parking = client.parking_latest("parking", issued_at=AS_OF)

    assert (parking.model, parking.version, parking.quantity, parking.unit) == ("parking", "1", "free_spaces", "spaces")
    assert (parking.step_min, parking.simulated, parking.timezone, parking.measure) == (60, True, "Asia/Seoul", "free")
    assert (parking.issued_at, parking.as_of, parking.full_share) == (AS_OF, AS_OF, pytest.approx(0.05))
    assert parking.levels == CONFIG.quantiles
    assert [(one.entity_id, one.target_time, one.step) for one in parking.predictions] == [
        (name, AS_OF + step * HOUR, step) for name in LOTS for step in range(1, 25)
    ]
    for one in parking.predictions:
        if one.entity_id != SIZELESS:
            assert list(one.values) == sorted(one.values)
            assert (one.q10, one.q50, one.q90) == (one.values[1], one.values[3], one.values[5])
            assert 0 <= one.full <= 1


def test_a_lot_says_where_it_is_how_large_and_what_is_free_now(client: Client) -> None:
    garage = client.parking_latest("parking", entity_ids=[GARAGE], issued_at=AS_OF).lots[0]

    assert (garage.name, garage.city, garage.kind, garage.capacity) == ("시청 주차장", "Seoul", "garage", 200)
    assert garage.lat == pytest.approx(37.5670)
    assert garage.free == free_spaces(HOURS)[-1, 0]
    assert garage.quality == "ok"


def test_it_answers_what_the_same_build_and_graph_answer_without_a_wire(
    client: Client, runtime: Runtime, parking_state: ParkingState
) -> None:
    values, until = free_spaces(HOURS + 3)[HOURS:], AS_OF + 3 * HOUR
    panel = Panel(start=AS_OF + HOUR, step_min=60, entities=LOTS, values=values, quantity="free_spaces")
    moved = advance(parking_state, Raw(measured=panel), CONFIG, until)
    outputs = runtime.run("parking", build(None, moved, CONFIG, [until]).inputs)

    sent = [
        count(float(values[row, column]), hours=row + 1, entity=name)
        for row in range(3)
        for column, name in enumerate(LOTS)
        if not np.isnan(values[row, column])
    ]
    parking = client.parking_latest("parking", counts=sent)

    assert (parking.issued_at, parking.as_of) == (until, until)
    np.testing.assert_allclose(full(parking, GARAGE), outputs["full"][0, :, 0], rtol=1e-6)
    said = [one.values for one in parking.predictions if one.entity_id == STREET]
    np.testing.assert_allclose(said, outputs["free"][1], rtol=1e-6)


def test_a_request_leaves_the_model_as_it_was(client: Client) -> None:
    before = client.parking_latest("parking")
    client.parking_latest("parking", counts=[count(3)], new_lots=[NewLot(entity_id="new", capacity=10)])

    assert client.parking_latest("parking") == before


def test_fewer_spaces_now_are_fewer_spaces_soon(client: Client) -> None:
    few, many = (client.parking_latest("parking", counts=[count(value)]) for value in (4, 190))
    assert full(few, GARAGE)[0] > full(many, GARAGE)[0]


def test_steps_may_be_fewer(client: Client) -> None:
    assert [one.step for one in client.parking_latest("parking", entity_ids=[STREET], horizon_steps=2).predictions] == [
        1,
        2,
    ]


def test_the_issue_time_waits_for_a_late_count(client: Client) -> None:
    parking = client.parking_latest("parking", counts=[count(available_at=AS_OF + 1.5 * HOUR)])
    assert (parking.issued_at, parking.as_of) == (AS_OF + 2 * HOUR, AS_OF + HOUR)


def test_old_counts_are_called_stale(client: Client) -> None:
    def quality(**question: Any) -> str:
        return client.parking_latest("parking", entity_ids=[GARAGE], **question).lots[0].quality

    assert quality() == "degraded: stale"
    assert quality(issued_at=AS_OF) == "ok"
    assert quality(issued_at=AS_OF + 3 * HOUR) == "degraded: stale"


def test_a_lot_without_counts_or_size_says_so(client: Client) -> None:
    parking = client.parking_latest("parking", issued_at=AS_OF)

    assert (lot(parking, DEAD).free, lot(parking, DEAD).quality) == (None, "degraded: no count in the last hours")
    sizeless = lot(parking, SIZELESS)
    assert (sizeless.capacity, sizeless.free) == (None, None)
    assert sizeless.quality == "fallback: its capacity is not known"
    assert full(parking, SIZELESS) == [None] * 24
    assert {one.values for one in parking.predictions if one.entity_id == SIZELESS} == {()}


@pytest.mark.parametrize(("hours", "stands"), [(3, True), (4, False)])
def test_a_count_stands_for_three_hours(hours: int, stands: bool, client: Client) -> None:
    free = client.parking_latest("parking", entity_ids=[GARAGE], issued_at=AS_OF + hours * HOUR).lots[0].free
    assert (free is not None) is stands


def test_a_feed_that_froze_tells_nothing_of_now(client: Client) -> None:
    def at(hours: int) -> ParkingLot:
        counts = [count(100, hours=hour) for hour in range(1, hours + 1)]
        return client.parking_latest("parking", entity_ids=[GARAGE], counts=counts).lots[0]

    assert (at(24).free, at(24).quality) == (100, "ok")
    assert (at(25).free, at(25).quality) == (None, "degraded: the feed froze")
    assert at(30 * 24).quality == "degraded: the feed froze", "not 'hardly any history': it has one, of a dead feed"
    assert at(30 * 24).free is None


# --- counts that cannot be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(24621.0, id="far more than there are"),
        pytest.param(-1.0, id="fewer than none"),
        pytest.param(221.0, id="just above what may be miscounted"),
        pytest.param(1e300, id="beyond float32"),
    ],
)
def test_one_broken_sensor_leaves_the_city_its_answer(value: float, client: Client) -> None:
    others = [count(30, entity=STREET)]
    parking = client.parking_latest("parking", counts=[count(value), *others])
    without = client.parking_latest("parking", counts=others)

    assert lot(parking, GARAGE).quality == "degraded: impossible count left out"
    assert lot(parking, STREET).quality == "ok"
    assert full(parking, GARAGE) == full(without, GARAGE)


def test_no_lot_has_so_many_even_where_nobody_knows_its_size(client: Client) -> None:
    counts = [count(30, entity=SIZELESS), count(1e300, entity=SIZELESS, hours=2)]
    parking = client.parking_latest("parking", counts=counts)
    assert (parking.issued_at, parking.as_of) == (AS_OF + 2 * HOUR, AS_OF + HOUR)
    assert lot(parking, SIZELESS).quality == "fallback: its capacity is not known"


def test_an_impossible_count_still_says_what_time_it_is(client: Client) -> None:
    parking = client.parking_latest("parking", counts=[count(24621)])
    assert (parking.issued_at, parking.as_of) == (AS_OF + HOUR, AS_OF)


def test_a_tenth_more_than_there_are_is_a_gate_that_missed_a_few(client: Client) -> None:
    parking = client.parking_latest("parking", counts=[count(220)])
    assert (lot(parking, GARAGE).quality, lot(parking, GARAGE).free) == ("ok", 220)


def test_an_impossible_count_is_said_beside_another_reason(client: Client) -> None:
    parking = client.parking_latest("parking", counts=[count(-5, entity=DEAD)])
    assert lot(parking, DEAD).quality == "degraded: no count in the last hours; impossible count left out"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        pytest.param({"entity": "G-2"}, UnknownName, "no lot 'G-2'.*Did you mean", id="a lot that is none"),
        pytest.param({"value": float("nan")}, BadInput, r"counts\[0\]: nan is no count.*leave out", id="no number"),
        pytest.param({"value": float("inf")}, BadInput, r"counts\[0\]: inf is no count", id="infinite"),
        pytest.param({"hours": 0.5}, BadInput, "not on the model's 60-minute clock", id="off the clock"),
        pytest.param({"hours": 2}, BadInput, "is not known yet at", id="of the future"),
        pytest.param({"available_at": AS_OF + 5 * HOUR}, BadInput, "is not known yet at", id="known later"),
    ],
)
def test_a_count_that_cannot_be_understood_is_refused(
    changes: dict[str, Any], error: type[HaechiError], message: str, client: Client
) -> None:
    with pytest.raises(error, match=message):
        client.parking_latest("parking", counts=[count(**changes)], issued_at=AS_OF + HOUR)


def test_a_count_twice_is_refused(client: Client) -> None:
    with pytest.raises(BadInput, match=r"counts\[1\]: G-1 at .* is there twice"):
        client.parking_latest("parking", counts=[count(), count()])


def test_counts_of_months_are_refused(client: Client) -> None:
    with pytest.raises(BadInput, match="The counts span 70 days"):
        client.parking_latest("parking", counts=[count(hours=1), count(hours=1 + 70 * 24)])


def test_a_count_that_came_months_late_is_history(client: Client) -> None:
    late = client.parking_latest("parking", counts=[count(5, available_at=AS_OF + 200 * 24 * HOUR)])
    silent = client.parking_latest("parking", issued_at=AS_OF + 200 * 24 * HOUR)
    assert late.predictions == silent.predictions


def test_a_message_that_is_too_large_is_refused(client: Client) -> None:
    with pytest.raises(HaechiError, match=r"(?i)larger"):
        client.parking_latest("parking", counts=[count(hours=hours) for hours in range(1, 80_000)])


@pytest.mark.parametrize(
    ("ahead", "message"),
    [
        pytest.param(-HOUR, "which the state has seen", id="before the state"),
        pytest.param(HOUR / 2, "not on the 60-minute clock", id="off the clock"),
        pytest.param(timedelta(days=400), "over 366 days after the model's last count", id="years later"),
    ],
)
def test_an_issue_time_that_cannot_be_is_refused(ahead: timedelta, message: str, client: Client) -> None:
    with pytest.raises(BadInput, match=message):
        client.parking_latest("parking", issued_at=AS_OF + ahead)


def test_a_silence_of_months_is_passed_in_pieces_with_the_same_answer(
    client: Client, runtime: Runtime, parking_state: ParkingState
) -> None:
    later = AS_OF + timedelta(days=100)
    expected = runtime.run("parking", build(None, parking_state, CONFIG, [later]).inputs)["full"][0, :, 0]
    parking = client.parking_latest("parking", issued_at=later)
    np.testing.assert_allclose(full(parking, GARAGE), expected, rtol=1e-6)


def test_counts_after_a_silence_are_taken(client: Client, runtime: Runtime, parking_state: ParkingState) -> None:
    days = 50
    sent = [count(100 + hour % 7, hours=days * 24 + hour) for hour in range(1, 4)]
    until = AS_OF + (days * 24 + 3) * HOUR
    values = np.array([[one.value] for one in sent], dtype=np.float32)
    panel = Panel(start=sent[0].time, step_min=60, entities=(GARAGE,), values=values, quantity="free_spaces")
    expected = runtime.run("parking", build(Raw(measured=panel), parking_state, CONFIG, [until]).inputs)["full"][
        0, :, 0
    ]
    np.testing.assert_allclose(full(client.parking_latest("parking", counts=sent), GARAGE), expected, rtol=1e-6)


@pytest.mark.parametrize("steps", [0, -1, 25])
def test_a_horizon_that_the_model_has_not_is_refused(steps: int, client: Client) -> None:
    with pytest.raises(BadInput, match=f"horizon_steps={steps} is not within the 24 steps of parking/1"):
        client.parking_latest("parking", horizon_steps=steps)


def test_a_lot_that_is_not_the_models_is_refused_with_the_nearest(client: Client) -> None:
    with pytest.raises(UnknownName, match=r"no lot 'G-11'\. Did you mean 'G-1'"):
        client.parking_latest("parking", entity_ids=["G-11"])


# --- new lots ---------------------------------------------------------------------------------------------------------


def new(**changes: Any) -> NewLot:
    return NewLot(**({"entity_id": "NEW", "capacity": 150.0, "city": "Seoul"} | changes))


def test_a_new_lot_is_answered_from_its_city_and_size(client: Client) -> None:
    parking = client.parking_latest("parking", new_lots=[new()], issued_at=AS_OF)
    small = client.parking_latest("parking", new_lots=[new(capacity=15)], issued_at=AS_OF)

    assert [one.entity_id for one in parking.lots] == [*LOTS, "NEW"]
    assert lot(parking, "NEW").quality == "degraded: no count and no history of its own"
    assert (lot(parking, "NEW").capacity, lot(parking, "NEW").free, lot(parking, "NEW").lat) == (150, None, None)
    own, less = ([one.q50 for one in each.predictions if one.entity_id == "NEW"] for each in (parking, small))
    np.testing.assert_allclose(own, 10 * np.array(less), rtol=1e-5)
    # What is typical of Seoul: half at six in the evening.
    assert own[18] == pytest.approx(75, abs=2)


def test_a_new_lot_of_another_city_resembles_that_city_and_of_none_all(client: Client) -> None:
    lots = [new(entity_id=city or "none", city=city) for city in ("Seoul", "Busan", "Atlantis")]
    parking = client.parking_latest("parking", new_lots=lots, issued_at=AS_OF)
    seoul, busan, none = (next(p.q50 for p in parking.predictions if p.entity_id == one.entity_id) for one in lots)
    assert busan == pytest.approx(seoul / 2, rel=0.01)
    assert none == pytest.approx((4 * seoul + 2 * busan) / 6, rel=0.01)


def test_new_lots_change_nothing_that_is_said_of_the_others(client: Client) -> None:
    lots = [new(entity_id=f"NEW-{number}") for number in range(100)]
    counts = [count(40), *(count(3, entity=one.entity_id) for one in lots)]
    alone, together = client.parking_latest("parking", counts=counts[:1]), None
    together = client.parking_latest("parking", counts=counts, new_lots=lots, entity_ids=LOTS)
    assert together.predictions == alone.predictions


def test_a_new_lot_may_be_counted_and_asked_for(client: Client) -> None:
    parking = client.parking_latest("parking", entity_ids=["NEW"], new_lots=[new()], counts=[count(7, entity="NEW")])
    assert [(one.entity_id, one.free) for one in parking.lots] == [("NEW", 7)]
    assert parking.lots[0].quality == "degraded: hardly any history of its own"


@pytest.mark.parametrize(
    ("lots", "message"),
    [
        pytest.param([new(entity_id=GARAGE)], r"new_lots\[0\]: 'G-1' is a lot of the model", id="known already"),
        pytest.param([new(), new()], r"new_lots\[1\]: 'NEW' .* there twice", id="twice"),
        pytest.param([new(entity_id=" ")], "entity_id is blank", id="nameless"),
        pytest.param([new(entity_id="x" * 201)], "longer than 200", id="a name without end"),
        pytest.param([new(capacity=0)], "capacity is 0", id="no space"),
        pytest.param([new(capacity=float("nan"))], "capacity is nan", id="no number"),
        pytest.param([new(capacity=65535)], "capacity is 65535", id="the feed's word for unknown"),
        pytest.param([new(lat=37.5)], "of lat and lon one is absent", id="half a place"),
        pytest.param([new(lat=37.5, lon=float("nan"))], "not a place on Earth", id="a place that is none"),
        pytest.param([new(entity_id=str(n)) for n in range(101)], "new_lots are 101", id="too many"),
    ],
)
def test_a_new_lot_that_cannot_be_is_refused(lots: list[NewLot], message: str, client: Client) -> None:
    with pytest.raises(BadInput, match=message):
        client.parking_latest("parking", new_lots=lots)


# --- who asks, and what is served ------------------------------------------------------------------------------------


def test_another_domains_model_is_refused(client: Client) -> None:
    with pytest.raises(BadInput, match="of the domain other, not of parking"):
        client.parking_latest("doubler")


@pytest.mark.parametrize(
    ("scope", "may"), [("read", False), ("infer:traffic", False), ("infer/ParkingService", True), ("infer:park*", True)]
)
def test_who_asks_needs_the_scope_to_infer(
    scope: str, may: bool, runtime: Runtime, settings: Settings, tokens_file: Path, token: Callable[..., str]
) -> None:
    shown = token(scope)
    server = Server(runtime, settings.model_copy(update={"tokens": tokens_file}))
    server.start()
    try:
        with Client(server.address, token=shown) as client:
            for ask in (
                client.parking_latest,
                lambda model: client.parking_recommend(model, *CITY_HALL, AS_OF + HOUR),
                lambda model: client.parking_share(model, [GARAGE], 1),
            ):
                with nullcontext() if may else pytest.raises(NotAllowed, match="infer"):
                    ask("parking")
    finally:
        server.stop(0)


def test_a_model_whose_features_are_not_ours_is_not_served(
    make_parking: Callable[..., Path], settings: Settings
) -> None:
    runtime = Runtime()
    runtime.load(make_parking(config=CONFIG.to_json() | {"horizon_steps": 12}))
    with pytest.raises(ArtifactMismatch, match="'feature_schema_sha256' is of other features"):
        Server(runtime, settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"quantiles": (0.1, 0.5, 0.9)}, "'quantiles' is .*, its config says", id="other quantiles"),
        pytest.param({"config": CONFIG.to_json() | {"weeks": 3}}, "'tail' is .*config asks for", id="another state"),
        pytest.param({"with_lots": False}, "lots.parquet cannot be read", id="no lots"),
    ],
)
def test_a_model_that_does_not_fit_together_is_not_served(
    changes: dict[str, Any], message: str, make_parking: Callable[..., Path], settings: Settings
) -> None:
    runtime = Runtime()
    runtime.load(make_parking(**changes))
    with pytest.raises(ArtifactMismatch, match=message):
        Server(runtime, settings)


def test_occupied_spaces_are_counted_where_the_model_learned_from_them(
    make_parking: Callable[..., Path], settings: Settings
) -> None:
    runtime = Runtime()
    runtime.load(make_parking(config=CONFIG.to_json() | {"measure": "occupied"}))
    server = Server(runtime, settings)
    server.start()
    try:
        with Client(server.address) as client:
            parking = client.parking_latest("parking", counts=[count(210), count(-1, entity=STREET)])
    finally:
        server.stop(0)
    assert parking.measure == "occupied"
    # Ten more than there are bays: nothing is free, not minus ten.
    assert lot(parking, GARAGE).free == 0
    assert lot(parking, STREET).quality == "degraded: impossible count left out"
    assert lot(parking, NOWHERE).city == "Busan"


def test_what_was_counted_at_a_new_lot_before_the_models_last_count_is_seen(client: Client) -> None:
    counts = [count(10 + hour % 2, entity="NEW", hours=-hour) for hour in range(48)]
    told = client.parking_latest("parking", entity_ids=["NEW"], new_lots=[new()], counts=counts, issued_at=AS_OF)
    blind = client.parking_latest("parking", entity_ids=["NEW"], new_lots=[new()], issued_at=AS_OF)
    assert (told.lots[0].free, blind.lots[0].free) == (10, None)
    assert told.predictions[0].values != blind.predictions[0].values


def test_what_no_message_can_hold_is_refused_by_name(client: Client) -> None:
    with pytest.raises(BadInput, match=r"cannot be written.*2147483648"):
        client.parking_latest("parking", horizon_steps=2**31)
    with pytest.raises(BadInput, match="cannot be written"):
        client.parking_share("parking", [GARAGE], 2**32)
