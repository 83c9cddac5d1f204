"""Asks a running server for its alerts, and shows them to people and scripts."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features.settings import load
from serving.client import connect
from serving.proto import haechi_v1_pb2 as v1
from serving.queries import Query, query

Document = dict[str, Any]
_SERVICE = v1.DESCRIPTOR.services_by_name["AlertService"]
_REQUESTS: dict[str, Callable[..., Any]] = {
    "List": v1.ListAlertsRequest,
    "Get": v1.AlertRequest,
    "History": v1.AlertRequest,
    "Cap": v1.AlertRequest,
    "Watch": v1.WatchAlertsRequest,
}


def ask(server: str | None, method: str, **fields: Any) -> Document:
    """What a server answers to a method of ``AlertService``.

    Args:
        server: ``host:port``; None: as the settings say.
        method: its name.
        **fields: of its request.

    Raises:
        HaechiError: no server answers, or it refuses; carries its cause and mend.
    """
    settings = load()
    with connect(server or settings.server, settings) as client:
        return client.ask(_query(method, fields))


def follow(server: str | None, **fields: Any) -> Iterator[Document]:
    """Steps of alerts as they are taken; arguments and errors are those of ``ask``."""
    settings = load()
    with connect(server or settings.server, settings) as client:
        yield from client.follow(_query("Watch", fields))


def _query(method: str, fields: Document) -> Query[Document]:
    request = _REQUESTS.get(method, v1.ActOnAlertRequest)(**fields)
    return query(_SERVICE, method, request, _plain)


def _plain(message: Any) -> Document:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def render_list(console: Console, alerts: list[Document]) -> None:
    """One line an alert, the newest last."""
    if not alerts:
        console.print("No alert stands in the queue.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("id", "severity", "life", "event is", "since", "headline"):
        table.add_column(name, overflow="fold")
    for one in alerts:
        words = (one["id"], one["severity"], one["life"], one["phase"], one["onset"], _headline(one))
        table.add_row(*map(Text, words))
    console.print(table)


def render_alert(console: Console, alert: Document, steps: list[Document]) -> None:
    """All that an alert says, and its history."""
    _say(console, _headline(alert))
    _say(console, alert["headline"]["en"])
    _say(console, f"  {alert['advice']['ko']}\n  {alert['advice']['en']}")
    told = [alert[name] for name in ("severity", "urgency", "certainty", "life", "phase", "quality")]
    _say(console, ", ".join(told))
    _say(console, f"onset {alert['onset']}, expires {alert['expires']}")
    _say(console, _place(alert["area"]))
    for figure in (*alert["measured"], *alert["drivers"]):
        words, value = figure["words"], f"{figure['value']:g} {figure['unit']}".strip()
        _say(console, f"  {words['ko']} / {words['en']}: {value}")
    for step in steps:
        _say(console, line(step))


def line(step: Document) -> str:
    """One step of an alert."""
    alert = step["alert"]
    return f"{step['time']}  {alert['id']}  {step['action']} by {step['actor']}: {step['reason']}"


def _place(area: Document) -> str:
    """Where it is: by name, by what measures there, and on the map."""
    names = " / ".join(dict.fromkeys((area["name"]["ko"], area["name"]["en"])))
    cell = f", H3 {area['h3_cell']}" if area["h3_cell"] else ""
    return f"at {names} ({', '.join(area['entities'])}){cell}"


def _headline(alert: Document) -> str:
    label = "SIMULATED " if alert["status"] == "Exercise" else ""
    return f"{label}{alert['headline']['ko']}"


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
