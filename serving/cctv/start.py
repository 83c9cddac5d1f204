"""Puts a watch together from what was asked for, runs it, and gives everything back."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from features.console import note
from features.errors import BadInput, HaechiError
from features.settings import Settings
from serving.cctv.board import Board
from serving.cctv.crew import Crew
from serving.cctv.lines import Lines
from serving.cctv.sight import Sight, WatchConfig
from serving.cctv.snapshots import DEFAULT_KEEP_DAYS, Snapshots
from serving.cctv.watch import Chore, Hear, Summary, lines_of, watch
from serving.cctv.worker import MakeParts
from serving.cores import cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where what the cameras tell goes to.

    Attributes:
        events: a file of lines of JSON; None: stdout.
        alerts: whether alerts are raised in the store.
        preview_port: of the page; 0 picks a free one, None: there is none.
        port: of the gRPC service; likewise.
        keep_days: how long snapshots are kept.
    """

    events: Path | None = None
    alerts: bool = False
    preview_port: int | None = None
    port: int | None = None
    keep_days: float = DEFAULT_KEEP_DAYS

    def __post_init__(self) -> None:
        if not 0 < self.keep_days <= 3650:
            raise BadInput(cause=f"keep_days={self.keep_days} is no time to keep snapshots", mend="Use 1 to 3650 days")


def start(
    sights: list[Sight],
    config: WatchConfig,
    outlets: Outlets,
    settings: Settings,
    *,
    workers: int | None,
    make_parts: MakeParts,
) -> Summary:
    """Watch until all cameras have ended, or the process is told to stop (SIGINT, SIGTERM).

    Call it from the main thread.

    Args:
        sights: the cameras.
        config: how they are watched.
        outlets: where what they tell goes to.
        settings: host, who may ask, the store of alerts.
        workers: processes; None: one a core, where there are as many cameras.
        make_parts: what the cameras are watched with.

    Raises:
        BadInput: an address or a file cannot be had.
        StorageFailure: what was told cannot be stored.
    """
    board = Board(sights)
    with ExitStack() as stack, _told_to_stop() as stopping:
        lines = Lines(outlets.events)
        stack.callback(lines.close)
        # The board first: who reads a line may ask at once.
        hears: list[Hear] = [board.hear, lines_of(lines.write)]
        chores: list[Chore] = []
        if config.snapshots is not None:
            chores.append(_expiring(Snapshots(config.snapshots), outlets.keep_days))
        if outlets.alerts:
            _raise_alerts(stack, settings, config, hears, chores)
        crew = Crew(sights, config, workers or cores(), make_parts)
        _answer(stack, board, outlets, settings)
        stack.enter_context(crew)
        return watch(crew, [sight.name for sight in sights], hears, chores, stopping)


def refuse_failed(summary: Summary) -> None:
    """Raise where a camera could not be watched, once the others have been.

    Raises:
        BadInput: what was given for one of them is to blame.
        HaechiError: something else is.
    """
    failed = {name: own for name, own in summary.items() if own.cause}
    if not failed:
        return
    name, first = next(iter(failed.items()))
    also = (
        f"; {len(failed) - 1} more of {len(summary)} cameras could not be watched either"
        if failed.keys() - {name}
        else ""
    )
    kind = BadInput if any(own.is_bad_input for own in failed.values()) else HaechiError
    raise kind(cause=f"{name}: {first.cause}{also}", mend=first.mend)


def _raise_alerts(
    stack: ExitStack, settings: Settings, config: WatchConfig, hears: list[Hear], chores: list[Chore]
) -> None:
    # Only here: who asks for no alerts does not load a database.
    from serving.alerts.store import Store, default_place
    from serving.cctv.alerts import Desk

    Path(settings.home).mkdir(parents=True, exist_ok=True)
    desk = Desk(Store(default_place(settings)))
    stack.callback(desk.close)
    hears.append(desk.hear)
    chores.append(lambda now: desk.flush())
    # A film of another day tells of its own time, in which nothing is overdue.
    if config.since is None:
        chores.append(desk.expire)


def _answer(stack: ExitStack, board: Board, outlets: Outlets, settings: Settings) -> None:
    """Let the page and the service answer."""
    if outlets.preview_port is not None:
        from serving.cctv.preview import Preview

        page = Preview(settings.host, outlets.preview_port, board, plaintext=settings.plaintext)
        stack.callback(page.stop)
        page.start()
        note(f"Preview at {page.url}")
    if outlets.port is not None:
        from serving.cctv.service import CctvService
        from serving.runtime import Runtime
        from serving.server import Server

        own = settings.model_copy(update={"port": outlets.port})
        server = Server(Runtime(threads=settings.threads), own, hosted=(CctvService(board),))
        stack.callback(server.stop)
        server.start()
        note(f"Serving at {server.address}")
    # First of all to go: who waits for news is let go before the servers wait for them.
    stack.callback(board.close)


def _expiring(snapshots: Snapshots, keep_days: float) -> Chore:
    last: list[datetime] = []

    def expire(now: datetime) -> None:
        # Once an hour is enough for what is kept for days.
        if not last or (now - last[-1]).total_seconds() >= 3600:
            last[:] = [now]
            snapshots.expire(now, keep_days)

    return expire


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Set once the process is told to stop; told twice, it goes at once."""
    event = threading.Event()
    before: dict[int, Any] = {}

    def stop(number: int, _: Any) -> None:
        event.set()
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield event
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
