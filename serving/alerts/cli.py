"""``haechi alerts``: the queue of alerts, and what operators do with it."""

import json
from collections import Counter
from dataclasses import asdict
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from features import DOMAINS
from features.console import JsonFlag, emit
from features.errors import BadInput, HaechiError, UnknownName
from features.settings import load

alerts = typer.Typer(no_args_is_help=True, help="The queue of alerts: list, watch, act, check.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Of the alert, as `haechi alerts list` shows it.")]
ServerFlag = Annotated[str | None, typer.Option("--server", metavar="HOST:PORT", help="Default: 127.0.0.1:8500.")]
ReasonFlag = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the audit keeps it.")]
SeverityFlag = Annotated[
    str, typer.Option("--min-severity", metavar="WORD", help="At least Minor, Moderate, Severe or Extreme.")
]
DomainFlag = Annotated[list[str] | None, typer.Option("--domain", metavar="DOMAIN", help="Of this one. Repeatable.")]
StoreFlag = Annotated[
    str | None, typer.Option("--store", metavar="FILE|URL", help="Default: HAECHI_STORE, else HOME/alerts.sqlite.")
]


@alerts.callback()
def _alerts() -> None:
    """The queue of alerts: list, watch, act, check."""


@alerts.command("list")
def _list(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    domain: DomainFlag = None,
    min_severity: SeverityFlag = "",
    server: ServerFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the alerts that stand in the queue.

    Example: haechi alerts list --min-severity Severe
    """
    from serving.alerts.ask import ask, render_list

    told = ask(server, "List", filter=_filter(domain, min_severity, only_open=not every))
    emit(told, as_json=as_json, render=lambda console: render_list(console, told["alerts"]))


@alerts.command("show")
def _show(id: Id, *, server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Show all that an alert says, and everything that was done with it.

    Example: haechi alerts show traffic-0123456789abcdef
    """
    from serving.alerts.ask import ask, render_alert

    alert, history = ask(server, "Get", id=id), ask(server, "History", id=id)
    document = {"alert": alert, "history": history["steps"]}
    emit(document, as_json=as_json, render=lambda console: render_alert(console, alert, history["steps"]))


@alerts.command("ack")
def _ack(id: Id, *, reason: ReasonFlag = "seen", server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Say that somebody has seen an alert and looks into it.

    Example: haechi alerts ack traffic-0123456789abcdef --reason "camera 3 is on it"
    """
    _act("Acknowledge", id, reason, server, as_json=as_json)


@alerts.command("escalate")
def _escalate(id: Id, *, reason: ReasonFlag, server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Hand an alert on to whoever decides more.

    Example: haechi alerts escalate traffic-0123456789abcdef --reason "two lanes are blocked"
    """
    _act("Escalate", id, reason, server, as_json=as_json)


@alerts.command("close")
def _close(id: Id, *, reason: ReasonFlag, server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Take an alert out of the queue; the same event stays silent until it was over once, unless it gets worse.

    Example: haechi alerts close traffic-0123456789abcdef --reason "the car was towed"
    """
    _act("Close", id, reason, server, as_json=as_json)


@alerts.command("false-alarm")
def _false_alarm(id: Id, *, reason: ReasonFlag, server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Say that there was nothing.

    Example: haechi alerts false-alarm traffic-0123456789abcdef --reason "a parade"
    """
    _act("MarkFalseAlarm", id, reason, server, as_json=as_json)


@alerts.command("watch")
def _watch(
    *,
    cursor: Annotated[str, typer.Option(metavar="CURSOR", help="After which step. Default: from the first on.")] = "",
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps. Default: never.")] = None,
    domain: DomainFlag = None,
    min_severity: SeverityFlag = "",
    server: ServerFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Follow the steps of all alerts, one line each (with --json one document each, with the cursor to go on from).

    Example: haechi alerts watch --min-severity Severe
    """
    from serving.alerts.ask import follow, line

    steps = follow(server, cursor=cursor, filter=_filter(domain, min_severity, only_open=False))
    for step in islice(steps, count):
        _tell(step, line(step), as_json=as_json)


@alerts.command("cap")
def _cap(id: Id, *, server: ServerFlag = None, as_json: JsonFlag = False) -> None:
    """Print an alert as a message of CAP 1.2.

    Example: haechi alerts cap traffic-0123456789abcdef > alert.xml
    """
    from serving.alerts.ask import ask

    told = ask(server, "Cap", id=id)
    emit(told, as_json=as_json, render=lambda _: typer.echo(told["xml"], nl=False))


@alerts.command("verify")
def _verify(*, store: StoreFlag = None, as_json: JsonFlag = False) -> None:
    """Check that nobody altered the audit: reads the store itself, and exits 1 where something does not hold.

    Example: haechi alerts verify --store .haechi/alerts.sqlite
    """
    from serving.alerts.store import Store, default_place

    place = store or default_place(load())
    if "://" not in place and not Path(place).is_file():
        raise BadInput(cause=f"There is no store of alerts at {place}", mend="Name it with --store, or HAECHI_STORE")
    opened = Store(place)
    try:
        verdict = opened.verify()
    finally:
        opened.close()
    if verdict.faults:
        raise HaechiError(
            cause=f"The audit does not hold: {'; '.join(verdict.faults)}",
            mend="Keep this store as evidence, put its last copy back, and find out who can write to it",
        )
    said = f"{verdict.steps} steps, each follows from the one before. Newest hash: {verdict.head}"
    emit(asdict(verdict), as_json=as_json, render=lambda console: _line(console, said))


@alerts.command("replay")
def _replay(
    *,
    events: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Of `haechi evaluate`: traffic's --events, disaster's and parking's predictions (--out).",
        ),
    ],
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help=f"One of: {', '.join(DOMAINS)}.")] = "traffic",
    exercise: Annotated[bool, typer.Option("--exercise", help="Mark also what was measured as an exercise.")] = False,
    store: StoreFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Raise and release alerts for the events of a file, into the store itself; what was replayed changes nothing.

    Example: haechi alerts replay --domain traffic --events events.jsonl --exercise
    """
    if domain not in DOMAINS:
        raise UnknownName.among("domain", domain, list(DOMAINS))
    from serving.alerts.alerting import Alerting
    from serving.alerts.look import events as events_in
    from serving.alerts.store import Store, default_place
    from serving.alerts.words import Action

    # The whole file before the first alert: what is wrong with its last line is said before anything is done.
    looks = list(import_module(f"serving.{domain}.alerts").replay(events, exercise=exercise))
    opened = Store(store or default_place(load()))
    try:
        before = opened.head()
        for seen in looks:
            Alerting(opened).observe(seen)
        steps = opened.head() - before
        done = Counter(step.entry.action for step in opened.steps(after=before, most=steps))
        document = {
            "events": sum(map(events_in, looks)),
            "alerts": done[Action.RAISED],
            "releases": done[Action.RELEASED],
            "steps": steps,
            "open": len(opened.alerts()),
        }
    finally:
        opened.close()
    said = (
        f"Events: {document['events']}. New: alerts {document['alerts']}, releases {document['releases']}, "
        f"steps {document['steps']}. Alerts that stand in the queue: {document['open']}"
    )
    emit(document, as_json=as_json, render=lambda console: _line(console, said))


def _act(method: str, id: str, reason: str, server: str | None, *, as_json: bool) -> None:
    from serving.alerts.ask import ask

    alert = ask(server, method, id=id, reason=reason)
    emit(alert, as_json=as_json, render=lambda console: _line(console, f"{alert['id']} is {alert['life']}"))


def _filter(domains: list[str] | None, min_severity: str, *, only_open: bool) -> dict[str, object]:
    return {"domains": domains or [], "min_severity": min_severity, "only_open": only_open}


def _tell(step: dict[str, object], said: str, *, as_json: bool) -> None:
    """One step on a line of its own, at once."""
    if as_json:
        typer.echo(json.dumps(step))
    else:
        emit(step, as_json=False, render=lambda console: _line(console, said))


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
