"""The Han river every ten minutes, as the Flood Control Office publishes it: Paldang dam, gauges, the tide.

``wl_CODE`` is a gauge's stage and ``fw_CODE`` its discharge, for any code; the entity is the code. Stages are read on
the gauge's own zero, but that of Hangang bridge (1018683) stands above sea level, so it is ``stage_masl_cm``: its staff
gauge, of which flood levels speak, reads 207 cm less. The datum of Cheongdam and Haengju is not stated; Jamsu needs no
offset. The dam is the entity ``paldang``: ``swl`` its level (m above sea level), ``inf`` inflow and ``tototf`` total
release (m3/s), ``sfw`` what it stores and ``ecpc`` what it could store besides (million m3: they add up to 244). The
tide, ``tide_level``, is the entity ``tide``. Every time is the instant of a reading.
"""

import re

import polars as pl

from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.layout import Column, Layout, look_alike
from features.tables.published import Block, Cells, Counts, place, read_cells, read_times
from features.tables.source import Table

_ABOVE_SEA_LEVEL = ("1018683",)
_GAUGE = re.compile(r"(wl|fw)_?(\d{4,})", re.IGNORECASE)
_DAM = (
    Column(quantity="stage_m", names=("swl", "저수위")),
    Column(quantity="inflow_m3s", names=("inf", "유입량")),
    Column(quantity="release_m3s", names=("tototf", "총방류량")),
    Column(quantity="storage_million_m3", names=("sfw", "저수량")),
    Column(quantity="free_storage_million_m3", names=("ecpc", "공용량")),
)
_TIDE = (Column(quantity="tide_cm", names=("tide_level", "조위")),)

LAYOUT = Layout(
    shape="han-river",
    time=("time", "ymdhm", "일시", "관측일시"),
    columns=(Column(quantity="stage_cm", names=("wl_1018680",), required=True), *_DAM, *_TIDE),
)


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file: a block for the dam, one for the tide, one for each gauge, where it has them.

    Args:
        table: the file.
        options: ``columns.timezone`` of times that carry none, in place of Seoul's.

    Raises:
        BadInput: no gauge at all, or what cannot be understood; names file, row or column, cause and mend.
    """
    gauges = _gauges(table)
    times, _ = read_times(table, LAYOUT, options)
    blocks = []
    for name, columns in {"paldang": _DAM, "tide": _TIDE, **gauges}.items():
        cells = read_cells(table, LAYOUT, options, columns)
        if cells.counts:
            cells = _alive(cells) if name == "paldang" else _rated(cells)
            frame = pl.DataFrame([times.alias("time"), place(name, len(times)), *cells.values])
            blocks.append(Block(frame=frame, counts=cells.counts))
    return blocks


def _gauges(table: Table) -> dict[str, tuple[Column, ...]]:
    found: dict[str, tuple[Column, ...]] = {}
    for name in table.schema.names():
        match = _GAUGE.fullmatch(name.strip())
        if match:
            kind, code = match[1].lower(), match[2]
            stage = "stage_masl_cm" if code in _ABOVE_SEA_LEVEL else "stage_cm"
            column = Column(quantity=stage if kind == "wl" else "discharge_m3s", names=(name,))
            found[code] = (*found.get(code, ()), column)
    if not any(column.quantity != "discharge_m3s" for columns in found.values() for column in columns):
        like = look_alike(table)
        raise BadInput(
            cause=f"{table.path} has no column of a gauge's stage, such as 'wl_1018680'",
            mend="Name stages wl_CODE and discharges fw_CODE by the gauge's seven digits"
            if like in {None, LAYOUT.shape}
            else f"It looks like --shape {like}",
        )
    return found


def _alive(cells: Cells) -> Cells:
    """The dam without the rows where its feed was down, which it fills with zeros: an empty lake is none."""
    if "stage_m" not in cells.values.columns:
        return cells
    down = cells.values["stage_m"].is_null()
    gone = cells.values.select(pl.when(~down).then(pl.all()))
    counts = {
        name: Counts(
            marked=count.marked + int((down & cells.values[name].is_not_null()).sum()), out_of_range=count.out_of_range
        )
        for name, count in cells.counts.items()
    }
    return Cells(values=gone, blank=cells.blank, counts=counts)


def _rated(cells: Cells) -> Cells:
    """A gauge without discharge where that is zero throughout: it has no rating, as Jamsu has none."""
    flow = cells.values.get_column("discharge_m3s", default=None)
    if flow is None or flow.null_count() == len(flow) or (flow != 0).any():
        return cells
    zeros = Counts(marked=cells.counts["discharge_m3s"].marked + len(flow) - flow.null_count())
    nothing = pl.lit(None, dtype=pl.Float64).alias("discharge_m3s")
    return Cells(
        values=cells.values.with_columns(nothing), blank=cells.blank, counts={**cells.counts, "discharge_m3s": zeros}
    )
