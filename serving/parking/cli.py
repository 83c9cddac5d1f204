"""``haechi parking``: what will be free, where to park, which bays can be lent."""

from pathlib import Path
from typing import Annotated

import typer

from features.console import JsonFlag
from features.settings import load

parking = typer.Typer(no_args_is_help=True, help="Car parks: what will be free, where to park, which bays can be lent.")

ServerFlag = Annotated[str | None, typer.Option("--server", metavar="HOST:PORT", help="Default: 127.0.0.1:8500.")]
ModelFlag = Annotated[str, typer.Option("--model", metavar="NAME", help="A parking model.")]


def _lots(
    *,
    entity: Annotated[
        list[str] | None, typer.Option("--entity", metavar="ID", help="Of a lot; may be repeated. Default: all.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps ahead. Default: all of the model's.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the one lot into a picture.")] = None,
    model: ModelFlag = "parking",
    server: ServerFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what is free, what will be, and how likely each lot is full.

    Example: haechi parking lots --entity 171721 --png parking.png
    """
    from serving.parking.ask import ask

    ask(server or load().server, model, entity or (), steps=steps, png=png, as_json=as_json)


def _recommend(
    *,
    at: Annotated[str, typer.Option("--at", metavar="LAT,LON", help="The destination, degrees.")],
    arrive: Annotated[str, typer.Option("--arrive", metavar="TIME", help="At the lot, with its zone.")],
    walk_m: Annotated[float | None, typer.Option("--walk-m", help="On foot at most, metres. Default: 800.")] = None,
    height_m: Annotated[float | None, typer.Option("--height-m", help="Of the vehicle, metres.")] = None,
    ev: Annotated[bool, typer.Option("--ev", help="Only where there are chargers, or nobody knows.")] = False,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Only where there are bays for disabled people, or nobody knows.")
    ] = False,
    most: Annotated[int | None, typer.Option("--most", help="Lots to name. Default: 5.")] = None,
    model: ModelFlag = "parking",
    server: ServerFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Say where to park near a destination, how likely there is a space, and why one lot stands before another.

    Example: haechi parking recommend --at 37.5663,126.9779 --arrive 2026-07-01T18:30+09:00 --walk-m 600 --ev
    """
    from serving.parking.ask import recommend

    recommend(
        server or load().server,
        model,
        at,
        arrive,
        walk_m=walk_m,
        height_m=height_m,
        ev=ev,
        disabled=disabled,
        most=most,
        as_json=as_json,
    )


def _share(
    *,
    entity: Annotated[list[str], typer.Option("--entity", metavar="ID", help="Of a lot; may be repeated.")],
    bays: Annotated[int, typer.Option("--bays", min=1, help="To be lent of each lot.")],
    risk: Annotated[
        float | None, typer.Option("--risk", help="Of turning an owner away in one window, at most. Default: 0.05.")
    ] = None,
    model: ModelFlag = "parking",
    server: ServerFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Say when bays can be lent over the next day with hardly a chance that an owner is turned away.

    Example: haechi parking share --entity 171721 --bays 10 --risk 0.05
    """
    from serving.parking.ask import share

    share(server or load().server, model, entity, bays, most_risk=risk, as_json=as_json)


for _name, _command in (("lots", _lots), ("recommend", _recommend), ("share", _share)):
    parking.command(_name)(_command)
