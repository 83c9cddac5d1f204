"""What is told of judged films: by group, real and rendered, day and night apart, and the rows behind it."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from features.cctv.kinds import IncidentKind
from training.cctv.judge import Judged
from training.cctv.scores.detection import Precision, precisions
from training.cctv.scores.events import EventScores, Match, event_scores
from training.cctv.scores.intervals import rate_interval
from training.cctv.scores.tracking import TrackingSums

ALL_KINDS = "all kinds"
Document = dict[str, Any]


def groups(judged: Sequence[Judged]) -> list[Document]:
    """Of each group of films, and of all real and all rendered ones where those are of several groups.

    Args:
        judged: films.

    Returns:
        For each group what was found, every figure ``None`` where there is nothing to be judged by.
    """
    names = sorted({one.film.group for one in judged})
    told = [_group(name, [one for one in judged if one.film.group == name]) for name in names]
    for rendered, word in ((False, "real"), (True, "rendered")):
        own = [one for one in judged if one.film.rendered is rendered]
        if len({one.film.group for one in own}) > 1:
            told.append(_group(f"{word}, all", own))
    return told


def _group(name: str, judged: list[Judged]) -> Document:
    hours = sum(one.watched_s for one in judged) / 3600
    looks = sum(one.looks for one in judged)
    boxed = [one for one in judged if one.tracking is not None]
    return {
        "group": name,
        "films": len(judged),
        "camera_hours": hours,
        "cpu_s_per_camera_hour": sum(one.cpu_s for one in judged) / hours,
        "detector_ms_per_picture": 1000 * sum(one.look_cpu_s for one in judged) / looks if looks else None,
        "detection": _detection(boxed) if boxed else None,
        "tracking": _tracking(boxed) if boxed else None,
        "events": _events(judged),
        "raised": _raised([one for one in judged if one.matches is None]),
        "health": dict(Counter(str(event.kind) for one in judged for event in one.health)),
    }


def _detection(judged: list[Judged]) -> Document:
    by_kind = all(one.film.has_kinds for one in judged)
    parts = {"alone": [one.alone for one in judged], "watched": [one.watched for one in judged]}
    return {
        name: [_ap(one) for one in precisions([seen for film in films for seen in film], by_kind=by_kind)]
        for name, films in parts.items()
    }


def _ap(one: Precision) -> Document:
    return {"of": one.of, "ap50": _number(one.ap50), "truths": one.truths}


def _tracking(judged: list[Judged]) -> Document:
    sums = sum((one.tracking for one in judged if one.tracking is not None), start=TrackingSums())
    return {
        "mota": _number(sums.mota),
        "idf1": _number(sums.idf1),
        "hota": _number(sums.hota),
        "switches": sums.switches,
        "truths": sums.truths,
    }


def _events(judged: list[Judged]) -> list[Document]:
    """By kind and of all, of films whose events are known; empty without any."""
    known = [one for one in judged if one.matches is not None]
    if not known:
        return []
    matches = [each for one in known for each in one.matches or []]
    hours = sum(one.watched_s for one in known) / 3600
    rows = [_scored(str(kind), event_scores(matches, hours, kind)) for kind in IncidentKind]
    return [*rows, _scored(ALL_KINDS, event_scores(matches, hours))]


def _scored(kind: str, scores: EventScores) -> Document:
    return {
        "kind": kind,
        "hits": scores.hits,
        "misses": scores.misses,
        "false_alarms": scores.false_alarms,
        "false_alarms_in_wake": scores.in_wake,
        "precision": _number(scores.precision),
        "precision_interval": scores.precision_interval,
        "recall": _number(scores.recall),
        "recall_interval": scores.recall_interval,
        "f1": _number(scores.f1),
        "median_s": _number(scores.median_s),
        "p95_s": _number(scores.p95_s),
        "false_per_camera_hour": scores.false_per_hour,
        "false_per_camera_hour_interval": scores.false_per_hour_interval,
    }


def _raised(judged: list[Judged]) -> list[Document]:
    """By kind, of films whose events nobody knows: what was raised, true or false; empty without such films."""
    if not judged:
        return []
    hours = sum(one.watched_s for one in judged) / 3600
    counted = Counter(str(each.kind) for one in judged for each in one.raised)
    rows = {**{str(kind): counted[kind] for kind in IncidentKind}, ALL_KINDS: counted.total()}
    return [
        {
            "kind": kind,
            "raised": count,
            "per_camera_hour": count / hours,
            "per_camera_hour_interval": rate_interval(count, hours),
        }
        for kind, count in rows.items()
    ]


_ROWS = {
    "camera": pl.String,
    "group": pl.String,
    "kind": pl.String,
    "outcome": pl.String,
    "in_wake": pl.Boolean,
    "true_onset_s": pl.Float64,
    "true_cleared_s": pl.Float64,
    "onset_s": pl.Float64,
    "raised_s": pl.Float64,
    "cleared_s": pl.Float64,
    "took_s": pl.Float64,
    "probability": pl.Float64,
    "left_px": pl.Float64,
    "top_px": pl.Float64,
    "right_px": pl.Float64,
    "bottom_px": pl.Float64,
    "why": pl.String,
}


def rows(judged: Sequence[Judged]) -> pl.DataFrame:
    """Each incident, raised or true: camera, times, box, and whether it was a hit, missed, false, or just raised."""
    told = [
        _row(one, each, each.outcome if one.matches is not None else "raised")
        for one in judged
        for each in one.matches or [Match(kind=raised.kind, truth=None, raised=raised) for raised in one.raised]
    ]
    return pl.DataFrame(told, schema=_ROWS, orient="row")


def _row(judged: Judged, one: Match, outcome: str) -> tuple[Any, ...]:
    truth, raised = one.truth, one.raised
    true = (None, None) if truth is None else (truth.onset_s, truth.cleared_s)
    if raised is None:
        told: tuple[Any, ...] = (None,) * 10
    else:
        times = (raised.onset_s, raised.raised_s, raised.cleared_s, _number(one.took_s))
        told = (*times, raised.probability, *(float(side) for side in raised.xyxy_px), raised.why)
    return (judged.film.camera, judged.film.group, str(one.kind), outcome, one.in_wake, *true, *told)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
