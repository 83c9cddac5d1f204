"""Car parks as the alert core sees them: what fills up, whose feed died, and what is never calm."""

from datetime import timedelta
from typing import Any

import pytest

from features.errors import BadInput
from features.parking.build import QUALITIES
from serving.alerts.alerting import Alerting
from serving.alerts.look import Criterion, Look
from serving.alerts.store import Store
from serving.alerts.words import Category, Certainty, Phase, Severity, Status, Urgency, Words
from serving.parking import feeds
from serving.parking.alerts import looks
from serving.parking.feeds import EVERY, Feed, Reporting
from serving.parking.filling import CityEvent
from serving.parking.replies import Parking, ParkingLot, ParkingPrediction
from tests.serving.alerts.test_cap import alert, read, texts
from tests.serving.parking.test_chart import MONDAY, lot

HOUR = timedelta(hours=1)
SILENT, FROZE = "degraded: no count in the last hours", "degraded: the feed froze"


def parking(*lots: ParkingLot, full: tuple[float | None, ...] = (0.0, 0.0, 0.0), **changes: Any) -> Parking:
    """Some lots, each with the same probabilities of being full in 1, 2 and 3 hours."""
    lots = lots or (lot(),)
    fields: dict[str, Any] = {
        "model": "parking",
        "version": "4",
        "quantity": "free_spaces",
        "unit": "spaces",
        "issued_at": MONDAY,
        "as_of": MONDAY,
        "step_min": 60,
        "simulated": False,
        "timezone": "Asia/Seoul",
        "levels": (0.1, 0.5, 0.9),
        "full_share": 0.05,
        "measure": "free",
        "lots": lots,
        "predictions": tuple(
            ParkingPrediction(
                entity_id=one.entity_id,
                target_time=MONDAY + step * HOUR,
                step=step,
                q10=None,
                q50=None,
                q90=None,
                values=() if chance is None else (10.0, 20.0, 30.0),
                full=chance,
                quality=one.quality,
            )
            for one in lots
            for step, chance in enumerate(full, start=1)
        ),
    }
    return Parking(**fields | changes)


def filling(told: Parking, *, exercise: bool = False, events: tuple[CityEvent, ...] = ()) -> Look:
    return next(one for one in looks(told, exercise=exercise, events=events) if one.kind == "lot_filling")


def dead(told: Parking, place: str) -> Look:
    return next(one for one in looks(told, exercise=False) if (one.kind, one.place) == ("feed_dead", place))


@pytest.mark.parametrize(
    ("full", "free", "criterion"),
    [
        pytest.param((0.1, 0.5, 0.9), 50.0, Criterion.MET, id="on the threshold of alarms"),
        pytest.param((0.1, 0.49, 0.9), 50.0, Criterion.BETWEEN, id="just below it"),
        pytest.param((0.1, 0.25, 0.9), 50.0, Criterion.BETWEEN, id="on half of it"),
        pytest.param((0.1, 0.24, 0.9), 50.0, Criterion.RELEASED, id="below half of it, later too far ahead"),
        pytest.param((0.9, 0.1, 0.1), 50.0, Criterion.MET, id="soon, and then no more"),
        pytest.param((0.9, 0.9, 0.9), 11.0, Criterion.MET, id="nearly full"),
        pytest.param((0.9, 0.9, 0.9), 10.0, Criterion.BETWEEN, id="full already: it fills no more"),
        pytest.param((0.1, 0.1, 0.1), 0.0, Criterion.BETWEEN, id="full, and about to empty"),
        pytest.param((0.9, 0.9, 0.9), None, Criterion.MET, id="not counted, and likely full"),
        pytest.param((None, None, None), 50.0, Criterion.UNKNOWN, id="what comes is not known"),
        pytest.param((None, None, None), 3.0, Criterion.BETWEEN, id="full, and what comes is not known"),
    ],
)
def test_how_a_lot_stands(full: Any, free: float | None, criterion: Criterion) -> None:
    assert filling(parking(lot(free=free), full=full)).criterion is criterion


@pytest.mark.parametrize(
    ("full", "urgency", "certainty", "lead_min"),
    [
        pytest.param((0.5, 0.8), Urgency.IMMEDIATE, Certainty.LIKELY, 60, id="within the hour"),
        pytest.param((0.3, 0.8), Urgency.EXPECTED, Certainty.LIKELY, 120, id="in two"),
    ],
)
def test_how_soon_and_how_sure(full: Any, urgency: Urgency, certainty: Certainty, lead_min: float) -> None:
    content = filling(parking(full=full)).content
    assert content is not None
    assert (content.urgency, content.certainty, content.lead_min, content.probability) == (
        urgency,
        certainty,
        lead_min,
        0.8,
    )
    assert content.onset == MONDAY + timedelta(minutes=lead_min)


def test_an_alert_says_all_that_an_operator_asks() -> None:
    look = filling(parking(full=(0.3, 0.85)))
    content = look.content

    assert (look.domain, look.place, look.at, look.quiet_min) == ("parking", "A$1$", MONDAY, 120)
    assert (content.category, content.severity, content.status) == (Category.TRANSPORT, Severity.MINOR, Status.ACTUAL)
    assert content.headline.ko == "Hall [1]: 2시간 이내 만차 가능성 85 %"
    assert content.headline.en == "Hall [1] fills up: 85 % full within 2 h"
    assert "Show the way to other lots nearby" in content.advice.en
    assert "인근 주차장을 안내" in content.advice.ko
    assert content.area.h3_cell == "8830e1d8c1fffff"
    assert [(one.name, one.value, one.unit) for one in content.measured] == [
        ("free_spaces", 180.0, "spaces"),
        ("capacity", 200.0, "spaces"),
        ("free_spaces q50", 20.0, "spaces"),
    ]
    assert content.expires == MONDAY + 3 * HOUR
    assert len(content.evidence) == 64
    same, other = (filling(parking(full=(0.3, chance))).content.evidence for chance in (0.85, 0.86))
    assert content.evidence == same != other


def test_cap_names_event_place_and_spaces() -> None:
    root = read(alert(content=filling(parking(full=(0.9, 0.9))).content))
    assert texts(root, "info/description")[1].startswith("Car park filling up\nFree now: 180 spaces")
    assert texts(root, "info/area/areaDesc") == ["Hall [1]", "Hall [1]"]


@pytest.mark.parametrize(
    ("simulated", "exercise", "status"),
    [
        pytest.param(False, False, Status.ACTUAL, id="measured"),
        pytest.param(True, False, Status.EXERCISE, id="simulated"),
        pytest.param(False, True, Status.EXERCISE, id="an exercise"),
    ],
)
def test_what_is_simulated_is_an_exercise(simulated: bool, exercise: bool, status: Status) -> None:
    lots = (lot(), lot(entity_id="dead", free=None, quality=SILENT))
    told = looks(parking(*lots, full=(0.9,), simulated=simulated), exercise=exercise)
    assert {one.content.status for one in told if one.content is not None} == {status}


def test_a_lot_that_filled_up_is_one_alert_until_there_is_space_again(tmp_path: Any) -> None:
    store = Store(str(tmp_path / "alerts.sqlite"))
    course = [(50.0, 0.2), (40.0, 0.6), (20.0, 0.9), (4.0, 0.9), (2.0, 0.5), (15.0, 0.4), (60.0, 0.1)]
    try:
        for hour, (free, chance) in enumerate(course):
            now = MONDAY + hour * HOUR
            told = parking(lot(free=free), full=(chance,), issued_at=now)
            moved = [
                ParkingPrediction(
                    entity_id=one.entity_id, target_time=now + HOUR, step=1, q10=None, q50=None, q90=None,
                    values=one.values, full=one.full, quality="ok",
                )
                for one in told.predictions
            ]  # fmt: skip
            seen = parking(lot(free=free), issued_at=now, predictions=tuple(moved))
            Alerting(store).expire(now)
            Alerting(store).observe([filling(seen)])
        (one,) = store.alerts()
    finally:
        store.close()
    assert one.phase is Phase.RELEASED
    # From the first hour that met it to the last that refreshed it.
    assert (one.raised_at, one.revised_at) == (MONDAY + HOUR, MONDAY + 6 * HOUR)


# --- events -----------------------------------------------------------------------------------------------------------


def concert(**changes: Any) -> CityEvent:
    fields: dict[str, Any] = {
        "name": Words(ko="시청 음악회", en="City Hall concert"),
        "lat": 37.5663,
        "lon": 126.9779,
        "begins": MONDAY + 2 * HOUR,
        "ends": MONDAY + 4 * HOUR,
    }
    return CityEvent(**fields | changes)


def test_near_an_event_it_is_worse_and_says_for_what_it_fills() -> None:
    content = filling(parking(full=(0.9,)), events=(concert(),)).content

    assert content.severity is Severity.MODERATE
    assert content.headline.en.endswith(", for City Hall concert (begins 02:00)")
    assert content.headline.ko.endswith(" - 시청 음악회 (02:00 시작)")
    assert "City Hall concert" in content.advice.en
    assert "시청 음악회 주최 측" in content.advice.ko


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        pytest.param({"lat": 37.5752}, True, id="just within a kilometre"),
        pytest.param({"lat": 37.5754}, False, id="just beyond"),
        pytest.param({"begins": MONDAY + 3 * HOUR}, True, id="in three hours"),
        pytest.param({"begins": MONDAY + 3.1 * HOUR, "ends": MONDAY + 9 * HOUR}, False, id="later"),
        pytest.param({"begins": MONDAY - 3 * HOUR}, True, id="under way for three hours"),
        pytest.param({"begins": MONDAY - 4 * HOUR}, False, id="under way for longer: who comes has come"),
        pytest.param({"begins": MONDAY - 2 * HOUR, "ends": MONDAY}, False, id="over"),
    ],
)
def test_which_events_count(changes: dict[str, Any], counts: bool) -> None:
    content = filling(parking(full=(0.9,)), events=(concert(**changes),)).content
    assert (content.severity is Severity.MODERATE) is counts


def test_of_several_events_the_nearest_is_named() -> None:
    far = concert(name=Words(ko="멀리", en="Far"), lat=37.5720)
    content = filling(parking(full=(0.9,)), events=(far, concert())).content
    assert "City Hall concert" in content.headline.en


def test_a_lot_without_a_place_knows_no_event() -> None:
    content = filling(parking(lot(lat=None, lon=None), full=(0.9,)), events=(concert(),)).content
    assert (content.severity, content.area.h3_cell) == (Severity.MINOR, "")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ends": MONDAY}, id="over before it begins"),
        pytest.param({"begins": MONDAY.replace(tzinfo=None)}, id="no zone"),
        pytest.param({"lat": 91.0}, id="nowhere"),
        pytest.param({"lon": float("nan")}, id="no number"),
        pytest.param({"name": Words(ko="", en="Concert")}, id="nameless"),
    ],
)
def test_an_event_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        concert(**changes)


# --- feeds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quality", "is_counted", "expected"),
    [
        pytest.param("ok", True, Feed.ALIVE, id="ok"),
        pytest.param("ok", False, Feed.ALIVE, id="ok, of a file that does not say the count"),
        pytest.param(SILENT, False, Feed.SILENT, id="silent"),
        pytest.param(f"{SILENT}; impossible count left out", False, Feed.SILENT, id="only nonsense came"),
        pytest.param("degraded: no count and no history of its own", False, Feed.SILENT, id="silent from the first"),
        pytest.param("degraded: hardly any history of its own", True, Feed.ALIVE, id="young"),
        pytest.param(FROZE, False, Feed.FROZEN, id="frozen"),
        pytest.param("degraded: stale", False, Feed.SILENT, id="stale and silent"),
        pytest.param("degraded: stale", True, Feed.ALIVE, id="stale, yet counted"),
        pytest.param("fallback: the model failed", False, Feed.SILENT, id="a broken model hides no dead feed"),
        pytest.param("fallback: the model failed", True, Feed.ALIVE, id="a broken model is no dead feed"),
        pytest.param("fallback: its capacity is not known", False, Feed.UNKNOWN, id="no size"),
    ],
)
def test_how_a_feed_stands(quality: str, is_counted: bool, expected: Feed) -> None:
    assert feeds.feed(quality, is_counted=is_counted) is expected


def test_every_quality_of_the_features_is_understood() -> None:
    assert [feeds.feed(one, is_counted="no count" not in one) for one in QUALITIES] == [
        Feed.ALIVE, Feed.SILENT, Feed.FROZEN, Feed.ALIVE, Feed.SILENT, Feed.UNKNOWN, Feed.ALIVE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("quality", "certainty", "headline"),
    [
        pytest.param(SILENT, Certainty.OBSERVED, "no count for over 3 hours", id="silent"),
        pytest.param(FROZE, Certainty.LIKELY, "its count stands still", id="frozen"),
    ],
)
def test_a_dead_feed_while_others_report(quality: str, certainty: Certainty, headline: str) -> None:
    told = parking(lot(), lot(entity_id="dead", name="Dead", free=None, quality=quality))
    look = dead(told, "dead")
    content = look.content

    assert look.criterion is Criterion.MET
    assert (content.category, content.severity, content.certainty) == (Category.INFRA, Severity.MINOR, certainty)
    assert headline in content.headline.en
    assert "Send maintenance to the counter of Dead, or call its operator" in content.advice.en
    assert "정비반" in content.advice.ko
    assert content.quality == quality
    assert dead(told, "A$1$").criterion is Criterion.RELEASED
    assert dead(told, EVERY).criterion is Criterion.RELEASED


def test_where_most_are_silent_there_is_one_alert_and_not_hundreds() -> None:
    lots = [lot(entity_id=f"L-{number}", free=None, quality=SILENT) for number in range(300)]
    found = [one for one in looks(parking(*lots, lot()), exercise=False) if one.kind == "feed_dead"]
    met = [one for one in found if one.criterion is Criterion.MET]

    assert [one.place for one in met] == [EVERY]
    content = met[0].content
    assert (content.severity, content.headline.en) == (Severity.MODERATE, "300 of 301 lots are not counted")
    assert len(content.area.entities) == 300
    assert {one.criterion for one in found if one.place.startswith("L-")} == {Criterion.UNKNOWN}


def test_one_lot_alone_has_no_others_that_could_report() -> None:
    found = looks(parking(lot(free=None, quality=SILENT)), exercise=False)
    assert [(one.kind, one.criterion) for one in found if one.kind == "feed_dead"] == [("feed_dead", Criterion.MET)]


def test_half_of_the_lots_are_no_outage() -> None:
    assert not Reporting(known=4, silent=2).is_outage
    assert Reporting(known=4, silent=3).is_outage


def test_a_lot_without_a_size_is_looked_at_for_no_feed() -> None:
    sizeless = lot(entity_id="x", capacity=None, free=None, quality="fallback: its capacity is not known")
    found = looks(parking(lot(), sizeless, full=(None,)), exercise=False)
    assert [one.place for one in found if one.kind == "feed_dead"] == ["A$1$"]
