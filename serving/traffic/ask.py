"""``haechi forecast traffic``: ask a running server, show the answer."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from features.atomic import writing
from features.console import emit
from features.errors import BadInput
from features.settings import load
from serving.client import connect
from serving.traffic import chart
from serving.values import plain


def ask(
    server: str, model: str, entities: Sequence[str], *, steps: int | None, png: Path | None, as_json: bool
) -> None:
    """Print the newest forecast of ``entities``, and draw it into ``png`` where that is given.

    Args:
        server: ``host:port``.
        model: a traffic model.
        entities: at least one.
        steps: how many ahead; None: all that the model has.
        png: a picture of the one entity, or None.
        as_json: one document instead of a table.

    Raises:
        BadInput: a picture of more than one entity, of another format, or in a folder that is not there.
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    if png is not None:
        _refuse_picture(png, entities)
    with connect(server, load()) as client:
        forecast = client.traffic_latest(model, entity_ids=entities, horizon_steps=steps)
    if png is not None:
        with writing(png) as partial:
            chart.png(forecast, entities[0], partial)

    def render(console: Console) -> None:
        for entity in dict.fromkeys(entities):
            console.print(chart.terminal(forecast, entity))
        if png is not None:
            console.print(f"Picture: {png}", markup=False, soft_wrap=True)

    emit(plain(asdict(forecast)), as_json=as_json, render=render)


def _refuse_picture(png: Path, entities: Sequence[str]) -> None:
    if len(entities) != 1:
        raise BadInput(
            cause=f"--png draws one entity, and {len(entities)} were asked for",
            mend="Ask for one --entity at a time",
        )
    if not png.name.lower().endswith(".png"):
        named = png.with_suffix(".png") if png.name else "forecast.png"
        raise BadInput(cause=f"--png {png} does not end in .png, and only PNG is drawn", mend=f"Use --png {named}")
