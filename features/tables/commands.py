"""``haechi data check`` and ``haechi data import``: measurements looked at, and brought into the long table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features.atomic import full_disk_named, writing
from features.console import JsonFlag, emit, note
from features.errors import BadInput
from features.tables import SHAPES, load, read_entities
from features.tables.options import (
    EntityColFlag,
    MissingFlag,
    ShapeFlag,
    StartFlag,
    StepMinFlag,
    TimeColFlag,
    TimezoneFlag,
    ValueColFlag,
    read_options,
)

if TYPE_CHECKING:
    import polars as pl

    from features.tables.report import EntityReport, Report

_SHOWN_ENTITIES = 20
_HEADINGS = ("from", "to", "missing", "max gap", "step", "dupl.", "stuck", "spikes", "shifts")

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders or globs.")]


def _check(
    paths: Paths,
    *,
    shape: ShapeFlag = "long",
    time_col: TimeColFlag = "time",
    entity_col: EntityColFlag = "entity_id",
    value_col: ValueColFlag = None,
    timezone: TimezoneFlag = None,
    start: StartFlag = None,
    step_min: StepMinFlag = None,
    missing_value: MissingFlag = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read measurements and report what is in them and what is wrong with them; change nothing.

    Example: haechi data check volumes.parquet --entity-col site_id,direction --timezone Asia/Seoul --html report.html
    """
    from features.clock import zone
    from features.tables.report import report
    from features.tables.report_html import render
    from features.tables.source import check_out

    options = read_options(
        time_col=time_col,
        entity_col=entity_col,
        value_col=value_col,
        timezone=timezone,
        start=start,
        step_min=step_min,
        missing_value=missing_value,
    )
    if html is not None:
        check_out(html, paths, suffix=".html")
    panels, findings = load(paths, shape, options).panels(step_min=step_min)
    reports, clock = [report(panel, findings[name]) for name, panel in panels.items()], zone(timezone or "UTC")
    if html is not None:
        if len(reports) > 1:
            raise BadInput(
                cause=f"The files measure {len(reports)} quantities, a page shows one",
                mend=f"Name it with --value-col: {', '.join(panels)}",
            )
        page = render(reports[0], panels[reports[0].quantity], sources=[str(path) for path in paths], zone=clock)
        with writing(html) as partial:
            partial.write_text(page, encoding="utf-8")
        note(f"Report written to {html}")
    each = [found.as_dict() for found in reports]
    document: dict[str, Any] = {"files": [str(path) for path in paths], "shape": shape}
    document |= each[0] if len(each) == 1 else {"quantities": each}
    emit(document, as_json=as_json, render=lambda console: _print_reports(console, reports, clock))


def _import(
    shape: Annotated[str, typer.Argument(metavar="SHAPE", help=f"What the files look like: {', '.join(SHAPES)}.")],
    paths: Paths,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.parquet", help="The long table to write.")],
    time_col: TimeColFlag = "time",
    entity_col: EntityColFlag = "entity_id",
    value_col: ValueColFlag = None,
    timezone: TimezoneFlag = None,
    start: StartFlag = None,
    step_min: StepMinFlag = None,
    missing_value: MissingFlag = None,
    entities: Annotated[
        Path | None,
        typer.Option("--entities", metavar="FILE.parquet", help="Also write the places, where the shape has them."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Bring published files into one long table: time, entity_id, all values; rows stay as they were found.

    Example: haechi data import topis 2022/*.xlsx --out volumes.parquet
    """
    from features.tables.source import check_out

    options = read_options(
        time_col=time_col,
        entity_col=entity_col,
        value_col=value_col,
        timezone=timezone,
        start=start,
        step_min=step_min,
        missing_value=missing_value,
    )
    for written in (out, *([entities] if entities is not None else [])):
        check_out(written, paths, suffix=".parquet")
    places = None if entities is None else read_entities(paths, shape)
    measures = load(paths, shape, options)
    _, findings = measures.panels(step_min=step_min)
    frame = measures.frame()
    _write(frame, out)
    several = len(findings) > 1
    lines = [f"{name}: {line}" if several else line for name, found in findings.items() for line in found.lines()]
    lines.append(f"Written to {out}, rows neither sorted nor merged")
    if entities is not None and places is not None:
        _write(places, entities)
        lines.append(f"{places.height:,} places written to {entities}")
    each = {name: found.as_dict() for name, found in findings.items()}
    document = {
        "out": str(out),
        "entities": entities and str(entities),
        "columns": frame.columns,
        "findings": each if several else next(iter(each.values())),
    }
    emit(document, as_json=as_json, render=lambda console: console.print("\n".join(lines), markup=False))


data = typer.Typer(no_args_is_help=True, help="Look at measurements, and bring them into the long table.")
data.command("check")(_check)
data.command("import")(_import)


def _write(frame: pl.DataFrame, out: Path) -> None:
    with writing(out) as partial, full_disk_named():
        frame.write_parquet(partial)


def _print_reports(console: Console, reports: Sequence[Report], zone: tzinfo) -> None:
    for found in reports:
        _print_report(console, found, zone)


def _print_report(console: Console, report: Report, zone: tzinfo) -> None:
    console.print(f"{report.quantity}, {_time(report.start, zone)} to {_time(report.end, zone)} {zone}", markup=False)
    for line in report.lines():
        console.print(f"  {line}", markup=False)
    shown = report.entities[:_SHOWN_ENTITIES]
    console.print(_table(shown, zone, console.width))
    if len(report.entities) > len(shown):
        console.print(f"and {len(report.entities) - len(shown):,} more: use --html FILE or --json")


def _table(entities: Sequence[EntityReport], zone: tzinfo, width: int) -> Table:
    """Entities first and whole; columns that ``width`` has no room for are left out, the last ones first."""
    rows = [_cells(entity, zone) for entity in entities]
    longest = max([len("entity"), *(cell_len(entity.entity_id) for entity in entities)])
    taken = min(longest, width // 2)
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("entity", overflow="fold", width=taken)
    room, kept = width - taken - 1, 0
    for place, heading in enumerate(_HEADINGS):
        wide = max([len(heading), *(len(cells[place]) for cells in rows)])
        room -= wide + 1
        if room < 0:
            break
        table.add_column(heading, justify="left" if heading in ("from", "to") else "right", width=wide)
        kept += 1
    for entity, cells in zip(entities, rows, strict=True):
        table.add_row(Text(entity.entity_id), *cells[:kept])
    return table


def _cells(entity: EntityReport, zone: tzinfo) -> list[str]:
    counts = (entity.duplicates, entity.stuck_runs, entity.spikes, len(entity.level_shifts))
    return [
        _time(entity.first, zone)[:10],
        _time(entity.last, zone)[:10],
        f"{entity.missing_share:.1%}",
        f"{entity.longest_gap_h:,.0f} h" if entity.longest_gap_start else "-",
        str(entity.step_min or "-"),
        *(str(count) if count else "-" for count in counts),
    ]


def _time(time: datetime | None, zone: tzinfo) -> str:
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M") if time else "-"
