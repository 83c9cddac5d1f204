"""Everything that files measure: one long table of many quantities, or one panel a quantity on a shared clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from features.errors import BadInput, UnknownName
from features.series import Panel
from features.tables.findings import Findings
from features.tables.grid import to_panel
from features.tables.published import Block, Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What was read from files of one shape.

    Attributes:
        blocks: rows, those with the same quantities together; a quantity may be in several blocks.
    """

    blocks: tuple[Block, ...]

    @property
    def quantities(self) -> list[str]:
        """What is measured, in the order of the files."""
        return list(dict.fromkeys(name for block in self.blocks for name in block.quantities))

    def only(self, quantity: str) -> "Measures":
        """The same files, of one quantity.

        Raises:
            UnknownName: it is not measured; names those that are.
        """
        if quantity not in self.quantities:
            known = ", ".join(self.quantities)
            near = UnknownName.among("value column", quantity, self.quantities)
            raise UnknownName(cause=near.cause, mend=f"{near.mend.partition('Known: ')[0]}--value-col takes: {known}")
        kept = [
            replace(block, frame=block.frame.drop([name for name in block.quantities if name != quantity]))
            for block in self.blocks
            if quantity in block.quantities
        ]
        return Measures(blocks=tuple(kept))

    def one(self) -> str:
        """The only quantity.

        Raises:
            BadInput: there are several; names them.
        """
        if len(self.quantities) > 1:
            raise BadInput(
                cause=f"The files measure {len(self.quantities)} quantities, not one",
                mend=f"Name one with --value-col: {', '.join(self.quantities)}",
            )
        return self.quantities[0]

    def frame(self) -> pl.DataFrame:
        """The long table: ``time``, ``entity_id``, maybe ``available_at``, one column a quantity.

        An entity's row is blank in what it does not measure; what is known at different moments stands in rows of its
        own with the same time.
        """
        return pl.concat([block.frame for block in self.blocks], how="diagonal")

    def panels(self, *, step_min: int | None = None) -> tuple[dict[str, Panel], dict[str, Findings]]:
        """One panel a quantity, all of the same rows, and what was found.

        Args:
            step_min: minutes of one row; None takes the shortest of the quantities' own.

        Raises:
            BadInput: nothing was measured, or times that share no clock.
        """
        frames = {name: self._rows_of(name) for name in self.quantities}
        told = {name: frame for name, frame in frames.items() if frame[name].null_count() < len(frame)}
        if not told:
            raise BadInput(
                cause=f"Blank in every row: {', '.join(frames)}", mend="Name a measured column with --value-col"
            )
        made = _on_one_step(told, step_min)
        step = next(iter(made.values()))[0].step_min
        start, end = _span([panel for panel, _ in made.values()])
        shared: dict[str, Panel] = {}
        findings: dict[str, Findings] = {}
        for name, frame in frames.items():
            panel, found = made.get(name) or _unmeasured(frame, name, start, step)
            shared[name] = _padded(panel, start, end)
            findings[name] = self._counted(found, shared[name])
        return shared, findings

    def _rows_of(self, quantity: str) -> pl.DataFrame:
        frames = []
        for block in self.blocks:
            if quantity in block.quantities:
                rows = block.frame
                if block.mixed and len(block.quantities) > 1:
                    rows = rows.filter(_measures(quantity, block.quantities))
                others = [name for name in block.quantities if name != quantity]
                frames.append(rows.drop(others))
        return pl.concat(frames, how="diagonal")

    def _counted(self, found: Findings, panel: Panel) -> Findings:
        counts = [block.counts.get(panel.quantity, Counts()) for block in self.blocks]
        marked, beyond = sum(one.marked for one in counts), sum(one.out_of_range for one in counts)
        return replace(
            found,
            blank=found.blank - marked - beyond,
            steps=len(panel),
            missing=int(np.isnan(panel.values).sum()),
            marked=marked,
            out_of_range=beyond,
            none_as_zero=sum(one.none_as_zero for one in counts),
            dropped=sum(block.dropped for block in self.blocks if panel.quantity in block.quantities),
        )


def _measures(quantity: str, quantities: Sequence[str]) -> pl.Expr:
    """Whether a row's entity measures ``quantity``: it has a value of it, or of nothing at all."""
    anything = pl.any_horizontal(pl.col(name).is_not_null().any().over("entity_id") for name in quantities)
    return pl.col(quantity).is_not_null().any().over("entity_id") | ~anything


def _on_one_step(frames: Mapping[str, pl.DataFrame], step_min: int | None) -> dict[str, tuple[Panel, Findings]]:
    """A panel a quantity, on the shortest of their own steps; what was measured once keeps any step."""
    often = {name: frame for name, frame in frames.items() if _twice(frame, name)} or frames
    own = {name: to_panel(frame, value=name, step_min=step_min) for name, frame in often.items()}
    step = min(panel.step_min for panel, _ in own.values())
    if step_min is None:
        # A row says that a reading was due, also where it is blank: in a short file holes may be the commonest gap.
        step = min([step, *(minutes for frame in often.values() if (minutes := _gap_min(frame)) is not None)])
    return {
        name: own[name] if name in own and own[name][0].step_min == step else to_panel(frame, value=name, step_min=step)
        for name, frame in frames.items()
    }


def _gap_min(frame: pl.DataFrame) -> int | None:
    """The commonest gap between an entity's rows, blank ones included, where it is whole minutes."""
    gap_s = pl.col("time").sort().diff().dt.total_seconds()
    gaps = frame.group_by("entity_id").agg(gap_s.filter(gap_s > 0).alias("gap_s")).explode("gap_s")["gap_s"]
    commonest = gaps.drop_nulls().mode().min()
    return commonest // 60 if isinstance(commonest, int) and commonest % 60 == 0 else None


def _twice(frame: pl.DataFrame, quantity: str) -> bool:
    times = frame.drop_nulls(quantity).group_by("entity_id").agg(pl.col("time").n_unique())["time"]
    return bool((times > 1).any())


def _span(panels: Sequence[Panel]) -> tuple[datetime, datetime]:
    """The first panel's start and the last one's end, of panels that keep the same clock."""
    first = panels[0]
    for panel in panels:
        if (panel.start - first.start) % panel.step:
            raise BadInput(
                cause=f"{panel.quantity} is measured from {panel.start.isoformat()} on, {first.quantity} from"
                f" {first.start.isoformat()}: they share no {panel.step_min}-minute clock",
                mend="Read them one by one with --value-col",
            )
    return min(panel.start for panel in panels), max(panel.end for panel in panels)


def _padded(panel: Panel, start: datetime, end: datetime) -> Panel:
    before, after = (panel.start - start) // panel.step, (end - panel.end) // panel.step
    if not before and not after:
        return panel
    around = ((before, after), (0, 0))
    known = panel.available_at
    if known is not None:
        known = np.pad(known, around, constant_values=np.datetime64("NaT"))
    values = np.pad(panel.values, around, constant_values=np.nan)
    return replace(panel, start=start, values=values, available_at=known)


def _unmeasured(frame: pl.DataFrame, quantity: str, start: datetime, step_min: int) -> tuple[Panel, Findings]:
    """A quantity without any value: dead instruments stay on the panel."""
    entities = tuple(sorted(frame["entity_id"].cast(pl.String).unique()))
    nothing = np.full((1, len(entities)), np.nan, dtype=np.float32)
    panel = Panel(start=start, step_min=step_min, entities=entities, values=nothing, quantity=quantity)
    found = Findings(
        rows=len(frame),
        blank=len(frame),
        entities=len(entities),
        steps=1,
        step_min=step_min,
        duplicates_merged=0,
        conflicts=0,
        out_of_order=0,
        off_clock=0,
        missing=len(entities),
        repeated={},
    )
    return panel, found
