"""A record as Markdown: the part of RESULT.md that a run writes."""

import shlex
from collections.abc import Sequence
from typing import Any

from training.experiment.folder import PICTURES, Experiment
from training.experiment.record import Record
from training.ledger import Ledger
from training.tables import regime_rows, sites_line

# What `haechi evaluate` has to be told of the files as well.
_READING = ("shape", "time_col", "entity_col", "value_col", "timezone", "start", "step_min", "missing_value")


def markdown(experiment: Experiment, record: Record, ledger: Ledger, pictures: Sequence[str]) -> str:
    """All that a run found, between the marks of RESULT.md.

    Args:
        experiment: that was run.
        record: of the run.
        ledger: of the model's errors.
        pictures: names of files in its folder ``pictures``.
    """
    label = "> **SIMULATED**: no figure here is of a real city.\n\n" if record.simulated else ""
    return f"""
{label}**{answer(record)}**

## Scores
{_scores(record)}

Of {record.model} alone:

{table(["regime", f"MAE, {record.unit}", "inside the interval", "targets"], regime_rows(ledger))}

Rush hours are 07-09 and 17-19 of working days, night is 22-05; a day is odd where the whole city was further from its
usual than on 95 % of the days before. {sites_line(ledger)}.

## Choices
{_choices(record)}

## Pictures
{_pictures(pictures)}

## Again
{_commands(experiment, record)}

{_provenance(record)}
"""


def answer(record: Record) -> str:
    """The model beside the best baseline, in one sentence."""
    own, best = record.own["mae"], record.best_baseline["mae"]
    share = abs(own - best) / best if best else 0.0
    word = "less" if own < best else "MORE"
    return (
        f"{record.model} errs {own:.2f} {record.unit} over all steps, "
        f"{share:.1%} {word} than the best baseline, {record.best_baseline['forecaster']} ({best:.2f})."
    )


def _scores(record: Record) -> str:
    columns = [key for key in record.own if key != "forecaster"]
    names = [key.replace("mae_step_", "step ").replace("mae", "all steps").replace("rmse", "RMSE") for key in columns]
    named = [(f"**{record.model}** ({record.own['forecaster']})", record.own)]
    named += [(f"{one['model']} ({one['row']['forecaster']})", one["row"]) for one in record.also]
    named += [(row["forecaster"], row) for row in record.scores[1:]]
    rows = sorted(named, key=lambda one: float(one[1]["mae"]))
    cells = [[name, *(_figure(row[key]) for key in columns)] for name, row in rows]
    figures = [(record.model, record.coverage, record.pinball)]
    figures += [(one["model"], one["coverage"], one["pinball"]) for one in record.also]
    held = "\n".join(
        f"- The {record.aimed_coverage:.0%} interval of {model} holds {coverage:.1%} of what was then measured; mean "
        f"pinball loss {pinball:.2f} {record.unit}."
        for model, coverage, pinball in figures
    )
    return f"""Mean absolute error in {record.unit} on its {record.interval}: {record.issue_times:,} issue times of
{record.entities:,} entities. Every forecaster is scored on the same targets; what was not measured counts nowhere.

{table(["forecaster", *names], cells)}

{held}"""


def _choices(record: Record) -> str:
    if not record.validation:
        return "Nothing was tried: every setting was given, or is a default."
    rows = [[one["what"], str(one["setting"]), _figure(one["mae"])] for one in record.validation]
    tried = table(["what", "setting", f"error before the test, {record.unit}"], rows)
    return f"On nothing later than the start of the test; of each kind the one that erred least was taken.\n\n{tried}"


def _pictures(names: Sequence[str]) -> str:
    titles = [(name, name.removesuffix(".png").replace("_", " ")) for name in names]
    return "\n".join(f"![{title}]({PICTURES}/{name})" for name, title in titles) or "None was drawn."


def _commands(experiment: Experiment, record: Record) -> str:
    folder, data = shlex.quote(experiment.shown), record.data or ["PATH"]
    files = [word for path in data for word in ("--data", path)]
    reading = [
        word
        for key in _READING
        if key in record.options
        for word in (f"--{key.replace('_', '-')}", str(record.options[key]))
    ]
    judged = ["haechi", "evaluate", record.domain, "--model", record.model, *files, *reading]
    extra = "" if record.data else " --data PATH"
    lines = [
        f"haechi experiment run {folder}{extra}  # trains, and writes this again",
        f"{shlex.join(judged)}  # the same model on the same interval",
    ]
    block = "\n".join(f"    {line}" for line in lines)
    return block if record.data else f"{block}\n\n`PATH`: the file whose measurements have the hashes below."


def _provenance(record: Record) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    cost = f"{record.seconds:.0f} s, {record.peak_memory_gib:.2f} GiB at its peak, {record.cores} cores"
    settings = ", ".join(f"{key} {_short(value)}" for key, value in record.settings.items())
    rows = [
        ["model", f"`{record.model}`" + (f", MLflow run `{record.mlflow_run}`" if record.mlflow_run else "")],
        ["made of", ", ".join(f"{name} {share:.0%}" for name, share in record.shares.items())],
        ["made", record.made_at],
        ["code", f"commit `{record.commit or 'unknown'}`"],
        ["data before the test", f"SHA-256 `{record.data_sha256}`"],
        ["data of the test", f"SHA-256 `{record.test_sha256}`"],
        ["seed", str(record.seed)],
        ["settings", settings],
        ["versions", versions],
        ["cost, from the files to the registered model", cost],
    ]
    return table(["what", "which"], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a cell's own bars and line ends do not break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _figure(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
