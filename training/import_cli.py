"""``haechi models import``: a graph that was made elsewhere becomes a version."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from features.console import JsonFlag, emit
from features.errors import BadInput
from features.settings import load


def import_model(
    source: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.onnx", help="The graph, or the folder that holds it.")],
    *,
    name: Annotated[str, typer.Option(help="Of the model that it becomes a version of.")],
    tensors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What it takes and gives. Default: tensors.toml beside it."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make any ONNX graph a version that is served: its tensors as a small TOML or JSON says them.

    Example: haechi models import parking.onnx --tensors tensors.toml --name parking-lots
    """
    from training.foreign import publish_graph, read_foreign
    from training.publish import check_home

    graph = _graph(source)
    described = tensors if tensors is not None else _beside(graph)
    settings = load()
    check_home(settings)
    published = publish_graph(name, read_foreign(graph, described), graph.name, settings)
    manifest = published.manifest
    document = {
        "model": f"{manifest.name}/{manifest.version}",
        "folder": str(published.folder),
        "domain": manifest.domain,
        "champion": published.champion,
    }

    def render(console: Console) -> None:
        console.print(f"{document['model']}: {document['folder']}", markup=False, soft_wrap=True)
        if published.champion != manifest.version:
            console.print(
                f"{manifest.name}/{published.champion} is still served. This one: haechi models promote "
                f"{document['model']} --force --reason TEXT",
                markup=False,
                soft_wrap=True,
            )

    emit(document, as_json=as_json, render=render)


def _graph(source: Path) -> Path:
    if not source.is_dir():
        if not source.is_file():
            raise BadInput(cause=f"There is no {source}", mend="Name an ONNX file, or a folder that holds one")
        return source
    found = sorted(source.glob("*.onnx"))
    if len(found) != 1:
        named = ", ".join(path.name for path in found) or "none"
        raise BadInput(cause=f"{source} holds not one ONNX graph: {named}", mend="Name the file")
    return found[0]


def _beside(graph: Path) -> Path:
    from training.foreign import TENSORS

    places = [graph.with_name(name) for name in TENSORS]
    return next((place for place in places if place.is_file()), places[0])
