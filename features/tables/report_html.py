"""The report as one self-contained web page: no script or style from elsewhere."""

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape
from importlib.resources import files
from string import Template

from features.series import Panel
from features.tables.picture import LEVELS, draw
from features.tables.report import RULES, EntityReport, Report

_MAX_HEIGHT_PX = 900
_LABEL_EVERY_PX = 15


def render(report: Report, panel: Panel, *, sources: Sequence[str], zone: tzinfo) -> str:
    """The whole page.

    Args:
        report: what was found.
        panel: the measurements that it was found in.
        sources: the files, as the user named them.
        zone: the clock of every time on the page.
    """
    picture = draw(panel, zone)
    row_px = min(18, max(1, _MAX_HEIGHT_PX // len(panel.entities)))
    height_px = min(_MAX_HEIGHT_PX, row_px * len(panel.entities))
    parts = {
        "quantity": escape(report.quantity),
        "sources": escape(", ".join(sources)),
        "span": f"{_minute(report.start, zone)} to {_minute(report.end, zone)}",
        "zone": escape(str(zone)),
        "tiles": "".join(_tile(number, words) for number, words in _tiles(report)),
        "lines": "".join(f"<li>{escape(line)}</li>" for line in report.lines()),
        "rules": "".join(f"<li>{escape(rule)}</li>" for rule in RULES),
        "legend": "".join(f'<li><i style="background:{level.colour}"></i>{level.name}</li>' for level in LEVELS),
        "cell": _cell(picture.cell_min),
        "picture": picture.data_uri,
        "height_px": str(height_px),
        "ticks": "".join(f'<span style="left:{at:.3%}">{escape(label)}</span>' for at, label in picture.ticks),
        "labels": _labels(panel.entities, height_px),
        "rows": "".join(_row(entity, zone) for entity in report.entities),
        # Inside a script element, only "<" could end the data early.
        "data": json.dumps(
            {
                "entities": panel.entities,
                "start_ms": _wall_ms(picture.start),
                "cell_ms": picture.cell_min * 60_000,
                "levels": {level.colour: level.name for level in LEVELS},
            },
            ensure_ascii=False,
        ).replace("<", "\\u003c"),
    }
    return Template(files("features.tables").joinpath("report.html").read_text(encoding="utf-8")).substitute(parts)


def _tiles(report: Report) -> list[tuple[str, str]]:
    found = report.findings
    return [
        (f"{found.entities:,}", "entities"),
        (f"{found.steps:,}", f"intervals of {found.step_min} min"),
        (f"{found.missing_share:.1%}", "of values missing"),
        (f"{report.in_long_outages:.0%}", "of the missing in outages over a week"),
        (f"{found.duplicates_merged + found.conflicts:,}", "rows merged or overruled"),
        (f"{sum(entity.spikes for entity in report.entities):,}", "spikes"),
    ]


def _tile(number: str, words: str) -> str:
    return f"<div><b>{number}</b><span>{escape(words)}</span></div>"


def _labels(entities: Sequence[str], height_px: int) -> str:
    every = max(1, -(-_LABEL_EVERY_PX * len(entities) // height_px))
    return "".join(
        f'<span style="top:{(i + 0.5) / len(entities):.3%}">{escape(entities[i])}</span>'
        for i in range(0, len(entities), every)
    )


def _row(entity: EntityReport, zone: tzinfo) -> str:
    span = gap = ""
    if entity.first and entity.last:
        span = f"{_minute(entity.first, zone)} – {_minute(entity.last, zone)}"
    if entity.longest_gap_start:
        gap = f"{_hours(entity.longest_gap_h)} from {_minute(entity.longest_gap_start, zone)}"
    stuck = f"{entity.stuck_runs} (longest {entity.longest_stuck})" if entity.stuck_runs else ""
    shifts = ", ".join(f"×{shift.ratio:.2f} on {_minute(shift.time, zone)[:10]}" for shift in entity.level_shifts)
    step = f"{entity.step_min} min" if entity.step_min else ""
    cells = (span, step, gap, _count(entity.duplicates), stuck, _count(entity.spikes), shifts)
    filled = "".join(f"<td>{escape(cell)}</td>" if cell else '<td class="none">–</td>' for cell in cells)
    share = f"{entity.missing_share:.1%}"
    bar = f'<td class="bar"><div><u><i style="width:{share}"></i></u><b>{share}</b></div></td>'
    return f'<tr><th scope="row">{escape(entity.entity_id)}</th>{bar}{filled}</tr>'


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _minute(time: datetime, zone: tzinfo) -> str:
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _hours(hours: float) -> str:
    return f"{hours / 24:,.1f} d" if hours >= 48 else f"{hours:g} h"


def _cell(minutes: int) -> str:
    named = {1440: "day", 10080: "week", 60: "hour"}
    return named.get(minutes, f"{minutes} minutes")


def _wall_ms(time: datetime) -> int:
    """The wall clock as if it were UTC, so that a browser anywhere shows the page's own zone."""
    offset = time.utcoffset()
    return round((time.timestamp() + (offset.total_seconds() if offset else 0)) * 1000)
