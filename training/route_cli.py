"""``haechi models route``: a canary for some of the calls, a shadow that nobody hears."""

from typing import Annotated, Any

import typer
from rich.console import Console

from features import registry
from features.console import JsonFlag, emit
from features.errors import BadInput, UnknownName
from features.routing import CHAMPION_ALONE, Routing, read_routing, write_routing
from features.settings import load
from training.registered import artifacts, opened


def route(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the model.")],
    *,
    canary: Annotated[int | None, typer.Option(metavar="VERSION", help="Answers a share of the calls.")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the calls, for the canary.")] = 0.0,
    zone: Annotated[
        list[str] | None, typer.Option(metavar="ZONE", help="Whose calls the canary answers; may be repeated.")
    ] = None,
    shadow: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Is asked too; its answers are compared, never returned.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="The champion alone again.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Let another version answer some of a model's calls, or listen in; servers follow within seconds.

    Without an option it shows where calls go now.

    Example: haechi models route traffic --canary 5 --share 0.1 --zone gangnam
    """
    from training.publish import only_one

    root, asked = artifacts(), canary is not None or share > 0 or bool(zone) or shadow is not None
    if name not in registry.names(root):
        raise UnknownName.among("model", name, list(registry.names(root)))
    if off and asked:
        raise BadInput(cause="--off goes with no other option", mend="Give --off alone, or the new routing alone")
    if off or asked:
        routing = CHAMPION_ALONE if off else Routing(canary=canary, share=share, zones=tuple(zone or ()), shadow=shadow)
        for version in routing.versions:
            opened(f"{name}/{version}")
        with only_one(load().home):
            write_routing(root, name, routing)
    _say(name, read_routing(root, name), as_json=as_json)


def _say(name: str, routing: Routing, *, as_json: bool) -> None:
    document: dict[str, Any] = {
        "model": name,
        "canary": routing.canary,
        "share": routing.share,
        "zones": list(routing.zones),
        "shadow": routing.shadow,
    }

    def render(console: Console) -> None:
        console.print(f"{name}: {routing}", markup=False, soft_wrap=True)

    emit(document, as_json=as_json, render=render)
