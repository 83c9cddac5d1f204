"""What a decoder's process does from its first breath to its last: one camera, once connected."""

import os
import resource
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import cv2

from serving.cctv.clock import FilmClock, LiveClock, Playout, Ticker
from serving.cctv.faults import Fault, Unreadable
from serving.cctv.films import Film, opened
from serving.cctv.messages import BEGAN, OPENED, End
from serving.cctv.outbox import Outbox
from serving.cctv.source import Pace, Source
from serving.cctv.words import hush

_MOST_BYTES = 1 << 30
"""Of a decoder's own memory. A picture of the largest size takes some 150 MiB; what wants more wants harm."""
_NAP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a decoder is to do.

    Attributes:
        source: the camera; its address with all secrets, so this goes through a pipe, never as an argument.
        switched_on_s: of the camera's clock, on the machine's monotonic one.
        after_s: hand on only what is later, on the camera's clock.
    """

    source: Source
    switched_on_s: float
    after_s: float


def decode(pipe: Connection, order: Order) -> None:
    """Read a camera until it ends, and say why; the process's whole life.

    Args:
        pipe: to who asks for pictures.
        order: what is to be done.
    """
    _settle()
    outbox = Outbox(pipe)
    outbox.tell(BEGAN)
    try:
        end = _read(order, outbox)
    except Unreadable as error:
        end = End(fault=error.fault)
    except (cv2.error, MemoryError):
        end = End(fault=Fault.NOT_VIDEO)
    outbox.close(end)
    # Nothing is left to tidy, and a broken stream's decoder may not survive being closed.
    os._exit(0)


def _settle() -> None:
    """Silent, small, and deaf to Ctrl-C, which is for who started this."""
    hush()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    # A core dump would hold pictures and passwords.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)


def _read(order: Order, outbox: Outbox) -> End:
    source = order.source
    address = source.address()
    film = opened(source, address)
    outbox.tell(OPENED)
    # HLS comes in bursts, a film all at once: both are played out evenly, unless as fast as possible was asked for.
    is_even = not address.lower().startswith("rtsp") if source.is_live else source.reading.pace is Pace.REAL
    playout = Playout(order.switched_on_s if source.is_live else None, source.reading.rate_fps) if is_even else None
    return _play(order, film, outbox, playout)


def _play(order: Order, film: Film, outbox: Outbox, playout: Playout | None) -> End:
    source, read = order.source, 0
    clock = LiveClock(order.after_s) if source.is_live else FilmClock(film.fps)
    ticker = Ticker(source.reading.rate_fps)
    while (stream_s := film.grab()) is not None:
        read += 1
        outbox.beat()
        time_s = clock.at(stream_s, time.monotonic() - order.switched_on_s)
        # The ticker is asked first: a film that is read again has its ticks where it had them.
        if not ticker.is_due(time_s) or time_s <= order.after_s:
            continue
        if playout is not None:
            while (left_s := playout.left_s(time_s, time.monotonic())) > 0:
                time.sleep(min(left_s, _NAP_S))
                outbox.beat()
        outbox.put(film.picture(), time_s, makeshift=clock.is_makeshift, waits=source.waits)
    fault = Fault.ENDED if source.is_live else None
    return End(fault=fault, read=read, promised=film.promised, unread=film.unread)
