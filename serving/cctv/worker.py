"""One process of several cameras: a thread each, the detector's graph loaded once, gone when told or left alone."""

import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import cv2

from features.errors import BadInput, HaechiError
from serving.cctv.observer import Observer
from serving.cctv.parts import Parts
from serving.cctv.sight import Sight, WatchConfig
from serving.cctv.told import Ended, Told
from serving.seen import logs

MakeParts = Callable[[WatchConfig], Parts]

_LOOK_UP_S = 0.2
_LOG = logging.getLogger("haechi.cctv")


def run(sights: Sequence[Sight], config: WatchConfig, make_parts: MakeParts, told: Connection) -> None:
    """Watch cameras in this process until all have ended, or it is told to stop (SIGTERM), or its parent is gone.

    Args:
        sights: the cameras.
        config: how they are watched.
        make_parts: what they are watched with; called once.
        told: takes all that is to be told.
    """
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    # A terminal's Ctrl-C reaches the whole group; whoever started this process tells it in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.set_up(config.log_format)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    wire = _Wire(told, stopping)
    try:
        parts = make_parts(config)
        observers = [Observer(sight, config, parts, wire.tell) for sight in sights]
    except HaechiError as error:
        for sight in sights:
            wire.tell(_refused(sight, error))
        return
    threads = [threading.Thread(target=one.run, name=f"haechi-{one.camera}", daemon=True) for one in observers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if stopping.is_set() or (parent is not None and not parent.is_alive()):
            break
        for thread in threads:
            thread.join(_LOOK_UP_S / len(threads))
    for observer in observers:
        observer.stop()
    for thread in threads:
        thread.join()


def _refused(sight: Sight, error: HaechiError) -> Ended:
    return Ended(
        camera=sight.name,
        pictures=0,
        seconds=0.0,
        cause=error.cause,
        mend=error.mend,
        is_bad_input=error.exit_code == BadInput.exit_code,
    )


class _Wire:
    """The way to the parent, which several threads share."""

    def __init__(self, told: Connection, stopping: threading.Event) -> None:
        self._told, self._stopping = told, stopping
        self._lock = threading.Lock()

    def tell(self, told: Told) -> None:
        with self._lock:
            try:
                self._told.send(told)
            except (BrokenPipeError, ConnectionResetError):
                # Nobody hears: whoever would is gone.
                self._stopping.set()
