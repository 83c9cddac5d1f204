"""``haechi evaluate cctv DIR``: films watched, judged and told."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import cv2
from rich.console import Console

from features.atomic import full_disk_named, writing
from features.cctv.detectors import own
from features.console import emit, progress
from features.errors import BadInput, HaechiError
from features.settings import load
from training.cctv.annotated import read_films
from training.cctv.drawn import draw
from training.cctv.judge import Judged, judge_film
from training.cctv.pipeline import Pipeline
from training.cctv.report import groups, rows
from training.cctv.truth import Film


def evaluate(folder: Path, *, detector: str | None, out: Path | None, as_json: bool) -> None:
    """Watch every film of a folder, and print how well.

    Args:
        folder: as ``annotated.read_films`` takes it.
        detector: its name or file; None: Haechi's own.
        out: a Parquet file to write each incident to, raised or true.
        as_json: print one JSON document.

    Raises:
        HaechiError: names cause and mend.
    """
    films = read_films(folder)
    if out is not None:
        _check_out(out, folder)
    pipeline = Pipeline(detector_name=detector or own.NAME, home=load().home)
    # What is wrong with it is said before the first film.
    opened, rules = pipeline.detector(), pipeline.rules()
    with progress() as bar:
        task = bar.add_task("watching", total=len(films))
        judged = judge_films(films, pipeline, min(len(films), os.cpu_count() or 1), lambda: bar.advance(task))
    simulated = any(film.rendered for film in films)
    if out is not None:
        with writing(out) as path, full_disk_named():
            rows(judged).write_parquet(path, metadata={"haechi": "SIMULATED (모의 자료)"} if simulated else None)
    document = {
        "folder": str(folder),
        "films": len(films),
        "simulated": simulated,
        "detector": opened.name,
        "detector_sha256": opened.sha256,
        "rules": {"version": rules.version, "sha256": rules.sha256},
        "out": None if out is None else str(out),
        "groups": groups(judged),
    }

    def render(console: Console) -> None:
        draw(console, document)

    emit(document, as_json=as_json, render=render)


def _check_out(out: Path, folder: Path) -> None:
    if out.suffix.lower() != ".parquet":
        raise BadInput(cause=f"{out} does not end in .parquet, which is what is written", mend="Name it ....parquet")
    if out.exists() and out.resolve().is_relative_to(folder.resolve()):
        raise BadInput(cause=f"{out} lies among the films, and may be their truth", mend="Name a file elsewhere")


def judge_films(films: Sequence[Film], pipeline: Pipeline, processes: int, on_film: Callable[[], None]) -> list[Judged]:
    """Judge films, in their order.

    Args:
        films: to be watched.
        pipeline: that watches them.
        processes: at once, a film each; 1: in this one.
        on_film: called after each.

    Raises:
        BadInput: of the first film that cannot be judged.
    """
    found: dict[int, Judged] = {}
    if processes == 1:
        for number, film in enumerate(films):
            found[number] = judge_film(film, pipeline)
            on_film()
        return list(found.values())
    spawned = get_context("spawn")
    with ProcessPoolExecutor(processes, spawned, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        waiting = {pool.submit(_judged, film, pipeline): number for number, film in enumerate(films)}
        for done in as_completed(waiting):
            answer = done.result()
            if isinstance(answer, tuple):
                pool.shutdown(cancel_futures=True)
                raise BadInput(cause=answer[0], mend=answer[1])
            found[waiting[done]] = answer
            on_film()
    return [found[number] for number in range(len(films))]


def _judged(film: Film, pipeline: Pipeline) -> Judged | tuple[str, str]:
    """In a process of its own; what is wrong as cause and mend, since an error of keywords does not come through."""
    try:
        return judge_film(film, pipeline)
    except HaechiError as error:
        return error.cause, error.mend
