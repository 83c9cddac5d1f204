"""Commands of this room."""

import os
from contextlib import nullcontext
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from features import DOMAINS
from features.console import JsonFlag, emit
from features.errors import UnknownName
from features.settings import as_toml, load, origins
from serving.alerts.cli import alerts as alert_commands
from serving.cctv.cli import watch
from serving.cctv.cli import weights as weight_commands
from serving.parking.cli import parking as parking_commands
from serving.token_cli import tokens as token_commands

if TYPE_CHECKING:
    from serving.serve import Started

ModelsFlag = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR|models:/NAME@ALIAS",
        help="Folder of artifacts, NAME/VERSION/ below it; or MLflow's, followed. Default: HAECHI_HOME/artifacts.",
    ),
]
HostFlag = Annotated[str | None, typer.Option(help="Address to bind. Default: 127.0.0.1.")]
PortFlag = Annotated[int | None, typer.Option(min=0, max=65535, help="gRPC port; 0 picks a free one. Default: 8500.")]
HttpPortFlag = Annotated[
    int | None, typer.Option(min=0, max=65535, help="HTTP/JSON port (/v2/...); 0 picks a free one. Default: none.")
]
HealthPortFlag = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Answers health checks alone, without TLS. Default: none.")
]
WorkersFlag = Annotated[int | None, typer.Option(min=1, help="Processes, each on a core of its own. Default: 1.")]
TlsCertFlag = Annotated[Path | None, typer.Option(metavar="FILE", help="The server's certificate chain (PEM).")]
TlsKeyFlag = Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key (PEM).")]
ClientCaFlag = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Authority (PEM) that must have signed a client's certificate.")
]
TokensFlag = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Who may ask, as `haechi token new` writes it. Default: anyone here."),
]
PrintConfigFlag = Annotated[
    bool,
    typer.Option("--print-config", help="Print the settings in force, as lines of haechi.toml, and serve nothing."),
]


def add_commands(app: typer.Typer) -> None:
    """Add this room's commands to the front door."""
    app.command("serve")(_serve)
    app.add_typer(token_commands, name="token")
    app.add_typer(alert_commands, name="alerts")
    app.command("forecast")(_forecast)
    app.command("risk")(_risk)
    app.add_typer(parking_commands, name="parking")
    app.command("watch")(watch)
    app.add_typer(weight_commands, name="weights")
    app.command("replay")(_replay)
    app.command("demo")(_demo)


def _serve(
    models: ModelsFlag = None,
    *,
    host: HostFlag = None,
    port: PortFlag = None,
    http_port: HttpPortFlag = None,
    health_port: HealthPortFlag = None,
    workers: WorkersFlag = None,
    tls_cert: TlsCertFlag = None,
    tls_key: TlsKeyFlag = None,
    client_ca: ClientCaFlag = None,
    tokens: TokensFlag = None,
    print_config: PrintConfigFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Serve every model's champion (else its newest version) over gRPC until told to stop; changes are followed.

    Example: haechi serve --models .haechi/artifacts --port 8500 --http-port 8501
    """
    tls = {"tls_cert": tls_cert, "tls_key": tls_key, "tls_client_ca": client_ca}
    ports = {"port": port, "http_port": http_port, "health_port": health_port}
    flags = {"models": models, "host": host, "workers": workers, "tokens": tokens} | ports | tls
    given = {name: value for name, value in flags.items() if value is not None}
    settings = load().model_copy(update=given)
    if print_config:
        text = as_toml(settings, given)
        emit({"settings": origins(settings, given)}, as_json=as_json, render=lambda _: typer.echo(text))
        return
    root = settings.models or settings.home / "artifacts"

    from serving.manager import tell_manager
    from serving.mirrored import is_mirrored, mirrored
    from serving.seen import logs
    from serving.serve import serve
    from serving.workers import serve_workers

    logs.set_up(settings.log_format)

    def on_ready(started: "Started") -> None:
        document = asdict(started) | {"pid": os.getpid()}
        emit(document, as_json=as_json, render=lambda console: _render(console, document))
        tell_manager("READY=1")

    with mirrored(root, settings.home) if is_mirrored(root) else nullcontext(root) as folder:
        (serve if settings.workers == 1 else serve_workers)(folder, settings, on_ready)


def _forecast(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help=f"One of: {', '.join(DOMAINS)}.")],
    *,
    entity: Annotated[list[str], typer.Option("--entity", metavar="NAME", help="Whose forecast; may be repeated.")],
    model: Annotated[str | None, typer.Option(help="Default: the domain's name.")] = None,
    server: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Default: 127.0.0.1:8500.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps ahead. Default: all of the model's.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the one entity into a picture.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask a running server for the newest forecast and draw it.

    Example: haechi forecast traffic --entity A-01/in --png forecast.png
    """
    if domain not in DOMAINS:
        raise UnknownName.among("domain", domain, list(DOMAINS))
    ask = import_module(f"serving.{domain}.ask").ask
    ask(server or load().server, model or domain, entity, steps=steps, png=png, as_json=as_json)


def _risk(
    *,
    model: Annotated[str, typer.Option(metavar="NAME", help="Of a hazard, e.g. disaster-river-jamsu.")],
    place: Annotated[
        list[str] | None, typer.Option("--place", metavar="ID", help="Where; may be repeated. Default: everywhere.")
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Say why, at the place that is most at risk.")] = False,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the one place into a picture.")] = None,
    server: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Default: 127.0.0.1:8500.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask a running server how likely each level of a hazard is met, where and when.

    Example: haechi risk --model disaster-river-jamsu --place 1018680 --why
    """
    from serving.disaster.ask import ask

    ask(server or load().server, model, place or (), png=png, why=why, as_json=as_json)


def _replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Of logged requests: what HAECHI_REQUEST_LOG named.")],
    *,
    server: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Default: 127.0.0.1:8500.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Of this model alone. Default: of all.")] = None,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Ask what answers now, in place of the version that answered then.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask a server again what was logged, and compare its answers with those of then.

    Example: haechi replay requests --server 127.0.0.1:8501 --any-version
    """
    from serving.seen import replay

    found = replay.replay(folder, server or load().server, model=model, any_version=any_version)
    document = {"models": [asdict(one) for one in found]}
    emit(document, as_json=as_json, render=lambda console: replay.render(console, found))


def _demo(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Real measurements instead; the folder of Seoul's volumes.")
    ] = None,
) -> None:
    """Train, serve and ask: on the simulated Seoul, or on real volumes with --data; leaves pictures in demo-out.

    Example: haechi demo
    """
    from serving.demo.run import run

    run(data)


def _render(console: Console, document: dict[str, Any]) -> None:
    console.print(f"Serving at {document['address']}", markup=False)
    if document["http_address"] is not None:
        console.print(f"  and over HTTP at http://{document['http_address']}/v2", markup=False, soft_wrap=True)
    for model in document["models"]:
        label = "  (simulated data)" if model["simulated"] else ""
        console.print(f"  {model['name']}/{model['version']}{label}", markup=False)
    typed = next((one for one in document["models"] if one["domain"] in DOMAINS and one["entity"] is not None), None)
    command = ""
    if typed is not None:
        asked = f"{typed['domain']} --model {typed['name']} --entity '{typed['entity']}'"
        command = f"HAECHI_SERVER={document['address']} haechi forecast {asked}; "
    console.print(
        f"Ask it: {command}serving.client.Client from Python, or any Open Inference Protocol v2 client. "
        "Ctrl-C stops it.",
        soft_wrap=True,
        markup=False,
    )
