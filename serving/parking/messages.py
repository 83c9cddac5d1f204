"""Questions to the parking service as messages, and its replies as Python values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from serving import outside
from serving.alerts.words import Words
from serving.outside import Covariate
from serving.parking.replies import (
    Count,
    LotShare,
    NewLot,
    Parking,
    ParkingLot,
    ParkingOption,
    ParkingPrediction,
    Recommendation,
    ShareWindow,
    Sharing,
)
from serving.proto import haechi_v1_pb2 as v1
from serving.values import Times, refuse_naive


def counted(
    counts: Sequence[Count],
    new_lots: Sequence[NewLot],
    covariates: Sequence[Covariate],
    issued_at: datetime | None,
    version: str,
) -> dict[str, Any]:
    """Fields that every request of the service has.

    Raises:
        BadInput: ``issued_at`` has no zone.
    """
    refuse_naive("issued_at", issued_at)
    return {
        "version": version,
        "issued_at": issued_at,
        "counts": [
            v1.Count(time=one.time, entity_id=one.entity_id, value=one.value, available_at=one.available_at)
            for one in counts
        ],
        "new_lots": [
            v1.NewLot(entity_id=one.entity_id, capacity=one.capacity, city=one.city, lat=one.lat, lon=one.lon)
            for one in new_lots
        ],
        "covariates": outside.messages(covariates),
    }


def parking(reply: v1.ParkingReply) -> Parking:
    """The answer that ``reply`` carries."""
    time = Times()
    names = ("model", "version", "quantity", "unit", "step_min", "simulated", "timezone", "full_share", "measure")
    return Parking(
        **{name: getattr(reply, name) for name in names},
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        levels=tuple(reply.levels),
        lots=tuple(_lot(one) for one in reply.lots),
        predictions=tuple(
            ParkingPrediction(
                entity_id=one.entity_id,
                target_time=time[one.target_time],
                step=one.step,
                values=tuple(one.values),
                quality=one.quality,
                **{name: _maybe(one, name) for name in ("q10", "q50", "q90", "full")},
            )
            for one in reply.predictions
        ),
    )


def recommendation(reply: v1.RecommendReply) -> Recommendation:
    """The answer that ``reply`` carries."""
    time = Times()
    names = ("model", "version", "unit", "simulated", "timezone", "search_min", "unfit", "nowhere", "nearest_walk_m")
    return Recommendation(
        **{name: getattr(reply, name) for name in names},
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        arrival=time[reply.arrival],
        options=tuple(
            ParkingOption(
                lot=_lot(one.lot),
                walk_m=one.walk_m,
                walk_min=one.walk_min,
                unknown=tuple(one.unknown),
                reason=_words(one.reason),
                **{name: _maybe(one, name) for name in ("chance", "q10", "q50", "q90", "expected_min")},
            )
            for one in reply.options
        ),
        words=_words(reply.words),
    )


def sharing(reply: v1.ShareReply) -> Sharing:
    """The answer that ``reply`` carries."""
    time = Times()
    return Sharing(
        **{name: getattr(reply, name) for name in ("model", "version", "simulated", "timezone", "bays", "most_risk")},
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        until=time[reply.until],
        lots=tuple(
            LotShare(
                lot=_lot(one.lot),
                words=_words(one.words),
                windows=tuple(
                    ShareWindow(
                        start=time[w.start], end=time[w.end], risk=w.risk, fewest=w.fewest, words=_words(w.words)
                    )
                    for w in one.windows
                ),
            )
            for one in reply.lots
        ),
    )


def _lot(lot: v1.ParkingLot) -> ParkingLot:
    return ParkingLot(
        **{name: getattr(lot, name) for name in ("entity_id", "name", "city", "kind", "quality")},
        **{name: _maybe(lot, name) for name in ("lat", "lon", "capacity", "free")},
    )


def _words(words: v1.Words) -> Words:
    return Words(ko=words.ko, en=words.en)


def _maybe(message: Any, field: str) -> Any:
    """The field's value, None where it is absent."""
    return getattr(message, field) if message.HasField(field) else None
