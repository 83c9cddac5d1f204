"""``haechi experiment``: ask, run, compare, list."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from features import DOMAINS
from features.console import JsonFlag, emit
from features.errors import BadInput, UnknownName
from training.experiment.folder import PICTURES, RECORD, RESULT, RUN_FILE, Experiment, opened, under
from training.options import called_as, train_options, with_flags_of

_ROOT = Path("experiments")

RootFlag = Annotated[Path, typer.Option("--root", metavar="DIR", help="Where experiments lie.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of an experiment.")]


def experiment_app(train: Callable[..., None]) -> typer.Typer:
    """The commands, of which ``new`` takes every flag of ``train``."""
    app = typer.Typer(no_args_is_help=True, help="Questions, the run files that ask them, and what came out.")
    app.command("new")(with_flags_of(train)(_new))
    app.command("run")(_run)
    app.command("compare")(_compare)
    app.command("list")(_list)
    return app


def _new(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help=f"One of: {', '.join(DOMAINS)}.")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="That a training is to answer.")],
    *,
    date: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Of its name. Default: today.")
    ] = None,
    slug: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of its name. Default: the question's words.")
    ] = None,
    root: RootFlag = _ROOT,
    run: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Begin with these options.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model.")
    ] = None,
    as_json: JsonFlag = False,
    **flags: Any,
) -> None:
    """Ask a question: makes a folder with a commented run file, in which every option of train can be given.

    Example: haechi experiment new traffic "Does a longer history help?" --data volumes.csv --set history_steps=48
    """
    from training.experiment.new import create

    _known(domain)
    options = train_options(context, {"domain": domain, **flags}, run, assignments or [], needs_data=False)
    # The day of whoever asks, not of Greenwich.
    day = (date or datetime.now().astimezone()).date()
    folder = create(context, domain, question, options, root=root, day=day, slug=slug)

    def render(console: Console) -> None:
        console.print(f"Made {folder / RUN_FILE}", markup=False, soft_wrap=True)
        console.print(f"Read it, then: haechi experiment run {folder}", markup=False, soft_wrap=True)

    emit({"folder": str(folder), "run_file": str(folder / RUN_FILE)}, as_json=as_json, render=render)


def _run(
    context: typer.Context,
    folder: FolderArgument,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="PATH", help="Instead of what the run file names.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train what the run file asks for, and write RESULT.md; what a person wrote there stays.

    Example: haechi experiment run experiments/traffic/2026-11-23-longer-history
    """
    experiment = opened(folder)
    # As `haechi train` would have been called: what else a training needs is in the run file.
    train = context.find_root().command.get_command(context, "train")  # type: ignore[attr-defined]  # it is a group
    words = [experiment.domain, *(word for path in data or [] for word in ("--data", path))]
    options = train_options(*called_as(train, words), experiment.run_file, [])
    from training.experiment.report import answer
    from training.experiment.run import run

    ran = run(experiment, options, named=not data)

    def render(console: Console) -> None:
        console.print(answer(ran.record), markup=False, soft_wrap=True)
        console.print(f"Written: {folder / RESULT}", markup=False, soft_wrap=True)

    document: dict[str, Any] = {"folder": str(folder), "result": str(folder / RESULT), "answer": answer(ran.record)}
    document |= {"pictures": [str(folder / PICTURES / name) for name in ran.pictures], "record": asdict(ran.record)}
    emit(document, as_json=as_json, render=render)


def _compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Experiments that were run.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.md", help="Write the comparison there.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Which of two errs less on the same interval, by how much and whether by chance; more are held against the first.

    Example: haechi experiment compare experiments/traffic/2026-11-23-a experiments/traffic/2026-11-24-b --out a-b.md
    """
    experiments = [opened(folder) for folder in folders]
    if out is not None and (out.suffix != ".md" or out.name == RESULT):
        raise BadInput(
            cause=f"{out} is no place for a comparison: it ends in .md, and {RESULT} is what a run writes",
            mend="Name it e.g. compared.md",
        )
    from features.atomic import writing
    from training.experiment.compared import document, markdown, pairs

    found = pairs(experiments)
    text = markdown(found)
    if out is not None:
        with writing(out) as partial:
            partial.write_text(text, encoding="utf-8")

    def render(console: Console) -> None:
        console.print(Markdown(text))
        if out is not None:
            console.print(f"Written: {out}", markup=False, soft_wrap=True)

    emit(document(found, out), as_json=as_json, render=render)


def _list(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Where experiments lie.")] = _ROOT,
    as_json: JsonFlag = False,
) -> None:
    """Every experiment with its question, its figure and the best baseline's.

    Example: haechi experiment list
    """
    rows = [_row(experiment) for experiment in under(root)]

    def render(console: Console) -> None:
        if not rows:
            console.print(f'No experiment in {root} yet. Ask: haechi experiment new DOMAIN "QUESTION"', markup=False)
            return
        table = Table()
        for name in rows[0]:
            table.add_column(name.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(
                *("-" if cell is None else f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row.values())
            )
        console.print(table)

    emit({"experiments": rows}, as_json=as_json, render=render)


def _row(experiment: Experiment) -> dict[str, Any]:
    from training.experiment.record import read_record

    row: dict[str, Any] = {"folder": str(experiment.folder)}
    if not (experiment.folder / RECORD).is_file():
        return row | dict.fromkeys(("question", "model", "mae", "best_baseline", "its_mae"))
    record = read_record(experiment)
    best = record.best_baseline
    row |= {"question": record.question, "model": record.model, "mae": record.own["mae"]}
    return row | {"best_baseline": best["forecaster"], "its_mae": best["mae"]}


def _known(domain: str) -> None:
    if domain not in DOMAINS:
        raise UnknownName.among("domain", domain, list(DOMAINS))
