"""Commands of the training room: train, evaluate, and the registry of models."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from features import DOMAINS, WATCHING
from features.console import JsonFlag
from features.errors import BadInput, UnknownName
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
from training.experiment.cli import experiment_app
from training.options import train_options, with_flags_of
from training.registry_cli import models

HazardFlag = Annotated[
    str | None,
    typer.Option("--hazard", metavar="H", help="Of disaster: pm25, river_jamsu…; `haechi hazards` lists them."),
]
MeasureFlag = Annotated[
    str | None,
    typer.Option(
        "--measure", metavar="free|occupied", help="Of parking: what is counted. Default: by the column's name."
    ),
]
PartFlag = Annotated[
    str | None, typer.Option("--part", metavar="detector", help="Of cctv: which of its models. Default: the detector.")
]
WeightsFlag = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE.onnx", help="Of cctv: a YOLOX that knows what is in the clips of --data."),
]
DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN", help=f"One of: {', '.join(DOMAINS)}.")]


def add_commands(app: typer.Typer) -> None:
    """Add this room's commands to the front door."""
    app.command("train")(_train)
    app.command("evaluate")(_evaluate)
    app.command("backtest")(_backtest)
    app.command("search")(_search)
    app.add_typer(models, name="models")
    app.add_typer(experiment_app(_train), name="experiment")


def _train(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help=f"One of: {', '.join((*DOMAINS, *WATCHING))}.")],
    *,
    data: Annotated[list[str] | None, typer.Option("--data", metavar="PATH", help="File, folder or glob.")] = None,
    shape: ShapeFlag = "long",
    time_col: TimeColFlag = "time",
    entity_col: EntityColFlag = "entity_id",
    value_col: ValueColFlag = None,
    timezone: TimezoneFlag = None,
    start: StartFlag = None,
    step_min: StepMinFlag = None,
    missing_value: MissingFlag = None,
    split: Annotated[str, typer.Option(metavar="A,B,C", help="Shares of train, validation, test.")] = "0.6,0.2,0.2",
    split_at: Annotated[
        str | None, typer.Option(metavar="T1,T2", help="Instead: when validation and test begin.")
    ] = None,
    run: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="These options in a file.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model.")
    ] = None,
    entities: Annotated[Path | None, typer.Option(metavar="FILE", help="Places: entity columns, lat, lon.")] = None,
    covariates: CovariatesFlag = None,
    hazard: HazardFlag = None,
    measure: MeasureFlag = None,
    part: PartFlag = None,
    weights: WeightsFlag = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: the domain's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 7,
    country: Annotated[str, typer.Option(help="Whose public holidays count.")] = "KR",
    quick: Annotated[bool, typer.Option("--quick", help="Try nothing on validation: a model in seconds.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Train, judge, export and register a model; prints its scores beside the baselines'.

    Example: haechi train traffic --data volumes.parquet --entity-col site_id,direction --entities sites.csv

    Example: haechi train disaster --hazard river_jamsu --shape han-river --data han_river.parquet

    Example: haechi train parking --data counts.parquet --entities lots.csv --measure free --country DE

    Example: haechi train cctv --part detector --data clips/ --weights yolox_nano.onnx
    """
    flags = {
        "domain": domain,
        "data": data,
        "shape": shape,
        "time_col": time_col,
        "entity_col": entity_col,
        "value_col": value_col,
        "timezone": timezone,
        "start": start,
        "step_min": step_min,
        "missing_value": missing_value,
        "split": split,
        "split_at": split_at,
        "entities": entities,
        "covariates": covariates,
        "hazard": hazard,
        "measure": measure,
        "part": part,
        "weights": weights,
        "name": name,
        "seed": seed,
        "country": country,
        "quick": quick,
    }
    command = _domain(domain, (*DOMAINS, *WATCHING))
    options = train_options(context, flags, run, assignments or [], needs_data=domain not in WATCHING)
    if domain not in WATCHING and not (options.part is None and options.weights is None):
        raise BadInput(cause=f"--part and --weights are not of {domain}", mend="Leave them out")
    command.train(options, as_json=as_json)


def _evaluate(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help=f"One of: {', '.join((*DOMAINS, *WATCHING))}.")],
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Of cctv: films, annotated or not.")] = None,
    *,
    data: Annotated[list[Path] | None, typer.Option("--data", metavar="PATH", help="File, folder or glob.")] = None,
    model: Annotated[
        str | None, typer.Option(help="NAME, NAME@ALIAS or NAME/VERSION. Default: the domain's name.")
    ] = None,
    split: Annotated[str, typer.Option(help="test: its own test part; all: a file it never saw.")] = "test",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.parquet", help="Write every prediction; of cctv, every incident raised or true."),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.onnx", help="Of cctv: yolox-nano, or any of a known family. Default: our own."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Written: abnormal flow that was seen, one JSON line an event."),
    ] = None,
    entities: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Places: with --events, to tell one event by; of parking, lots never seen."),
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
    as_json: JsonFlag = False,
) -> None:
    """Judge a published model by replaying measurements; prints its scores beside the baselines'.

    Of cctv: watch films, rendered or annotated in CVAT or neither, and print how well: AP50, MOTA, IDF1 and HOTA,
    incidents found, missed and false, seconds to detect, CPU-seconds.

    Example: haechi evaluate traffic --data volumes.parquet --entity-col site_id,direction --out predictions.parquet

    Example: haechi evaluate cctv simulated/cameras --detector yolox-nano --out incidents.parquet
    """
    if domain in WATCHING:
        _refuse_others(context, domain, ("domain", "folder", "detector", "out", "as_json"))
        if folder is None:
            raise BadInput(cause=f"No films of {domain} are named", mend=f"Run: haechi evaluate {domain} DIR")
        import_module(f"training.{domain}.evaluate_command").evaluate(
            folder, detector=detector, out=out, as_json=as_json
        )
        return
    command = _domain(domain)
    if data is None or folder is not None or detector is not None:
        raise BadInput(
            cause=f"{domain} is judged on measurements",
            mend="Name them with --data PATH; DIR and --detector are of cctv",
        )
    if split not in ("test", "all"):
        raise UnknownName.among("split", split, ["test", "all"])
    reading = read_options(
        time_col=time_col,
        entity_col=entity_col,
        value_col=value_col,
        timezone=timezone,
        start=start,
        step_min=step_min,
        missing_value=missing_value,
    )
    command.evaluate(
        data,
        shape,
        reading,
        model or domain,
        whole=split == "all",
        out=out,
        covariates=covariates,
        events=events,
        entities=entities,
        as_json=as_json,
    )


@with_flags_of(_train)
def _backtest(
    context: typer.Context,
    domain: DomainArgument,
    *,
    refit_days: Annotated[
        str, typer.Option(metavar="N|never", help="Days between two fits, each on all that lies before.")
    ] = "never",
    first_origin: Annotated[
        str | None, typer.Option("--from", metavar="T", help="The first origin. Default: where the test part begins.")
    ] = None,
    choose_each: Annotated[
        bool, typer.Option("--choose-each", help="Choose the settings at every fit; else those of the first are kept.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help="Write every prediction.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the error as time went on.")] = None,
    run: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Options of a training in a file.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model.")
    ] = None,
    as_json: JsonFlag = False,
    **flags: Any,
) -> None:
    """Judge a way to train by rolling origin: fit on what lies before, forecast on, fit anew; registers nothing.

    Each forecast is made as it would have been then, and a sample is made twice, with another future, to show it.

    Example: haechi backtest traffic --data volumes.parquet --entity-col site_id,direction --refit-days 28
    """
    _domain(domain)
    options = train_options(context, {"domain": domain, **flags}, run, assignments or [])
    import_module(f"training.{domain}.backtest_command").backtest(
        options,
        refit=refit_days,
        first_origin=first_origin,
        choose_each=choose_each,
        out=out,
        png=png,
        as_json=as_json,
    )


@with_flags_of(_train)
def _search(
    context: typer.Context,
    domain: DomainArgument,
    *,
    space: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="What is searched. Default: the domain's own.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Finished ones in the study, earlier ones counted.")] = 40,
    minutes: Annotated[float, typer.Option(min=0.01, help="No trial starts that would likely end later.")] = 60,
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="Resumed where it is there. Default: DOMAIN.")
    ] = None,
    memory_gib: Annotated[
        float | None, typer.Option(min=0.1, help="That one trial may hold. Default: four fifths of the machine's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where pictures go. Default: beside the study.")
    ] = None,
    run: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="These options in a file, as of train.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of every trial.")
    ] = None,
    as_json: JsonFlag = False,
    **flags: Any,
) -> None:
    """Search for the settings that err least before the test interval; killed, it resumes where it was.

    The file of a space is TOML with a table named space, and in it one line a setting: choices, or a range.

    history_steps = [12, 24, 48]

    ridge_errors = {low = 1e-4, high = 1.0, log = true}

    network_width = {low = 64, high = 256, step = 64}

    Any setting that train takes by --set. Traffic judges its linear model by rolling origin, and where a network_ or
    trees_ setting, factors or members is searched or set, the blend with those members on validation: slower.

    Example: haechi search traffic --data volumes.parquet --space space.toml --trials 40 --minutes 60
    """
    from training.search.commands import search

    _domain(domain)
    options = train_options(context, {"domain": domain, **flags}, run, assignments or [])
    search(
        domain,
        options,
        space=space,
        trials=trials,
        minutes=minutes,
        study=study,
        memory_gib=memory_gib,
        out=out,
        as_json=as_json,
    )


def _refuse_others(context: typer.Context, domain: str, own: tuple[str, ...]) -> None:
    """Say which flag was given that is not of a domain, rather than look away from it."""
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "")
        if parameter.name not in own and given is not None and given.name == "COMMANDLINE":
            raise BadInput(cause=f"{parameter.opts[0]} is not of {domain}", mend="Leave it out")


def _domain(name: str, among: Sequence[str] = DOMAINS):  # type: ignore[no-untyped-def]  # a module mypy cannot see through
    if name not in among:
        raise UnknownName.among("domain", name, list(among))
    return import_module(f"training.{name}.commands")
