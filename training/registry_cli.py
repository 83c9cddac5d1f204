"""``haechi models``: what there is, which is served, and whether it is still what it was."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features import registry
from features.console import JsonFlag, emit
from features.errors import HaechiError
from training.compare_cli import compare_models
from training.import_cli import import_model
from training.mirror_cli import mirror
from training.promote_cli import promote, rollback
from training.registered import artifacts, opened
from training.route_cli import route

models = typer.Typer(
    no_args_is_help=True,
    help="The registry of models: list, show, import, compare, promote, rollback, route, mirror, verify.",
)
models.command("import")(import_model)
models.command("compare")(compare_models)
models.command("promote")(promote)
models.command("rollback")(rollback)
models.command("route")(route)
models.command("mirror")(mirror)

_REFUSED = "refused: "
_COLUMNS = {
    "model": "model",
    "alias": "alias",
    "made": "made",
    "mae": "test MAE",
    "baseline": "best baseline",
    "entities": "entities",
    "note": "note",
}

Reference = Annotated[str, typer.Argument(metavar="MODEL", help="NAME, NAME@ALIAS or NAME/VERSION.")]


@models.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """Every version of every model, with its score beside the best baseline's.

    Example: haechi models list
    """
    root = artifacts()
    rows = [_row(root, name, version) for name in registry.names(root) for version in registry.versions(root, name)]

    def render(console: Console) -> None:
        if not rows:
            console.print(
                f"No model yet in {root}. Train one: haechi train traffic --data FILE", markup=False, soft_wrap=True
            )
            return
        console.print(_table(rows, console.width))
        for row in rows:
            if row["note"].startswith(_REFUSED):
                console.print(f"{row['model']}: {row['note']}", markup=False, soft_wrap=True)

    emit({"models": rows}, as_json=as_json, render=render)


@models.command("show")
def show(model: Reference, as_json: JsonFlag = False) -> None:
    """The model card of one version and when it was promoted or replaced, and its manifest with --json.

    Example: haechi models show traffic@champion
    """
    from features.artifact import CARD

    folder, manifest = opened(model)
    text = (folder / CARD).read_text(encoding="utf-8")
    everyone = registry.promotions(artifacts(), manifest.name)
    promotions = [record for record in everyone if manifest.version in (record["to"], record.get("from"))]

    def render(console: Console) -> None:
        from rich.markdown import Markdown

        console.print(Markdown(text))
        for record in promotions:
            console.print(_promotion_line(record), markup=False, soft_wrap=True)

    document = {"folder": str(folder), "manifest": manifest.model_dump(mode="json"), "promotions": promotions}
    emit(document, as_json=as_json, render=render)


@models.command("verify")
def verify(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Left out: every version.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check every byte, the signature where a key is trusted, and the manifest; exits 2 if anything is wrong.

    Example: haechi models verify
    """
    root = artifacts()
    references = [model] if model else [f"{n}/{v}" for n in registry.names(root) for v in registry.versions(root, n)]
    rows, wrong = [], []
    for reference in references:
        try:
            _, manifest = opened(reference)
            rows.append({"model": f"{manifest.name}/{manifest.version}", "ok": True, "cause": None})
        except HaechiError as error:
            wrong.append(error)
            rows.append({"model": reference, "ok": False, "cause": error.cause})

    def render(console: Console) -> None:
        for row in rows:
            console.print(f"{row['model']}: {'ok' if row['ok'] else row['cause']}", markup=False)
        if not rows:
            console.print("No model to verify", markup=False)

    emit({"models": rows}, as_json=as_json, render=render)
    if wrong:
        raise wrong[0]


def _promotion_line(record: dict[str, Any]) -> str:
    told = [str(record[key]) for key in ("reason", "comparison") if record.get(key)]
    line = f"{record.get('time')}: {record.get('how')}, {record.get('from') or 'none'} -> {record['to']}"
    return ". ".join([line, *told])


def _table(rows: list[dict[str, Any]], width: int) -> Table:
    """The model and its note are never cut; what lies between is broken into lines where ``width`` is short."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for key, heading in _COLUMNS.items():
        longest = max([len(heading), *(len(_cell(row, key)) for row in rows)])
        fixed = min(longest, width // 2) if key in ("model", "note") else None
        table.add_column(heading, overflow="fold", width=fixed)
    for row in rows:
        table.add_row(*(Text(_cell(row, key)) for key in _COLUMNS))
    return table


def _cell(row: dict[str, Any], key: str) -> str:
    # Why it is refused is a sentence: it stands below the table.
    return "refused" if key == "note" and row[key].startswith(_REFUSED) else str(row[key])


def _row(root: Path, name: str, version: int) -> dict[str, Any]:
    aliases = [alias for alias, number in registry.aliases(root, name).items() if number == version]
    row = {"model": f"{name}/{version}", "alias": ", ".join(aliases), "made": "", "mae": "", "baseline": ""}
    try:
        _, manifest = opened(f"{name}/{version}")
    except HaechiError as error:
        return row | {"entities": "", "note": f"{_REFUSED}{error.cause}"}
    whole = f"1-{manifest.horizon_steps}"
    mae = {score.model: score.value for score in manifest.scores if (score.metric, score.horizon) == ("mae", whole)}
    own, others = mae.pop(manifest.forecaster, None), mae
    best = min(others, key=lambda one: others[one]) if others else None
    return row | {
        "made": f"{manifest.created_at:%Y-%m-%d %H:%M}",
        "mae": "" if own is None else f"{own:.2f} {manifest.unit}",
        "baseline": "" if best is None else f"{others[best]:.2f} ({best})",
        "entities": len(manifest.entities),
        "note": "SIMULATED" if manifest.simulated else "",
    }
