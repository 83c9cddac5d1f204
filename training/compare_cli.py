"""``haechi models compare``: which of two versions errs less on the same measurements, and whether by chance."""

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from features.console import JsonFlag, emit
from features.errors import BadInput
from features.tables.columns import ReadOptions
from features.tables.options import (
    CovariatesFlag,
    EntityColFlag,
    MissingFlag,
    ShapeFlag,
    StartFlag,
    StepMinFlag,
    TimeColFlag,
    TimezoneFlag,
    ValueColFlag,
    read_options,
)

if TYPE_CHECKING:
    from features.manifest import Manifest
    from training.compare import Comparison, Difference
    from training.ledger import Ledger

_Model = tuple[Path, "Manifest"]


def compare_models(
    a: Annotated[str, typer.Argument(metavar="A", help="NAME, NAME@ALIAS or NAME/VERSION.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The same of the other.")],
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="PATH", help="Replay both over a file that neither was trained on."),
    ] = None,
    covariates: CovariatesFlag = None,
    shape: ShapeFlag = "long",
    time_col: TimeColFlag = "time",
    entity_col: EntityColFlag = "entity_id",
    value_col: ValueColFlag = None,
    timezone: TimezoneFlag = None,
    start: StartFlag = None,
    step_min: StepMinFlag = None,
    missing_value: MissingFlag = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the differences.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Which of two models errs less on the same measurements, by how much, and whether that is more than chance.

    Example: haechi models compare traffic/3 traffic@champion --png compared.png
    """
    from features.tables.source import check_out
    from training.compare import SEED, compare
    from training.losses import TEST_LOSSES
    from training.registered import opened

    reading = read_options(
        time_col=time_col,
        entity_col=entity_col,
        value_col=value_col,
        timezone=timezone,
        start=start,
        step_min=step_min,
        missing_value=missing_value,
    )
    if png is not None and data:
        check_out(png, data, suffix=".png")
    one, other = opened(a), opened(b)
    names = _label(one), _label(other)
    if covariates is not None and not data:
        raise BadInput(cause=f"--covariates {covariates} is given without --data", mend="Add --data, or leave it out")
    if one[1].domain != other[1].domain:
        raise BadInput(
            cause=f"{one[1].name} is a model of {one[1].domain}, {other[1].name} one of {other[1].domain}",
            mend="Compare models of one domain",
        )
    if (one[0] / TEST_LOSSES).is_file():
        if data is not None or png is not None:
            raise BadInput(
                cause=f"{names[0]} forecasts probabilities: --data and --png are of models that forecast a quantity",
                mend=f"Leave them out, or judge each on the file: haechi evaluate {one[1].domain} --split all",
            )
        _by_probabilities(one, other, as_json=as_json)
        return
    found = compare(*_ledgers(one, other, data, shape, reading, covariates), seed=SEED)
    simulated = one[1].simulated or other[1].simulated
    if png is not None:
        _draw(found, names, png, simulated=simulated)
    document = asdict(found) | {
        "a": names[0],
        "b": names[1],
        "verdict": found.verdict,
        "sentence": found.sentence(*names),
        "simulated": simulated,
        "png": None if png is None else str(png),
    }

    def render(console: Console) -> None:
        console.print(_table(found, names, " [SIMULATED]" if simulated else ""))
        console.print(_places_line(found, names), markup=False)
        console.print(found.sentence(*names), markup=False)
        if png is not None:
            console.print(f"Picture: {png}", markup=False, soft_wrap=True)

    emit(document, as_json=as_json, render=render)


def _label(model: _Model) -> str:
    return f"{model[1].name}/{model[1].version}"


def _by_probabilities(one: _Model, other: _Model, *, as_json: bool) -> None:
    """Of models that forecast probabilities: by what each kept of its test."""
    from training import losses
    from training.compare import SEED

    names, simulated = (_label(one), _label(other)), one[1].simulated or other[1].simulated
    verdict, said = losses.compare(losses.load(one[0]), losses.load(other[0]), names, seed=SEED)
    compared = {"a": names[0], "b": names[1], "verdict": verdict, "sentence": said, "simulated": simulated}
    label = "SIMULATED  " if simulated else ""
    emit(compared, as_json=as_json, render=lambda console: console.print(f"{label}{said}", markup=False))


def _ledgers(
    one: _Model,
    other: _Model,
    data: list[Path] | None,
    shape: str,
    reading: ReadOptions,
    covariates: Path | None,
) -> "tuple[Ledger, Ledger]":
    from training.ledger_file import load_ledger

    if data is None:
        return load_ledger(one[0]), load_ledger(other[0])
    judge = import_module(f"training.{one[1].domain}.rejudge").rejudge
    first, second = judge((one, other), data, shape, reading, covariates)
    return first, second


def _table(found: "Comparison", names: tuple[str, ...], label: str) -> Table:
    title = f"{names[0]} (a) and {names[1]} (b){label}\nmean absolute error, {found.unit}; below zero a errs less"
    table = Table(title=title, title_justify="left")
    for heading in ("", "a", "b", "a - b", "95 % interval", "better"):
        table.add_column(heading, justify="left" if heading in ("", "better") else "right")
    _add(table, "all steps", found.overall, "bold")
    for parts, kind in ((found.by_step, "step "), (found.by_regime, ""), (found.places.top | found.places.bottom, "")):
        table.add_section()
        for name, one in parts.items():
            _add(table, f"{kind}{name}", one, None)
    return table


def _add(table: Table, name: str, one: "Difference", style: str | None) -> None:
    told = one.low is not None and one.high is not None
    between = f"{one.low:+.2f} to {one.high:+.2f}" if told else "too few days"
    better = one.verdict if one.verdict in ("a", "b") else ""
    table.add_row(name, f"{one.mae_a:.2f}", f"{one.mae_b:.2f}", f"{one.difference:+.2f}", between, better, style=style)


def _places_line(found: "Comparison", names: tuple[str, ...]) -> str:
    places = found.places
    return (
        f"Beyond chance {names[0]} is better at {places.better_a:.0%} and {names[1]} at {places.better_b:.0%} of "
        f"{places.count:,} places; chance alone would give about 2.5% each"
    )


def _draw(found: "Comparison", names: tuple[str, ...], png: Path, *, simulated: bool) -> None:
    from features.atomic import writing
    from features.figure import save_png
    from training.pictures import differences

    label = " - SIMULATED" if simulated else ""
    with writing(png) as partial:
        save_png(differences(_bars(found), title=f"{names[0]} less {names[1]}{label}", unit=found.unit), partial)


def _bars(found: "Comparison") -> dict[str, tuple[float, float | None, float | None]]:
    parts: dict[str, Any] = {"all steps": found.overall}
    parts |= {f"step {step}": one for step, one in found.by_step.items()} | found.by_regime
    return {name: (one.difference, one.low, one.high) for name, one in parts.items()}
