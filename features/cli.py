"""Commands that need no model: settings, health of the installation, measurements in, the simulated Seoul."""

import typer
from rich.console import Console
from rich.table import Table

from features import settings as settings_module
from features.console import JsonFlag, emit


def add_commands(app: typer.Typer) -> None:
    """Add this room's commands to the front door."""
    app.command("config")(_config)


def _config(as_json: JsonFlag = False) -> None:
    """Print every setting, its value and where the value came from.

    Example: HAECHI_PORT=9000 haechi config
    """
    rows = settings_module.origins(settings_module.load())

    def render(console: Console) -> None:
        table = Table("setting", "value", "origin", "meaning")
        for row in rows:
            table.add_row(row["name"], row["value"] or "-", row["origin"], row["meaning"])
        console.print(table)

    emit({"settings": rows}, as_json=as_json, render=render)
