"""What a training is asked for: flags, or a run file whose keys are the flags' names."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

import typer

from features.errors import BadInput, UnknownName
from features.tables.columns import ReadOptions, instant
from features.tables.options import read_options


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """Everything that a run file can say; the keys are those of ``haechi train``.

    Attributes:
        data: files, folders or globs.
        reading: how to read them.
        shape: of the files.
        split: shares of train, validation and test.
        split_at: start of validation and of test, or None.
        config: the domain's settings that were set, by name.
        entities: a table of places, or None.
        name: of the model.
        seed: of every random choice.
        country: whose public holidays count.
        timezone: the local clock.
        quick: skip the choices on validation.
        hazard: of disaster, or None.
        measure: of parking, what is counted, ``free`` or ``occupied``, or None.
        covariates: a table of what else is known of the whole city, or None.
        part: of cctv, which of its models, or None.
        weights: of cctv, the ONNX file of a larger detector that says what is in real clips, or None.
        question: that a run file of an experiment asks, or None.
        given: what of all this differs from the defaults, as a run file would say it; without ``set``.
    """

    data: tuple[Path, ...]
    reading: ReadOptions
    shape: str
    split: tuple[float, ...]
    split_at: tuple[str, ...] | None
    config: dict[str, Any]
    entities: Path | None
    name: str
    seed: int
    country: str
    timezone: str
    quick: bool
    hazard: str | None = None
    measure: str | None = None
    covariates: Path | None = None
    part: str | None = None
    weights: Path | None = None
    question: str | None = None
    given: dict[str, Any] = field(default_factory=dict)


def train_options(
    context: typer.Context,
    flags: dict[str, Any],
    run: Path | None,
    assignments: Sequence[str],
    *,
    needs_data: bool = True,
) -> TrainOptions:
    """The options of a command that was called, a run file's values below its flags.

    Args:
        context: knows which flags the user gave.
        flags: every flag with its value or default.
        run: a run file, or None.
        assignments: ``key=value`` of ``--set``, above the run file's table ``set``.
        needs_data: whether it is an error to name no measurements.

    Raises:
        BadInput: no data, a run file that cannot be read, or a value that makes no sense.
        UnknownName: a key of the run file that is no option; offers the nearest.
    """
    values, settings, question = dict(flags), {}, None
    if run is not None:
        from_file = _run_file(run)
        question = from_file.pop("question", None)
        if question is not None and not isinstance(question, str):
            raise BadInput(cause=f"{run}: question = {question!r} is no text", mend='Write question = "..."')
        settings = from_file.pop("set", {})
        if not isinstance(settings, dict):
            raise BadInput(cause=f"{run}: set = {settings!r} is no table", mend="Write [set] and one line a setting")
        options = [name for name in flags if name != "domain"]
        for key, value in from_file.items():
            if key not in options:
                raise UnknownName.among(f"option in {run}:", key, [*options, "question", "set"])
            source = context.get_parameter_source(key)
            if source is not None and source.name == "DEFAULT":
                values[key] = _as_flag(context, run, key, value)
    settings |= dict(_assignment(text) for text in assignments)
    if needs_data and not values["data"]:
        raise BadInput(
            cause="No measurements are named", mend='Give --data PATH, or a line data = "PATH" in --run FILE'
        )
    timezone = values["timezone"]
    return TrainOptions(
        data=tuple(Path(path) for path in values["data"] or ()),
        reading=read_options(
            time_col=values["time_col"],
            entity_col=values["entity_col"],
            value_col=values["value_col"],
            timezone=timezone,
            start=values["start"],
            step_min=values["step_min"],
            missing_value=values["missing_value"],
        ),
        shape=values["shape"],
        split=_shares(values["split"]),
        split_at=None if values["split_at"] is None else tuple(values["split_at"].split(",")),
        config=settings,
        entities=None if values["entities"] is None else Path(values["entities"]),
        name=values["name"] or _default_name(values["domain"], values["hazard"] or values["part"]),
        seed=values["seed"],
        country=values["country"],
        timezone=timezone or "Asia/Seoul",
        quick=values["quick"],
        hazard=values["hazard"],
        measure=values["measure"],
        covariates=None if values["covariates"] is None else Path(values["covariates"]),
        part=values["part"],
        weights=None if values["weights"] is None else Path(values["weights"]),
        question=question,
        given=_given(context, values),
    )


def _default_name(domain: str, part: str | None) -> str:
    """The domain's, or that of the domain and the hazard or part: a city has a model for each."""
    return domain if part is None else f"{domain}-{part.replace('_', '-')}"


def called_as(train: Any, words: Sequence[str]) -> tuple[typer.Context, dict[str, Any]]:
    """What ``train_options`` takes, of ``haechi train`` called with ``words``.

    Args:
        train: the command.
        words: domain and flags.
    """
    called = train.make_context("train", list(words))
    own = {key: list(value) if isinstance(value, tuple) else value for key, value in called.params.items()}
    return called, {key: value for key, value in own.items() if key not in ("run", "assignments", "as_json")}


def with_flags_of(other: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command whose last parameter is ``**flags`` take every flag of ``other`` that it has not itself."""

    def dress(command: Callable[..., None]) -> Callable[..., None]:
        own = [one for one in signature(command).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        names = {one.name for one in own}
        lent = [one for one in signature(other).parameters.values() if one.name not in names]
        # Positional ones first, as any signature has them.
        both = sorted([*own, *lent], key=lambda one: one.kind)

        @wraps(command)
        def called(**values: Any) -> None:
            command(**values)

        vars(called)["__signature__"] = Signature(both)
        called.__annotations__ = {one.name: one.annotation for one in both}
        return called

    return dress


def split_instants(options: TrainOptions) -> tuple[Any, Any] | None:
    """The two instants of ``--split-at``; a naive one is on the clock of ``--timezone``.

    Raises:
        BadInput: not two times.
    """
    if options.split_at is None:
        return None
    if len(options.split_at) != 2:
        raise BadInput(
            cause=f"--split-at {','.join(options.split_at)} is not two times",
            mend="Give the start of validation and of test, e.g. --split-at 2022-08-08,2022-10-20",
        )
    validation, test = (instant(text, options.timezone) for text in options.split_at)
    return validation, test


def _given(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for flag in context.command.params:
        value = values.get(str(flag.name))
        if flag.name != "domain" and value is not None and value != flag.default:
            plain = isinstance(value, bool | int | float | list)
            found[str(flag.name)] = value if plain else str(value)
    return found


def _run_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(cause=f"The run file {path} cannot be read: {error.strerror}", mend="Check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(cause=f"{path} is not valid TOML: {error}", mend="Mend that line") from None


def _as_flag(context: typer.Context, run: Path, key: str, value: Any) -> Any:
    """A value of a run file as its flag would give it; a list stands for a flag that takes commas, or comes often."""
    flag = next(parameter for parameter in context.command.params if parameter.name == key)
    texts = [str(each) for each in (value if isinstance(value, list) else [value])]
    try:
        return flag.process_value(context, texts if flag.multiple else ",".join(texts))
    except typer.BadParameter as error:
        raise BadInput(
            cause=f"{run}: {key} = {value!r}: {error.message}", mend=f"Write it as {flag.opts[0]} takes it"
        ) from None


def _assignment(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not found:
        raise BadInput(cause=f"--set {text} has no '='", mend="Write --set key=value, e.g. --set horizon_steps=12")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        # A bare word is a text: nobody quotes twice in a shell.
        return key.strip(), value


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise BadInput(cause=f"--split {text} is not three numbers", mend="E.g. --split 0.6,0.2,0.2") from None
