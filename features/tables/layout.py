"""The columns of published shapes, found by any of the names that their sources give them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

from features.errors import BadInput, UnknownName
from features.tables.source import Table

# In the order in which a file is tried: districts have all that the city has, and a station.
_SHAPES = ("han-river", "air-gu", "air-city", "asos", "asos-daily", "ldaps")
_BESIDE = re.compile(r"\(.*?\)|[\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a published shape.

    Attributes:
        quantity: what it measures, ending in its unit.
        names: how the sources call it, the first as it is published.
        required: whether a file without it is of another shape.
        scale: what its numbers are multiplied by to be in that unit.
    """

    quantity: str
    names: tuple[str, ...]
    required: bool = False
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a published shape is laid out.

    Attributes:
        shape: its name.
        time: names of the column of times.
        columns: what is measured.
        entity: names of the column that says where; empty where other columns do.
        place: of a file without such a column; None where it must have one.
        single: whether a file is of that place alone, whatever the column calls it.
    """

    shape: str
    time: tuple[str, ...]
    columns: tuple[Column, ...]
    entity: tuple[str, ...] = ()
    place: str | None = None
    single: bool = False

    def names_places(self, table: Table) -> bool:
        """Whether a file has a column that says where."""
        return any(_plain(name) in _by_plain_name(table) for name in self.entity)

    def fits(self, table: Table) -> bool:
        """Whether a file has all that files of this shape have."""
        names = _by_plain_name(table)
        needed = [self.time, *(one.names for one in self.columns if one.required)]
        needed += [self.entity] if self.entity and self.place is None else []
        return all(any(_plain(name) in names for name in each) for each in needed)


def named(table: Table, layout: Layout, names: Sequence[str], *, what: str) -> str:
    """The column of a file that goes by one of ``names``.

    Raises:
        BadInput: it has none; the mend names the shape that the file looks like, or the nearest column.
    """
    known = _by_plain_name(table)
    found = next((known[_plain(name)] for name in names if _plain(name) in known), None)
    if found is not None:
        return found
    cause = f"{table.path} has no column '{names[0]}' ({what}), as files of shape '{layout.shape}' have"
    like = look_alike(table)
    if like is not None and like != layout.shape:
        raise BadInput(cause=cause, mend=f"It looks like --shape {like}")
    raise UnknownName(cause=cause, mend=UnknownName.among("column", names[0], table.schema.names()).mend)


def look_alike(table: Table) -> str | None:
    """The shape that a file looks like, or None."""
    for shape in _SHAPES:
        layout: Layout = import_module(f"features.tables.{shape.replace('-', '_')}").LAYOUT
        if layout.fits(table):
            return shape
    names = table.schema.names()
    if "day" in names and any(name == "slot" or name.endswith("_slot") for name in names):
        return "day-slot"
    return "long" if {"time", "entity_id"} <= set(names) else None


def columns_of(table: Table, layout: Layout, columns: Sequence[Column]) -> dict[Column, str]:
    """The columns of a file by what they measure; those that it lacks and need not have are left out.

    Raises:
        BadInput: it lacks one that it must have, or has one with a slip in its name.
    """
    known = _by_plain_name(table)
    found = {}
    for column in columns:
        there = next((known[_plain(name)] for name in column.names if _plain(name) in known), None)
        if there is None and column.required:
            there = named(table, layout, column.names, what=column.quantity)
        if there is not None:
            found[column] = there
    _refuse_misspelt(table, columns, found)
    return found


def _refuse_misspelt(table: Table, columns: Sequence[Column], found: Mapping[Column, str]) -> None:
    """A column that need not be there would otherwise be passed over in silence where its name has a slip."""
    strange = [name for name in table.schema.names() if name not in found.values() and len(name) > 3]
    for column in columns:
        if column not in found and len(column.names[0]) > 3:
            near = get_close_matches(column.names[0], strange, n=1, cutoff=0.85)
            if near:
                raise UnknownName(
                    cause=f"{table.path} has a column '{near[0]}' and none '{column.names[0]}' ({column.quantity})",
                    mend=f"Rename it to '{column.names[0]}' if it is that, or drop it",
                )


def _by_plain_name(table: Table) -> dict[str, str]:
    return {_plain(name): name for name in table.schema.names()}


def _plain(name: str) -> str:
    """A column's name without case, unit in brackets, spaces and signs."""
    return _BESIDE.sub("", name.lower())
