"""Counts of a user's files on one clock, the lots that they are of, and what was found on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from features.console import note, warn
from features.errors import BadInput
from features.parking import lots as lots_table
from features.parking.capacity import Capacities, capacities
from features.parking.config import ParkingConfig
from features.parking.lots import Lots
from features.parking.readings import free_shares, frozen, unchanged
from features.series import FloatArray, Panel
from features.tables import read, read_panel, value_name
from features.tables.columns import ReadOptions
from features.tables.grid import to_panel

QUANTITY = "free_spaces"
"""What is forecast, whichever is counted."""

_SHOWN = 5
_VANISHED_H = 3
_CHANGED_DAYS = 60
_CHANGED_SHARE = 0.7


def read_counts(data: Sequence[Path], shape: str, reading: ReadOptions) -> Panel:
    """Counts as instants on one clock; says on stderr what was found.

    A count between two instants of the clock stands for the later: it was not known at the earlier.

    Raises:
        BadInput: files that cannot be understood.
    """
    panel, findings, _ = read_panel(data, shape, reading)
    if findings.off_clock:
        frame = read(data, shape, reading)
        every = f"{panel.step_min}m"
        behind = pl.col("time").dt.truncate(every)
        later = pl.when(pl.col("time") > behind).then(behind.dt.offset_by(every)).otherwise(behind)
        panel, findings = to_panel(frame.with_columns(time=later), value=value_name(frame), step_min=panel.step_min)
        note("counts off the clock stand for its next instant")
    for line in findings.lines():
        note(line)
    return panel


def measure_of(panel: Panel, given: str | None) -> str:
    """Whether free or occupied spaces are counted.

    Args:
        panel: whose quantity may say it.
        given: by ``--measure``; None: not said.

    Raises:
        BadInput: neither says it.
    """
    if given is not None:
        return given
    name = panel.quantity.lower()
    for word, measure in (("free", "free"), ("available", "free"), ("occup", "occupied"), ("vhcl", "occupied")):
        if word in name:
            note(f"column '{panel.quantity}': {measure} spaces are counted")
            return measure
    raise BadInput(
        cause=f"Whether '{panel.quantity}' counts free or occupied spaces is not said",
        mend="Add --measure free, or --measure occupied",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted:
    """Counts and their lots, in one order.

    Attributes:
        panel: counts, a column a lot; of some there may be none.
        lots: what is known of each.
        capacity: of each.
        simulated: whether the counts are.
    """

    panel: Panel
    lots: Lots
    capacity: FloatArray


def counted(panel: Panel, entities: Path | None, entity_columns: tuple[str, ...], learned: int) -> Counted:
    """Counts with the lots of a user's table, capacities told or inferred; says on stderr what was found.

    Args:
        panel: counts.
        entities: a table of lots, or None.
        entity_columns: that name a lot, joined by ``/``.
        learned: rows by which a capacity may be told.

    Raises:
        BadInput: the table cannot be understood, or no lot has a capacity.
    """
    given = lots_table.nameless(panel.entities) if entities is None else lots_table.read(entities, entity_columns)
    _tell_strangers(panel.entities, given.ids, entities)
    others = [name for name in given.ids if name not in set(panel.entities)]
    names = (*panel.entities, *others)
    whole, lots = panel.select(names), given.select(names)
    found = capacities(lots.capacity, whole.values[:learned])
    _tell_capacities(found, names)
    kept = ~np.isnan(found.spaces)
    if not kept.any():
        raise BadInput(
            cause="No lot has a capacity, and none can be told from its counts",
            mend="Give --entities FILE with a column capacity, or more counts",
        )
    if not kept.all():
        warn(f"{(~kept).sum()} lots have neither capacity nor counts, and are left out: {_some(names, ~kept)}")
    chosen = tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)
    lots, spaces = lots.select(chosen), found.spaces[kept]
    return Counted(panel=whole.select(chosen), lots=replace(lots, capacity=spaces), capacity=spaces)


def tell_readings(found: Counted, config: ParkingConfig) -> None:
    """Say on stderr what of the counts cannot be true, stands still, or is not there for hours."""
    shares, wrong = free_shares(found.panel.values, found.capacity, measure=config.measure)
    names, steps = found.panel.entities, config.steps_per_hour
    if wrong.any():
        note(f"{wrong.sum():,} counts below zero or above capacity: missing; most at {_most(names, wrong.sum(axis=0))}")
    nothing = np.full(len(names), np.nan, dtype=np.float32)
    alike = unchanged(shares, nothing, np.zeros(len(names), dtype=np.float32))
    still = frozen(shares, alike, config.frozen_steps)
    if still.any():
        note(
            f"{still.sum():,} counts of feeds that had not changed for {config.frozen_h} h: what is usual does not "
            f"rest on them; most at {_most(names, still.sum(axis=0))}"
        )
    gaps = _gaps(np.isnan(shares), _VANISHED_H * steps)
    if gaps.any():
        note(f"{gaps.sum():,} times a feed vanished for {_VANISHED_H} h or more; most often {_most(names, gaps)}")
    _tell_changes(found, config)


def _gaps(missing: npt.NDArray[np.bool_], least: int) -> npt.NDArray[np.int64]:
    """(lot,): how many gaps of at least so many rows lie between readings."""
    found = np.zeros(missing.shape[1], dtype=np.int64)
    for lot in range(missing.shape[1]):
        there = np.flatnonzero(~missing[:, lot])
        found[lot] = int((np.diff(there) > least).sum()) if len(there) else 0
    return found


def _tell_changes(found: Counted, config: ParkingConfig) -> None:
    """Where the most that is counted of late is far below what it was: the capacity may have changed."""
    rows = _CHANGED_DAYS * config.steps_per_day
    values = np.where(found.panel.values <= 1.1 * found.capacity, found.panel.values, np.nan)
    if len(values) < 3 * rows:
        return
    told = []
    for lot, name in enumerate(found.panel.entities):
        late, before = (part[~np.isnan(part)] for part in (values[-rows:, lot], values[:-rows, lot]))
        if len(late) > rows // 2 and len(before) > rows:
            most, was = (float(np.percentile(part, 99)) for part in (late, before))
            if most < _CHANGED_SHARE * was:
                told.append(f"{name} ({was:.0f}, then {most:.0f})")
    if told:
        shown = ", ".join(told[:_SHOWN])
        warn(
            f"The most that is counted fell by a third at {len(told)} lots, whose capacity may have changed: {shown}; "
            "state what holds now in --entities"
        )


def _tell_strangers(counted_ids: Sequence[str], table_ids: Sequence[str], entities: Path | None) -> None:
    if entities is None:
        warn("No --entities: capacities are inferred from the counts, and where lots are is not known")
        return
    known = set(table_ids)
    strangers = [name for name in counted_ids if name not in known]
    if len(strangers) == len(counted_ids):
        raise BadInput(
            cause=f"None of the {len(counted_ids)} counted lots is in {entities} (it names e.g. {table_ids[0]})",
            mend="Give the table of these lots; both must name them alike (--entity-col)",
        )
    idle = [name for name in table_ids if name not in set(counted_ids)]
    for name in strangers[:_SHOWN]:
        near = get_close_matches(name, idle, n=1)
        renamed = f"; was '{near[0]}' renamed? Name both alike" if near else ""
        warn(f"'{name}' is counted and not in {entities}: its capacity is inferred{renamed}")
    if len(strangers) > _SHOWN:
        warn(f"{len(strangers) - _SHOWN} more lots are counted and not in {entities}")
    if idle:
        shown = ", ".join(idle[:_SHOWN])
        note(f"{len(idle)} lots of {entities} are not counted: they are answered from their city and capacity: {shown}")


def _tell_capacities(found: Capacities, names: tuple[str, ...]) -> None:
    for which, why in (
        (found.unstated, "is not stated"),
        (found.exceeded, "is exceeded by over 5 % of the counts"),
    ):
        told = which & ~np.isnan(found.spaces)
        if told.any():
            note(
                f"the capacity of {told.sum()} lots {why}: taken for the 99th percentile of the counts: "
                f"{_some(names, told)}"
            )


def _some(names: tuple[str, ...], which: npt.NDArray[np.bool_]) -> str:
    chosen = [names[at] for at in np.flatnonzero(which).tolist()]
    return ", ".join(chosen[:_SHOWN]) + (", …" if len(chosen) > _SHOWN else "")


def _most(names: tuple[str, ...], count: npt.NDArray[np.int64]) -> str:
    order = np.argsort(-count, kind="stable")[:_SHOWN].tolist()
    return ", ".join(f"{names[at]} ({count[at]:,})" for at in order if count[at])
