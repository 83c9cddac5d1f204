"""``haechi watch``: cameras to incidents; ``haechi weights``: what detectors need."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from features.console import JsonFlag, emit, note
from features.errors import BadInput
from features.settings import load

if TYPE_CHECKING:
    from serving.cctv.watch import Summary

weights = typer.Typer(no_args_is_help=True, help="Public weights of detectors, checked by SHA-256.")


class PaceWord(StrEnum):
    """How fast a film is read."""

    REAL = "real"
    MAX = "max"


CameraFlag = Annotated[
    list[str],
    typer.Option(
        "--camera",
        metavar="[NAME=]FILE|URL",
        help="A film, a folder of pictures, or a feed (rtsp, http); may be repeated.",
    ),
]
ZonesFlag = Annotated[
    list[Path] | None,
    typer.Option(
        "--zones",
        metavar="FILE",
        help="A camera's zones (TOML); may be repeated: by the camera that they name, else in order. Default: the "
        "carriageway is learned.",
    ),
]
DetectorFlag = Annotated[
    str, typer.Option(metavar="NAME|FILE.onnx", help="haechi-small, yolox-nano, or a file of a family that is known.")
]
FpsFlag = Annotated[float, typer.Option(min=0.2, max=60, help="Pictures a second that are looked at.")]
PaceFlag = Annotated[PaceWord, typer.Option(help="Of films: as fast as they were made, or as fast as can be.")]
SinceFlag = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When a film's first picture was taken, with its zone. Default: now."),
]
EventsFlag = Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Append events to it. Default: stdout.")]
WriteFlag = Annotated[
    Path | None, typer.Option(metavar="FILE.mp4", help="The annotated film, people and plates unrecognisable.")
]
SnapshotsFlag = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A picture of each incident, likewise. Default: with --alerts, HOME/snapshots."),
]
KeepFlag = Annotated[float, typer.Option("--keep-days", help="Snapshots that are older are deleted.")]
PreviewFlag = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port of a page on this machine; 0 picks a free one.")
]
PortFlag = Annotated[int | None, typer.Option(min=0, max=65535, help="gRPC port of CctvService. Default: none.")]
HostFlag = Annotated[str | None, typer.Option(help="Address that page and service bind. Default: 127.0.0.1.")]
WorkersFlag = Annotated[int | None, typer.Option(min=1, help="Processes. Default: one a core.")]
AlertsFlag = Annotated[bool, typer.Option("--alerts", help="Raise an alert for each event, in the store.")]
ExerciseFlag = Annotated[bool, typer.Option("--exercise", help="Mark as simulated what the cameras tell.")]


def watch(  # each flag explains itself
    *,
    camera: CameraFlag,
    zones: ZonesFlag = None,
    detector: DetectorFlag = "haechi-small",
    fps: FpsFlag = 5.0,
    pace: PaceFlag = PaceWord.REAL,
    since: SinceFlag = None,
    events: EventsFlag = None,
    write: WriteFlag = None,
    snapshots: SnapshotsFlag = None,
    keep_days: KeepFlag = 30.0,
    preview: PreviewFlag = None,
    port: PortFlag = None,
    host: HostFlag = None,
    workers: WorkersFlag = None,
    alerts: AlertsFlag = False,
    exercise: ExerciseFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Watch cameras: incidents and their own faults come out as lines of JSON, until all films end or Ctrl-C.

    With --events the summary at the end is all that stdout says.

    Example: haechi watch --camera CAM-000.mp4 --zones CAM-000.toml --pace max --events events.jsonl --write seen.mp4
    """
    from serving.cctv.seeing import make_parts
    from serving.cctv.sight import WatchConfig, sights
    from serving.cctv.start import Outlets, refuse_failed, start
    from serving.seen import logs

    settings = load().model_copy(update={} if host is None else {"host": host})
    if snapshots is None and alerts:
        snapshots = settings.home / "snapshots"
    config = WatchConfig(
        detector=detector,
        home=settings.home,
        fps=fps,
        at_once=pace is PaceWord.MAX,
        since=None if since is None else _time(since),
        snapshots=snapshots,
        preview=preview is not None,
        log_format=settings.log_format,
    )
    logs.set_up(settings.log_format)
    outlets = Outlets(events=events, alerts=alerts, preview_port=preview, port=port, keep_days=keep_days)
    asked = sights(camera, zones or [], write, exercise=exercise)
    summary = start(asked, config, outlets, settings, workers=workers, make_parts=make_parts)
    _tell(summary, on_stdout=events is not None, as_json=as_json)
    refuse_failed(summary)


def _get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="E.g. yolox-nano.")],
    *,
    folder: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Where the file lies. Default: its public release.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Fetch a detector's public weights and their licence into HAECHI_HOME/weights.

    Example: haechi weights get yolox-nano --from ~/Downloads
    """
    from serving.cctv.weights import get

    got = asdict(get(name, load().home, folder))
    said = f"{got['name']}: {got['file']} (SHA-256 {got['sha256']}), licence: {got['licence']}"
    emit(got, as_json=as_json, render=lambda console: console.print(said, markup=False, soft_wrap=True))


weights.command("get")(_get)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInput(cause=f"--since {text} is no time with a zone", mend="Write e.g. 2026-07-01T18:30+09:00")
    return found


def _tell(summary: "Summary", *, on_stdout: bool, as_json: bool) -> None:
    """How it went, at the end: on stdout where no events are there."""
    document: dict[str, Any] = {"cameras": {name: asdict(own) for name, own in summary.items()}}
    if on_stdout:
        emit(document, as_json=as_json, render=lambda console: _render(console, summary))
        return
    for line in _lines(summary):
        note(line)


def _render(console: Console, summary: "Summary") -> None:
    for line in _lines(summary):
        console.print(line, markup=False, soft_wrap=True)


def _lines(summary: "Summary") -> list[str]:
    found = []
    for name, own in summary.items():
        raised = ", ".join(f"{count} {kind}" for kind, count in sorted(own.incidents.items())) or "no incidents"
        faults = "".join(f", {kind}" for kind in sorted(own.faults))
        found.append(f"{name}: {own.pictures} pictures, {own.seconds:.0f} s; {raised}{faults}")
    return found
