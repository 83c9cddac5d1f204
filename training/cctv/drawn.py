"""Judged films as tables on a console."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Document = dict[str, Any]


def draw(console: Console, document: Document) -> None:
    """Print what was found, group by group.

    Args:
        console: to print on.
        document: as ``haechi evaluate cctv --json`` prints it.
    """
    rules = document["rules"]
    label = " [SIMULATED]" if document["simulated"] else ""
    console.print(
        f"{document['films']} films{label}, detector {document['detector']} {document['detector_sha256'][:12]}, "
        f"rules {rules['version']} {rules['sha256'][:12]}",
        markup=False,
    )
    for group in document["groups"]:
        _heading(console, group)
        if group["detection"] is not None:
            console.print(_detection(group["detection"], group["tracking"]))
        if group["events"]:
            console.print(_events(group["events"]))
        if group["raised"]:
            console.print(_raised(group["raised"]))
    if document["out"] is not None:
        console.print(f"Incidents, raised and true: {document['out']}", markup=False)


def _heading(console: Console, group: Document) -> None:
    took = group["detector_ms_per_picture"]
    detector = "" if took is None else f", {took:.1f} CPU-ms a whole picture for the detector alone"
    health = ", ".join(f"{kind} {count}" for kind, count in group["health"].items()) or "none"
    console.print(
        f"\n{group['group']}: {group['films']} films, {group['camera_hours']:.3f} camera-hours, "
        f"{group['cpu_s_per_camera_hour']:.0f} CPU-s a camera-hour{detector}; camera health told: {health}",
        markup=False,
    )


def _detection(found: Document, tracking: Document) -> Table:
    table = Table("AP50 of", "to be found", "detector alone", "as watched")
    watched = {one["of"]: one["ap50"] for one in found["watched"]}
    for one in found["alone"]:
        table.add_row(escape(one["of"]), str(one["truths"]), _shown(one["ap50"]), _shown(watched[one["of"]]))
    for name in ("mota", "idf1", "hota"):
        table.add_row(f"{name.upper()}, vehicles", str(tracking["truths"]), "", _shown(tracking[name]))
    return table


def _events(found: list[Document]) -> Table:
    table = Table(
        "incident", "hits", "missed", "false", "precision", "recall (95 %)", "F1", "median, p95 s", "false/camera-h"
    )
    for one in found:
        table.add_row(
            one["kind"],
            str(one["hits"]),
            str(one["misses"]),
            f"{one['false_alarms']} ({one['false_alarms_in_wake']})",
            _shown(one["precision"]),
            f"{_shown(one['recall'])} ({_span(one['recall_interval'])})",
            _shown(one["f1"]),
            f"{_shown(one['median_s'], 1)}, {_shown(one['p95_s'], 1)}",
            f"{one['false_per_camera_hour']:.2f} ({_span(one['false_per_camera_hour_interval'])})",
        )
    return table


def _raised(found: list[Document]) -> Table:
    table = Table("raised, no truth to judge by", "count", "a camera-hour", "95 %")
    for one in found:
        rate = f"{one['per_camera_hour']:.1f}"
        table.add_row(one["kind"], str(one["raised"]), rate, _span(one["per_camera_hour_interval"]))
    return table


def _shown(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"
