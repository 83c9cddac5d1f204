"""``haechi parking`` and ``haechi forecast parking``: ask a running server, show the answer."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from rich.console import Console

from features.atomic import writing
from features.console import emit
from features.errors import BadInput
from features.settings import load
from serving.client import connect
from serving.parking import chart, found
from serving.values import plain


def ask(
    server: str,
    model: str,
    entities: Sequence[str],
    *,
    steps: int | None = None,
    png: Path | None = None,
    as_json: bool,
) -> None:
    """Print what will be free at some lots, and draw it into ``png`` where that is given.

    Args:
        server: ``host:port``.
        model: a parking model.
        entities: lots; none: all, one line each.
        steps: how many ahead; None: all that the model has.
        png: a picture of one lot, or None.
        as_json: one document instead of tables.

    Raises:
        BadInput: a picture of more than one lot, of another format, or in a folder that is not there.
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    if png is not None and not png.name.lower().endswith(".png"):
        raise BadInput(cause=f"--png {png} does not end in .png, and only PNG is drawn", mend="Use --png parking.png")
    with connect(server, load()) as client:
        parking = client.parking_latest(model, entity_ids=entities, horizon_steps=steps)
    if png is not None:
        if len(parking.lots) != 1:
            raise BadInput(
                cause=f"--png draws one lot, and {len(parking.lots)} were answered", mend="Ask for one --entity"
            )
        with writing(png) as partial:
            chart.png(parking, parking.lots[0], partial)

    def render(console: Console) -> None:
        if entities:
            for lot in parking.lots:
                console.print(chart.terminal(parking, lot))
        else:
            console.print(chart.overview(parking))
        if png is not None:
            console.print(f"Picture: {png}", markup=False, soft_wrap=True)

    emit(plain(asdict(parking)), as_json=as_json, render=render)


def recommend(
    server: str,
    model: str,
    at: str,
    arrive: str,
    *,
    walk_m: float | None,
    height_m: float | None,
    ev: bool,
    disabled: bool,
    most: int | None,
    as_json: bool,
) -> None:
    """Print where to park near a destination.

    Args:
        server: ``host:port``.
        model: a parking model.
        at: the destination, ``LAT,LON`` in degrees.
        arrive: when, ISO 8601 with a zone.
        walk_m: on foot at most; None: as far as the server takes for granted.
        height_m: of the vehicle; None: any lot will do.
        ev: only where there are chargers.
        disabled: only where there are bays for people with a disability.
        most: lots to name; None: likewise.
        as_json: one document instead of a table.

    Raises:
        BadInput: ``at`` or ``arrive`` cannot be read.
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    (lat, lon), arrival = _place(at), _time(arrive)
    with connect(server, load()) as client:
        told = client.parking_recommend(
            model, lat, lon, arrival, walk_m=walk_m, height_m=height_m, ev=ev, disabled=disabled, most=most
        )
    emit(plain(asdict(told)), as_json=as_json, render=lambda console: console.print(found.recommended(told)))


def share(
    server: str, model: str, entities: Sequence[str], bays: int, *, most_risk: float | None, as_json: bool
) -> None:
    """Print when bays can be lent.

    Args:
        server: ``host:port``.
        model: a parking model.
        entities: lots.
        bays: to be lent of each.
        most_risk: of turning an owner away in one window; None: as the server takes for granted.
        as_json: one document instead of a table.

    Raises:
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    with connect(server, load()) as client:
        told = client.parking_share(model, entities, bays, most_risk=most_risk)
    emit(plain(asdict(told)), as_json=as_json, render=lambda console: console.print(found.shared(told)))


def _place(at: str) -> tuple[float, float]:
    try:
        lat, lon = map(float, at.split(","))
    except ValueError:
        raise BadInput(
            cause=f"--at '{at}' is no place", mend="Give LAT,LON in degrees, e.g. 37.5663,126.9779"
        ) from None
    return lat, lon


def _time(arrive: str) -> datetime:
    mend = "Give a date and time with its zone, e.g. 2026-07-01T18:30+09:00"
    try:
        time = datetime.fromisoformat(arrive)
    except ValueError:
        raise BadInput(cause=f"--arrive '{arrive}' is no time", mend=mend) from None
    if time.tzinfo is None:
        raise BadInput(cause=f"--arrive '{arrive}' has no zone", mend=mend)
    return time
