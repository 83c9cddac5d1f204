"""``haechi hazards``: the hazard table as people read it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.console import JsonFlag, emit
from features.settings import load


def add_commands(app: typer.Typer) -> None:
    """Add this domain's commands to the front door."""
    app.command("hazards")(_hazards)


def _hazards(
    names: Annotated[list[str] | None, typer.Argument(metavar="[HAZARD]...", help="Default: all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Print the hazard table: what meets and releases each level, where, and what an operator then does.

    Example: haechi hazards river_jamsu
    """
    from features.disaster.table import hazard, hazards
    from features.disaster.wording import criterion, release

    file = load().hazards
    found = [hazard(name, file) for name in names] if names else list(hazards(file).values())

    def render(console: Console) -> None:
        table = Table("hazard", "level", "met", "released", "ahead, h", "at", "what to do")
        for row in found:
            for level in row.levels:
                places = ", ".join(place.words.en for place in row.places) or f"every {row.kind}"
                horizons = ", ".join(map(str, row.horizons_h))
                met, lifted = criterion(row, level).en, release(row, level).en
                table.add_row(row.name, level.name, met, lifted, horizons, escape(places), escape(level.advice.en))
        console.print(table)

    emit({"hazards": [each.model_dump() for each in found]}, as_json=as_json, render=render)
