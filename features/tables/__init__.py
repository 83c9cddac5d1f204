"""Published table shapes, each read into the long table: ``time, entity_id, <value>``.

A shape is a module of this folder that offers ``read(paths, options) -> DataFrame`` and, where its files say where
things are, ``read_sites(paths) -> DataFrame``. Modules are imported when they are
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

SHAPES = ("long", "wide", "topis")

__all__ = ["SHAPES", "Columns", "ReadOptions", "read", "read_entities", "read_panel", "value_name"]


def read(paths: Sequence[Path], shape: str, options: ReadOptions) -> pl.DataFrame:
    """Files of one shape as one long table.

    Args:
        paths: files, folders or globs, one or several.
        shape: one of ``SHAPES``.
        options: which column is what, and the clock.

    Returns:
        ``time`` (Datetime us, UTC), ``entity_id`` (Categorical), the value column (Float64, null where nothing was
        measured) and, where the file has it, ``available_at`` (UTC). Rows stay as they were found: not sorted, not
        merged.

    Raises:
        BadInput: a file that cannot be understood; names file, row or column, cause and mend.
    """
    frame: pl.DataFrame = _module(shape).read(paths, options)
    return frame


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
    from features.tables.grid import to_panel

    frame = read(paths, shape, options)
    value = value_name(frame)
    panel, findings = to_panel(frame, value=value, step_min=options.step_min)
    return panel, findings, value


def _module(shape: str) -> ModuleType:
    if shape not in SHAPES:
        raise UnknownName.among("shape", shape, list(SHAPES))
    return import_module(f"features.tables.{shape.replace('-', '_')}")
