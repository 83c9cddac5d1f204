"""Writes the run file of a new experiment: the question, the options given, and the others as comments."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from features.atomic import writing
from features.errors import BadInput, UnknownName
from training.experiment.folder import RUN_FILE, place
from training.options import TrainOptions

# Said by the file itself, or by the table ``set``.
_NO_OPTIONS = ("domain", "run", "assignments", "as_json")


def create(
    context: typer.Context,
    domain: str,
    question: str,
    options: TrainOptions,
    *,
    root: Path,
    day: date,
    slug: str | None,
) -> Path:
    """Make the folder and its run file; returns the folder.

    Raises:
        BadInput: an empty question, a folder that is there.
        UnknownName: a setting that the domain has none of.
    """
    question = " ".join("".join(each if each.isprintable() else " " for each in question).split())
    if not question:
        raise BadInput(cause="The question is empty", mend='Ask one, e.g. "Does a longer history help?"')
    settings: dict[str, Any] = import_module(f"training.{domain}.job").SETTINGS
    for key in options.config:
        if key not in settings:
            raise UnknownName.among("setting", key, list(settings))
    folder = place(root, domain, day, question, slug)
    lines = [
        f"# {question}",
        f"# Run: haechi experiment run {folder.as_posix()}",
        f"question = {_toml(question)}",
        *_options(context, options.given),
        "",
        "# What is left out is read off the measurements or chosen on validation.",
        "[set]",
        *_settings(settings, options.config, _train_flags(context)),
    ]
    text = "\n".join(lines) + "\n"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise BadInput(
            cause=f"A setting of {dict(options.config)!r} is no number, text or list",
            mend="Write --set key=value, e.g. --set horizon_steps=12",
        ) from None
    folder.mkdir(parents=True)
    with writing(folder / RUN_FILE) as partial:
        partial.write_text(text, encoding="utf-8")
    return folder


def _options(context: typer.Context, given: Mapping[str, Any]) -> list[str]:
    """What was given, then every other option of ``haechi train`` with its default, as a comment."""
    lines = [f"{key} = {_toml(value)}" for key, value in given.items()]
    if "data" not in given:
        lines.append('# data = ["PATH"]  # or: haechi experiment run DIR --data PATH')
    lines += ["", "# Other options, as those of `haechi train`, with their defaults:"]
    for name, flag in _train_flags(context).items():
        if name in (*_NO_OPTIONS, "data", *given):
            continue
        # A default of None has no spelling in TOML; the option's own metavar says what it takes.
        default = _toml(flag.default) if flag.default is not None else f'"{flag.metavar or "TEXT"}"'
        lines.append(f"# {name} = {default}  # {getattr(flag, 'help', '')}")
    return lines


def _settings(defaults: Mapping[str, Any], chosen: Mapping[str, Any], flags: Mapping[str, Any]) -> list[str]:
    """What was set, and every other setting that no option sets as well, as a comment."""
    return [
        f"{key} = {_toml(chosen[key])}" if key in chosen else f"# {key} = {_toml(value)}"
        for key, value in defaults.items()
        if key in chosen or key not in flags
    ]


def _train_flags(context: typer.Context) -> dict[str, Any]:
    train = context.find_root().command.get_command(context, "train")  # type: ignore[attr-defined]  # it is a group
    return {flag.name: flag for flag in train.params if flag.name != "help"}


def _toml(value: Any) -> str:
    # JSON's numbers, texts and lists are TOML's too.
    return str(value) if isinstance(value, date | datetime) else json.dumps(value, ensure_ascii=False)
