"""``haechi risk``: ask a running server how likely a hazard is, and why."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from features.atomic import writing
from features.console import emit
from features.errors import BadInput
from features.settings import load
from serving.client import connect
from serving.disaster import chart
from serving.disaster.replies import Risk, RiskPlace
from serving.values import plain


def ask(
    server: str,
    model: str,
    entities: Sequence[str],
    *,
    steps: int | None = None,
    png: Path | None = None,
    why: bool = False,
    as_json: bool,
) -> None:
    """Print the risk at some places, draw it into ``png`` and say why, where that is asked for.

    Args:
        server: ``host:port``.
        model: of a hazard.
        entities: places; none: all that the model judges.
        steps: must be None: the horizons are the hazard table's.
        png: a picture of one place, or None.
        why: give the reasons at the place that is most at risk.
        as_json: one document instead of tables.

    Raises:
        BadInput: a number of steps, a picture of more than one place, of another format, or in a folder that is not
            there.
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    if steps is not None:
        raise BadInput(cause="--steps: a hazard's horizons are those of its table", mend="Leave --steps out")
    if png is not None and not png.name.lower().endswith(".png"):
        raise BadInput(cause=f"--png {png} does not end in .png, and only PNG is drawn", mend="Use --png risk.png")
    with connect(server, load()) as client:
        risk = client.disaster_latest(model, entity_ids=entities)
        explained = client.disaster_why(model, _worst(risk).entity_id) if why else None
    if png is not None:
        if len(risk.places) != 1:
            raise BadInput(
                cause=f"--png draws one place, and {len(risk.places)} were answered", mend="Ask for one --place"
            )
        with writing(png) as partial:
            chart.png(risk, risk.places[0], partial)

    def render(console: Console) -> None:
        for place in risk.places:
            console.print(chart.terminal(risk, place))
        if explained is not None:
            console.print(chart.reasons(explained))
        if png is not None:
            console.print(f"Picture: {png}", markup=False, soft_wrap=True)

    document = asdict(risk) | ({} if explained is None else {"why": asdict(explained)})
    emit(plain(document), as_json=as_json, render=render)


def _worst(risk: Risk) -> RiskPlace:
    """The place with the highest probability of all; the first where none is known."""
    highest = max(risk.predictions, key=lambda one: -1.0 if one.probability is None else one.probability)
    return next(place for place in risk.places if place.entity_id == highest.entity_id)
