"""Published table shapes, each read into the long table: ``time, entity_id``, one or more value columns.

A shape is a module of this folder. Where its files measure one quantity it offers ``read(paths, options) ->
DataFrame``; where they measure several, ``LAYOUT`` and ``read_blocks(table, options) -> list[Block]``, which takes one
file; and, where its files say where things are, ``read_sites(paths) -> DataFrame``. Modules are imported when they are
needed, so that a command that reads nothing starts fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from features.errors import BadInput, UnknownName
from features.tables.columns import Columns, ReadOptions

if TYPE_CHECKING:
    import polars as pl

    from features.series import Panel
    from features.tables.findings import Findings
    from features.tables.measures import Measures

_OF_SEVERAL = ("han-river", "air-city", "air-gu", "asos", "asos-daily", "ldaps")
SHAPES = ("long", "wide", "day-slot", "topis", *_OF_SEVERAL)

__all__ = [
    "SHAPES",
    "Columns",
    "ReadOptions",
    "load",
    "read",
    "read_entities",
    "read_measures",
    "read_panel",
    "read_panels",
    "value_name",
]


def read(paths: Sequence[Path], shape: str, options: ReadOptions) -> pl.DataFrame:
    """Files of one shape as one long table.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock. Files that measure several quantities need ``columns.value``.

    Returns:
        ``time`` (Datetime us, UTC), ``entity_id`` (Categorical), the value column (Float64, null where nothing was
        measured) and, where the file has it, ``available_at`` (UTC). Rows stay as they were found: not sorted, not
        merged.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    if shape in _OF_SEVERAL:
        measures = load(paths, shape, options)
        measures.one()
        return measures.frame()
    frame: pl.DataFrame = _module(shape).read(paths, options)
    return frame


def load(paths: Sequence[Path], shape: str, options: ReadOptions) -> Measures:
    """All that files of one shape measure, or ``options.columns.value`` alone; nothing is merged or put on a clock.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    from features.tables.measures import Measures
    from features.tables.published import Block, open_published

    module = _module(shape)
    if shape in _OF_SEVERAL:
        blocks = [block for table in open_published(paths) for block in module.read_blocks(table, options)]
        measures = Measures(blocks=tuple(blocks))
        return measures if options.columns.value is None else measures.only(options.columns.value)
    if hasattr(module, "read_several"):
        return Measures(blocks=(Block(frame=module.read_several(paths, options), mixed=True),))
    return Measures(blocks=(Block(frame=module.read(paths, options)),))


def read_measures(paths: Sequence[Path], shape: str, options: ReadOptions) -> pl.DataFrame:
    """Files of one shape as one long table of all that they measure.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock; ``columns.value`` picks one quantity.

    Returns:
        As ``read``, with one column a quantity. An entity's row is blank in what it does not measure, and quantities
        that are known at different moments stand in rows of their own.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    return load(paths, shape, options).frame()


def read_panels(
    paths: Sequence[Path], shape: str, options: ReadOptions
) -> tuple[dict[str, Panel], dict[str, Findings]]:
    """Files of one shape on one regular clock, a panel a quantity.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock; ``columns.value`` picks one quantity.

    Returns:
        By quantity: the panels, all with the same start, step and length, and what was found on the way. A panel's
        entities are those that measure its quantity. A forecast's ``available_at`` lies before its interval's end.

    Raises:
        BadInput: a file that cannot be understood, or times that share no clock.
    """
    return load(paths, shape, options).panels(step_min=options.step_min)


def read_entities(paths: Sequence[Path], shape: str) -> pl.DataFrame:
    """The places that files of one shape carry beside their measurements.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.

    Returns:
        ``entity_id``, ``name``, ``lat`` and ``lon`` (degrees, WGS84).

    Raises:
        BadInput: files of this shape carry no places, or these cannot be understood.
    """
    module = _module(shape)
    if not hasattr(module, "read_sites"):
        raise BadInput(
            cause=f"Files of shape '{shape}' carry no places",
            mend="Write an entity table of your own: entity_id, name, lat, lon",
        )
    frame: pl.DataFrame = module.read_sites(paths)
    return frame


def value_name(frame: pl.DataFrame) -> str:
    """The name of a long table's value column.

    Args:
        frame: what ``read`` returned.
    """
    return next(name for name in frame.columns if name not in {"time", "entity_id", "available_at"})


def read_panel(paths: Sequence[Path], shape: str, options: ReadOptions) -> tuple[Panel, Findings, str]:
    """Files of one shape on one regular clock.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock.

    Returns:
        The panel, what was found on the way, and the name of what was measured.

    Raises:
        BadInput: a file that cannot be understood, or times that share no clock.
    """
    if shape in _OF_SEVERAL:
        measures = load(paths, shape, options)
        value = measures.one()
        panels, found = measures.panels(step_min=options.step_min)
        return panels[value], found[value], value
    from features.tables.grid import to_panel

    frame = read(paths, shape, options)
    value = value_name(frame)
    panel, findings = to_panel(frame, value=value, step_min=options.step_min)
    return panel, findings, value


def _module(shape: str) -> ModuleType:
    if shape not in SHAPES:
        raise UnknownName.among("shape", shape, list(SHAPES))
    return import_module(f"features.tables.{shape.replace('-', '_')}")
