"""``make bench-cctv``: the figures of the cameras, measured here, each beside its goal.

Run from the repository's root: ``python -m experiments.cctv.bench [--data DIR] [--weights DIR] [--scenes DIR]``. DATA
holds tfl_annotated, tfl_normal and roads; SCENES is where the frozen test is rendered, or was (half an hour on one core
of two, once). Watches each rendered film twice, with either detector; about half an hour more.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from experiments.cctv.cost import cost
from experiments.cctv.frozen import SceneSet
from experiments.cctv.render import render
from experiments.commands import haechi, show
from features.errors import BadInput

FROZEN = Path(__file__).with_name("frozen.toml")
OWN, PUBLIC = "haechi-small", "yolox-nano"
REAL = ("tfl_annotated", "tfl_normal", "roads")
CAMERA = "tfl_normal/625_*.mp4"
"""Films of one camera, for what it costs."""
ALONE_AP50 = 0.63
"""YOLOX-nano's own on tfl_annotated, as it was measured before."""
Answer = dict[str, Any]
Row = tuple[str, ...]
_GOALS = ("figure", "goal", "reached")


def main() -> None:
    """Render, watch, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cctv"))
    parser.add_argument("--weights", type=Path, default=Path("../shared/data/weights"))
    parser.add_argument("--scenes", type=Path, default=Path("bench-out/cctv-frozen"))
    asked = parser.parse_args()
    for folder in (*(asked.data / name for name in REAL), asked.weights):
        if not folder.is_dir():
            sys.exit(f"error: {folder} is not there\n  fix: make bench-cctv DATA=DIR, a folder that holds it")
    try:
        render(SceneSet.read(FROZEN), asked.scenes, os.cpu_count() or 1)
    except BadInput as error:
        sys.exit(f"error: {error.cause}\n  fix: {error.mend}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        haechi("weights", "get", PUBLIC, "--from", str(asked.weights))
        for detector in (OWN, PUBLIC):
            _rendered(detector, asked.scenes)
        _real(asked.data)
        _costs(Path(home), sorted(asked.data.glob(CAMERA)))


def _judged(detector: str, folder: Path) -> list[Answer]:
    found: list[Answer] = haechi("evaluate", "cctv", str(folder), "--detector", detector)["groups"]
    return found


def _rendered(detector: str, folder: Path) -> None:
    """The frozen scenes [SIMULATED]: all of them by kind, then day, dusk and night apart."""
    groups = _judged(detector, folder)
    whole_first = sorted(groups, key=lambda group: not group["group"].endswith("all"))
    show(
        (f"frozen scenes [SIMULATED], {detector}", "recall", "precision", "median, p95 s", "false a camera-hour"),
        [
            ("goal", ">= .95", ">= .95", "<= 8, <= 15", "-"),
            *(_event(f"{group['group']}: {one['kind']}", one) for group in whole_first for one in group["events"]),
        ],
    )
    show(
        ("frozen scenes [SIMULATED]", "AP50 alone", "AP50 watched", "MOTA", "IDF1", "HOTA", "CPU-s a camera-hour"),
        [_seen(group) for group in groups],
    )


def _event(what: str, one: Answer) -> Row:
    recall = f"{_told(one['recall'])} ({_span(one['recall_interval'])}), {one['hits']} of {one['hits'] + one['misses']}"
    wrong = f"{one['false_alarms']} false, {one['false_alarms_in_wake']} of them in another's wake"
    precision = f"{_told(one['precision'])} ({_span(one['precision_interval'])}), {wrong}"
    false = f"{one['false_per_camera_hour']:.2f} ({_span(one['false_per_camera_hour_interval'])})"
    return (what, recall, precision, f"{_told(one['median_s'], 1)}, {_told(one['p95_s'], 1)}", false)


def _seen(group: Answer) -> Row:
    alone, watched = (group["detection"][name][0]["ap50"] for name in ("alone", "watched"))
    tracking = (_told(group["tracking"][name]) for name in ("mota", "idf1", "hota"))
    return (group["group"], _told(alone), _told(watched), *tracking, f"{group['cpu_s_per_camera_hour']:.0f}")


def _real(data: Path) -> None:
    rows: list[Row] = []
    for detector, goal in ((PUBLIC, f"> {ALONE_AP50}"), (OWN, ">= 0.45")):
        group = _judged(detector, data / REAL[0])[-1]
        alone, watched = (group["detection"][name][0] for name in ("alone", "watched"))
        what = f"tfl_annotated, {detector}: AP50 of vehicles as watched, {watched['truths']} boxes (detector alone)"
        rows.append((what, goal, f"{_told(watched['ap50'])} ({_told(alone['ap50'])})"))
        millis = f"{group['detector_ms_per_picture']:.1f}"
        rows.append((f"{detector}: CPU-ms a whole picture", "<= 7" if detector == OWN else "-", millis))
    show(_GOALS, rows)
    counted = [
        (f"{name}, {detector}: {one['kind']}", str(one["raised"]), _rate(one))
        for name in REAL
        for detector in (OWN, PUBLIC)
        for one in _judged(detector, data / name)[-1]["raised"]
    ]
    show(("real films, no truth to judge by", "raised", "a camera-hour (95 %)"), counted)


def _rate(one: Answer) -> str:
    return f"{one['per_camera_hour']:.1f} ({_span(one['per_camera_hour_interval'])})"


def _costs(home: Path, films: list[Path]) -> None:
    rows: list[Row] = []
    for detector, goal in ((PUBLIC, "<= 8 %"), (OWN, "<= 4 %")):
        found = cost(detector, home, films)
        rows.append((f"{detector}: one camera's share of a core, decoding included", goal, f"{found.core_share:.1%}"))
        rows.append((f"{detector}: memory of a further camera, MiB", "<= 60", f"{found.more_mib:.1f}"))
    show(_GOALS, rows)


def _told(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"


if __name__ == "__main__":
    main()
