"""``haechi hazards``: the hazard table as people read it."""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.console import JsonFlag, emit
from features.settings import load


def add_commands(app: typer.Typer) -> None:
    """Add this domain's commands to the front door."""
    app.command("hazards")(_hazards)


def _hazards(as_json: JsonFlag = False) -> None:
    """Print the hazard table: what meets and releases each level, where, and what an operator then does.

    Example: haechi hazards --json
    """
    from features.disaster.table import hazards
    from features.disaster.wording import criterion, release

    found = hazards(load().hazards)

    def render(console: Console) -> None:
        table = Table("hazard", "level", "met", "released", "ahead, h", "at", "what to do")
        for row in found.values():
            for level in row.levels:
                names = ", ".join(place.words.en for place in row.places) or f"every {row.kind}"
                horizons = ", ".join(map(str, row.horizons_h))
                met, lifted = criterion(row, level).en, release(row, level).en
                table.add_row(row.name, level.name, met, lifted, horizons, escape(names), escape(level.advice.en))
        console.print(table)

    emit({"hazards": [each.model_dump() for each in found.values()]}, as_json=as_json, render=render)
