"""The missing-data picture: entities down, days across, coloured by how much was measured."""

import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

from features.series import Panel

_MAX_CELLS_ACROSS = 550
_DAY_MIN = 1440
_BINS_MIN = (60, _DAY_MIN, 7 * _DAY_MIN)


@dataclass(frozen=True, slots=True)
class Level:
    """A class of cells: measured by at least ``from_share`` of its readings; its colour and its name."""

    from_share: float
    colour: str
    name: str


LEVELS = (
    Level(0.0, "#8c1d18", "nothing"),
    Level(1e-9, "#d9632e", "under half"),
    Level(0.5, "#f2b36b", "half to 90%"),
    Level(0.9, "#f6e3c0", "90% and more"),
    Level(1.0, "#d5e3e8", "all"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A missing-data picture.

    Attributes:
        png: the image, one pixel a cell.
        start: local start of the first column, aware.
        cell_min: minutes that one column covers.
        ticks: (position in [0, 1], label) along the time axis.
    """

    png: bytes
    start: datetime
    cell_min: int
    ticks: tuple[tuple[float, str], ...]

    @property
    def data_uri(self) -> str:
        """The image as text for an ``img`` element."""
        return "data:image/png;base64," + b64encode(self.png).decode()


def draw(panel: Panel, zone: tzinfo) -> Picture:
    """Draw what was measured and what is missing.

    Args:
        panel: the measurements; entities are drawn in its order.
        zone: the clock that days begin by.
    """
    span_min = len(panel) * panel.step_min
    choices = [panel.step_min, *(size for size in _BINS_MIN if size > panel.step_min)]
    cell_min = next((size for size in choices if span_min / size <= _MAX_CELLS_ACROSS), choices[-1])
    local = panel.start.astimezone(zone)
    start = local
    if cell_min >= _DAY_MIN:
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    lead = (local - start) // panel.step
    share = _share(~np.isnan(panel.values), lead, cell_min // panel.step_min)
    level = np.digitize(share, [level.from_share for level in LEVELS[1:]]).astype(np.uint8)
    ticks = _ticks(start, timedelta(minutes=cell_min * len(share)))
    return Picture(png=_png(level.T), start=start, cell_min=cell_min, ticks=ticks)


def _share(measured: npt.NDArray[np.bool_], lead: int, size: int) -> npt.NDArray[np.float64]:
    """(cell, entity): fraction measured of the panel's own rows in each cell of ``size`` rows."""
    starts = np.arange(-lead, len(measured), max(1, size)).clip(0)
    rows = np.diff(np.append(starts, len(measured)))
    return np.add.reduceat(measured, starts, axis=0, dtype=np.int64) / rows[:, None]


def _ticks(start: datetime, span: timedelta) -> tuple[tuple[float, str], ...]:
    end = start + span
    days = span / timedelta(days=1)
    if days > 60:
        labelled = [(time, time.strftime("%Y" if time.month == 1 else "%b")) for time in _months(start, end)]
        every = -(-len(labelled) // 14)
        labelled = labelled[::every]
    else:
        step = timedelta(days=7 if days > 14 else 1) if days > 2 else timedelta(hours=6)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        form = "%H:%M" if days <= 2 else "%-d %b"
        labelled = [(midnight + i * step, (midnight + i * step).strftime(form)) for i in range(int(span / step) + 2)]
    return tuple(((time - start) / span, label) for time, label in labelled if start <= time < end)


def _months(start: datetime, end: datetime) -> list[datetime]:
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = (end.year - first.year) * 12 + end.month - first.month + 1
    count_from = first.month - 1
    return [
        first.replace(year=first.year + (count_from + i) // 12, month=(count_from + i) % 12 + 1) for i in range(months)
    ]


def _png(level: npt.NDArray[np.uint8]) -> bytes:
    """An indexed 8-bit PNG of (row, column) levels (PNG specification, W3C, third edition)."""
    height, width = level.shape
    palette = b"".join(bytes.fromhex(entry.colour[1:]) for entry in LEVELS)
    filtered = np.column_stack([np.zeros(height, dtype=np.uint8), level])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
