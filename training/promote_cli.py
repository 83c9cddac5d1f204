"""``haechi models promote`` and ``rollback``: which version is served by default, and the record of why."""

from typing import Annotated

import typer
from rich.console import Console

from features import registry
from features.console import JsonFlag, emit
from features.errors import BadInput, UnknownName
from features.settings import load
from training.registered import artifacts, opened


def promote(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="NAME, NAME@ALIAS or NAME/VERSION.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Whatever the comparison says; it is recorded.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is forced.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a version the champion, the one that is served, if it errs less than the champion beyond chance.

    Example: haechi models promote traffic/3
    """
    from training.promote import challenge
    from training.publish import local_tracker, only_one
    from training.publish import promote as make_champion

    if force != (reason is not None) or (reason is not None and not reason.strip()):
        raise BadInput(
            cause="--force and --reason go together: what is forced is recorded with its reason",
            mend='Give both, e.g. --force --reason "half of the sensors were moved"',
        )
    _, manifest = opened(model)
    settings, root = load(), artifacts()
    with only_one(settings.home):
        why = challenge(root, manifest.name, manifest.version, settings.trusted_key, forced=reason)
        before = make_champion(root, manifest.name, manifest.version, local_tracker(settings.home), why)
    _say_champion(manifest.name, manifest.version, before, why.comparison, as_json=as_json)


def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the model.")], as_json: JsonFlag = False
) -> None:
    """Make the champion before this one the champion again, without a comparison; again goes further back.

    Example: haechi models rollback traffic
    """
    from training.promote import champion_before
    from training.publish import Why, local_tracker, only_one
    from training.publish import promote as make_champion

    home, root = load().home, artifacts()
    if name not in registry.names(root):
        raise UnknownName.among("model", name, list(registry.names(root)))
    with only_one(home):
        before = champion_before(root, name)
        if before is None:
            later = registry.aliases(root, name).get(registry.PREVIOUS)
            gone_back = f"; {name}/{later} came after it and was rolled back" if later is not None else ""
            raise BadInput(
                cause=f"{name} has had no champion before this one, so there is none to go back to{gone_back}",
                mend=f"Promote a version by number: haechi models promote {name}/{later or 'VERSION'}",
            )
        opened(f"{name}/{before}")
        replaced = make_champion(root, name, before, local_tracker(home), Why(how="rollback"))
    _say_champion(name, before, replaced, None, as_json=as_json)


def _say_champion(name: str, version: int, before: int | None, comparison: str | None, *, as_json: bool) -> None:
    document = {"model": name, "champion": version, "before": before, "comparison": comparison}

    def render(console: Console) -> None:
        if before == version:
            console.print(f"{name}/{version} was the champion already", markup=False)
            return
        console.print(f"{name}/{version} is the champion (before: {before or 'none'})", markup=False)
        if comparison is not None:
            console.print(comparison, markup=False)

    emit(document, as_json=as_json, render=render)
