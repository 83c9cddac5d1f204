"""The flags by which every command that reads measurements learns what is in the file."""

from pathlib import Path
from typing import Annotated

import typer

from features.tables.columns import Columns, ReadOptions, instant

ShapeFlag = Annotated[
    str,
    typer.Option(
        "--shape",
        help="What the files look like: long, wide, day-slot (days and slots of the day, no times), topis (Seoul's"
        " monthly workbooks), or hazards as published: han-river, air-city, air-gu, asos (hourly weather), asos-daily"
        " (temperature), ldaps (forecasts of heat).",
    ),
]
TimeColFlag = Annotated[str, typer.Option("--time-col", metavar="NAME", help="The column of times.")]
EntityColFlag = Annotated[
    str,
    typer.Option("--entity-col", metavar="A[,B]", help="The column that names an entity; several are joined by '/'."),
]
ValueColFlag = Annotated[
    str | None,
    typer.Option("--value-col", metavar="NAME", help="The measured column; left out, the only other one of numbers."),
]
TimezoneFlag = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="Zone of times that carry none, e.g. Asia/Seoul.")
]
StartFlag = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="TIME",
        help="When step 0 of a wide file, or slot 0 of day 0, was, e.g. 2012-03-01T00:00-08:00.",
    ),
]
StepMinFlag = Annotated[
    int | None, typer.Option("--step-min", metavar="MINUTES", help="Minutes of one step; left out, the commonest gap.")
]
MissingFlag = Annotated[
    float | None,
    typer.Option("--missing-value", metavar="NUMBER", help="A number that means 'nothing measured', e.g. 0 or -999."),
]
CovariatesFlag = Annotated[
    Path | None,
    typer.Option(
        "--covariates", metavar="FILE", help="Weather and the like: time, columns of numbers, maybe available_at."
    ),
]


def read_options(
    *,
    time_col: str,
    entity_col: str,
    value_col: str | None,
    timezone: str | None,
    start: str | None,
    step_min: int | None,
    missing_value: float | None,
) -> ReadOptions:
    """What a user's flags say about a file.

    Args:
        time_col: ``--time-col``.
        entity_col: ``--entity-col``, names separated by commas.
        value_col: ``--value-col``.
        timezone: ``--timezone``.
        start: ``--start``; without an offset it is local to ``timezone``.
        step_min: ``--step-min``.
        missing_value: ``--missing-value``.

    Raises:
        BadInput: a flag that makes no sense; names it.

    >>> flags = {"value_col": None, "timezone": "Asia/Seoul", "start": None, "step_min": None, "missing_value": None}
    >>> read_options(time_col="time", entity_col="site_id, direction", **flags).columns.entity
    ('site_id', 'direction')
    """
    entity = tuple(name.strip() for name in entity_col.split(",") if name.strip())
    return ReadOptions(
        columns=Columns(time=time_col, entity=entity, value=value_col, timezone=timezone, missing=missing_value),
        start=None if start is None else instant(start, timezone),
        step_min=step_min,
    )
