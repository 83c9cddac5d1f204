"""Commands that need no model: settings, health of the installation, measurements in, the simulated Seoul."""

import os
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features import DOMAINS
from features import settings as settings_module
from features.console import JsonFlag, emit, progress
from features.errors import BadInput
from features.tables.commands import data

if TYPE_CHECKING:
    from features.simulated.cctv.scene import Scene

_MOST_CAMERAS, _CLIP_S = 200, (1, 3600)


def add_commands(app: typer.Typer) -> None:
    """Add this room's commands to the front door."""
    app.command("config")(_config)
    app.add_typer(data, name="data")
    app.command("doctor")(_doctor)
    for domain in DOMAINS:
        if find_spec(f"features.{domain}.commands") is not None:
            import_module(f"features.{domain}.commands").add_commands(app)
    app.command("simulate")(_simulate)


def _config(as_json: JsonFlag = False) -> None:
    """Print every setting, its value and where the value came from.

    Example: HAECHI_PORT=9000 haechi config
    """
    rows = settings_module.origins(settings_module.load())

    def render(console: Console) -> None:
        table = Table("setting", "value", "origin", "meaning")
        for row in rows:
            table.add_row(row["name"], escape(row["value"] or "-"), row["origin"], row["meaning"])
        console.print(table)

    emit({"settings": rows}, as_json=as_json, render=render)


def _doctor(as_json: JsonFlag = False) -> None:
    """Say what is installed, writable and reachable, and what to do about the rest; exits 1 where something is broken.

    Example: haechi doctor --json
    """
    from features.doctor import examine, is_healthy

    findings = examine(settings_module.load(), os.environ)

    def render(console: Console) -> None:
        table = Table("what", "state", "found", "what to do")
        for finding in findings:
            table.add_row(finding.subject, finding.state, escape(finding.found), escape(finding.mend))
        console.print(table)

    healthy = is_healthy(findings)
    emit({"healthy": healthy, "findings": [asdict(each) for each in findings]}, as_json=as_json, render=render)
    if not healthy:
        raise typer.Exit(1)


def _scenes(seed: int, hours: range, cameras: int, clip_s: float) -> "list[Scene]":
    """What is filmed.

    Raises:
        BadInput: too many cameras, too long a film, or no OpenCV to film with.
    """
    if not 0 <= cameras <= _MOST_CAMERAS:
        raise BadInput(cause=f"--cameras {cameras} is outside 0 to {_MOST_CAMERAS}", mend="Pick a number between")
    if not _CLIP_S[0] <= clip_s <= _CLIP_S[1]:
        raise BadInput(
            cause=f"--clip-s {clip_s:g} is outside {_CLIP_S[0]} to {_CLIP_S[1]}", mend="Pick seconds between"
        )
    if not cameras:
        return []
    if find_spec("cv2") is None:
        raise BadInput(cause="Cameras need OpenCV, which is not installed", mend="pip install 'haechi[training]'")
    from features.simulated.cctv.plan import scenes

    return scenes(seed, hours, cameras, clip_s)


def _simulate(
    *,
    seed: Annotated[int, typer.Option(help="Which history of the city: the same seed, the same city.")],
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="First hour, e.g. 2024-01-01.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of the last hour, not itself in the tables.")],
    out: Annotated[Path, typer.Option(help="A folder that is new, empty or an earlier simulation.")],
    timezone: Annotated[str, typer.Option(help="Clock on which a time without a zone is read.")] = "Asia/Seoul",
    cameras: Annotated[int, typer.Option(help="How many cameras film, each in one of the hours.")] = 0,
    clip_s: Annotated[float, typer.Option(help="Length of each film, seconds.")] = 60.0,
    as_json: JsonFlag = False,
) -> None:
    """Write the simulated Seoul's traffic, weather, air, river, parking and truth log: SIMULATED, not measurements.

    With --cameras also films of its roads, with the truth of every box and incident in them.

    Example: haechi simulate --seed 7 --from 2024-01-01 --to 2025-01-01 --out simulated --cameras 6
    """
    from features.simulated.folder import check_out, summary, write_folder
    from features.simulated.hours import read_time
    from features.simulated.seoul import SimulatedConfig, simulate

    config = SimulatedConfig(
        seed=seed, start=read_time("--from", start, timezone), end=read_time("--to", end, timezone)
    )
    seoul = simulate(config)
    check_out(out)
    scenes = _scenes(seed, seoul.hours, cameras, clip_s)
    with progress() as bar:
        task = bar.add_task("simulating", total=seoul.block_count + sum(scene.frames for scene in scenes))
        rows = write_folder(seoul, out, on_block=lambda: bar.advance(task), scenes=scenes)
    document = summary(seoul, out, rows, len(scenes))

    def render(console: Console) -> None:
        table = Table("SIMULATED", escape(str(out)))
        for name, value in document.items():
            table.add_row(name, escape(str(value)))
        console.print(table)

    emit(document, as_json=as_json, render=render)
