"""What a client may ask the parking service."""

from collections.abc import Sequence
from datetime import datetime

from serving.outside import Covariate
from serving.parking import messages
from serving.parking.replies import Count, NewLot, Parking, Recommendation, Sharing
from serving.proto import haechi_v1_pb2 as v1
from serving.queries import Query, query
from serving.values import refuse_naive

_PARKING = v1.DESCRIPTOR.services_by_name["ParkingService"]


def parking_latest(
    model: str,
    *,
    entity_ids: Sequence[str] = (),
    counts: Sequence[Count] = (),
    issued_at: datetime | None = None,
    horizon_steps: int | None = None,
    new_lots: Sequence[NewLot] = (),
    covariates: Sequence[Covariate] = (),
    version: str = "",
) -> Query[Parking]:
    """How many spaces will be free where and when, and how likely each lot is full.

    Args:
        model: a parking model.
        entity_ids: lots; empty: all of the model's, and the new ones.
        counts: what was counted since the model's own; empty: the answer rests on those it has.
        issued_at: aware, on the model's clock; None: as soon as every count is known.
        horizon_steps: how many steps ahead; None: all that the model has.
        new_lots: that the model has never seen.
        covariates: such as weather and its forecast, for a model that was trained with them.
        version: empty: the one that the server prefers.
    """
    request = v1.ParkingRequest(
        model=model,
        entity_ids=entity_ids,
        horizon_steps=horizon_steps,
        **messages.counted(counts, new_lots, covariates, issued_at, version),
    )
    return query(_PARKING, "Latest", request, messages.parking)


def parking_recommend(
    model: str,
    lat: float,
    lon: float,
    arrival: datetime,
    *,
    walk_m: float | None = None,
    height_m: float | None = None,
    ev: bool = False,
    disabled: bool = False,
    most: int | None = None,
    counts: Sequence[Count] = (),
    issued_at: datetime | None = None,
    new_lots: Sequence[NewLot] = (),
    covariates: Sequence[Covariate] = (),
    version: str = "",
) -> Query[Recommendation]:
    """Where to park near a destination, the least trouble first.

    Args:
        model: a parking model.
        lat: of the destination, degrees.
        lon: likewise.
        arrival: at the lot; aware, within the model's horizon.
        walk_m: on foot at most, metres; None: 800.
        height_m: of the vehicle; None: any lot will do.
        ev: only where there are chargers.
        disabled: only where there are bays for people with a disability.
        most: lots to name; None: 5.
        counts: as of ``parking_latest``.
        issued_at: likewise.
        new_lots: likewise.
        covariates: likewise.
        version: empty: the one that the server prefers.

    Raises:
        BadInput: a time without a zone.
    """
    refuse_naive("arrival", arrival)
    request = v1.RecommendRequest(
        model=model,
        lat=lat,
        lon=lon,
        arrival=arrival,
        walk_m=walk_m,
        height_m=height_m,
        ev=ev,
        disabled=disabled,
        most=most,
        **messages.counted(counts, new_lots, covariates, issued_at, version),
    )
    return query(_PARKING, "Recommend", request, messages.recommendation)


def parking_share(
    model: str,
    entity_ids: Sequence[str],
    bays: int,
    *,
    most_risk: float | None = None,
    counts: Sequence[Count] = (),
    issued_at: datetime | None = None,
    new_lots: Sequence[NewLot] = (),
    covariates: Sequence[Covariate] = (),
    version: str = "",
) -> Query[Sharing]:
    """When bays can be lent with hardly a chance that an owner is turned away.

    Args:
        model: a parking model.
        entity_ids: lots, 1 to 100.
        bays: to be lent of each.
        most_risk: of turning an owner away in one window, 0.001 to 0.5; None: 0.05.
        counts: as of ``parking_latest``.
        issued_at: likewise.
        new_lots: likewise.
        covariates: likewise.
        version: empty: the one that the server prefers.
    """
    request = v1.ShareRequest(
        model=model,
        entity_ids=entity_ids,
        bays=bays,
        most_risk=most_risk,
        **messages.counted(counts, new_lots, covariates, issued_at, version),
    )
    return query(_PARKING, "ShareWindows", request, messages.sharing)
