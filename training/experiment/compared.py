"""Two or more experiments that were run, compared on what all of them forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.errors import BadInput
from training.compare import SEED, Comparison, Difference, compare
from training.experiment.folder import ERRORS, Experiment
from training.experiment.record import Record, read_record
from training.experiment.report import table
from training.ledger import Ledger
from training.ledger_file import load


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """One of the experiments that are compared.

    Attributes:
        name: its folder.
        record: of its last run.
        ledger: of its errors.
    """

    name: str
    record: Record
    ledger: Ledger


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """The first experiment and another.

    Attributes:
        first: that all others are compared with.
        other: one of them.
        found: first less other.
    """

    first: Side
    other: Side
    found: Comparison

    @property
    def sentence(self) -> str:
        """Which errs less, by how much."""
        return self.found.sentence(self.first.name, self.other.name)


def pairs(experiments: Sequence[Experiment]) -> list[Pair]:
    """The first experiment compared with each of the others.

    Raises:
        BadInput: fewer than two, one that was never run, or one that was not judged on the same; names what differs.
    """
    if len(experiments) < 2:
        raise BadInput(
            cause=f"One experiment, {experiments[0].folder}, has nothing to be compared with", mend="Name two or more"
        )
    first, *others = (_side(one) for one in experiments)
    return [Pair(first=first, other=other, found=_compared(first, other)) for other in others]


def document(found: Sequence[Pair], out: Path | None) -> dict[str, Any]:
    """All of it, for --json."""
    return {
        "first": found[0].first.name,
        "comparisons": [
            {
                "a": one.first.name,
                "b": one.other.name,
                "model_a": one.first.record.model,
                "model_b": one.other.record.model,
                "verdict": one.found.verdict,
                "sentence": one.sentence,
                "settings": {key: list(both) for key, both in _differing(one).items()},
                **asdict(one.found),
            }
            for one in found
        ],
        "simulated": _simulated(found),
        "out": None if out is None else str(out),
    }


def markdown(found: Sequence[Pair]) -> str:
    """The comparison as a page: each pair's sentence and tables."""
    label = "> **SIMULATED**: no figure here is of a real city.\n\n" if _simulated(found) else ""
    pages = "\n".join(_page(one) for one in found)
    again = " ".join(["haechi experiment compare", found[0].first.name, *(one.other.name for one in found)])
    return f"""# Which errs less: {", ".join([found[0].first.name, *(one.other.name for one in found)])}

{label}{pages}
The interval holds the difference at 95 %: whole days are drawn anew in blocks of {found[0].found.block}, so that a day
that is like its neighbours counts for no more than it tells.

    {again}
"""


def _page(pair: Pair) -> str:
    found, first, other = pair.found, pair.first, pair.other
    rows = [_row("all steps", found.overall)]
    rows += [_row(f"step {step}", one) for step, one in found.by_step.items()]
    rows += [_row(name, one) for name, one in found.by_regime.items()]
    rows += [_row(name, one) for name, one in {**found.places.top, **found.places.bottom}.items()]
    places = (
        f"Beyond chance a is better at {found.places.better_a:.0%} and b at {found.places.better_b:.0%} of "
        f"{found.places.count:,} places; chance alone would give about 2.5 % each."
    )
    differing = [[key, str(one), str(two)] for key, (one, two) in _differing(pair).items()]
    return f"""**{pair.sentence}.**

- a: {first.name}, `{first.record.model}`: {first.record.question}
- b: {other.name}, `{other.record.model}`: {other.record.question}

{table(["what differs", "a", "b"], differing or [["nothing", "", ""]])}

{table([f"MAE, {found.unit}", "a", "b", "a - b", "95 % interval", "better"], rows)}

{places}
"""


def _row(name: str, one: Difference) -> list[str]:
    told = one.low is not None and one.high is not None
    between = f"{one.low:+.2f} to {one.high:+.2f}" if told else "too few days"
    better = one.verdict if one.verdict in ("a", "b") else ""
    return [name, f"{one.mae_a:.2f}", f"{one.mae_b:.2f}", f"{one.difference:+.2f}", between, better]


def _differing(pair: Pair) -> dict[str, tuple[Any, Any]]:
    """Whatever explains the difference: settings, options, seed, code, versions."""
    one, other = (_stated(side.record) for side in (pair.first, pair.other))
    keys = [*one, *(key for key in other if key not in one)]
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def _stated(record: Record) -> Mapping[str, Any]:
    # The seed is an option too, where it was given.
    return {**record.options, **record.settings, **record.versions, "seed": record.seed, "commit": record.commit}


def _compared(first: Side, other: Side) -> Comparison:
    try:
        return compare(first.ledger, other.ledger, seed=SEED)
    except BadInput as error:
        raise BadInput(
            cause=f"{first.name} and {other.name}: {error.cause}",
            mend="Run both on the same file and split, e.g. with --data PATH",
        ) from None


def _side(experiment: Experiment) -> Side:
    record, path = read_record(experiment), experiment.folder / ERRORS
    if not path.is_file():
        raise BadInput(
            cause=f"{path} is not there, and without it there is nothing to compare",
            mend=f"Run it again: haechi experiment run {experiment.folder}",
        )
    return Side(name=experiment.shown, record=record, ledger=load(path))


def _simulated(found: Sequence[Pair]) -> bool:
    return any(side.record.simulated for one in found for side in (one.first, one.other))
