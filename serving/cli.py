"""Commands of this room."""

import typer


def add_commands(app: typer.Typer) -> None:
    """Add this room's commands to the front door."""
