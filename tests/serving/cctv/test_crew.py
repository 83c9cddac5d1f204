"""Cameras spread over processes: one's failure is never another's, and what dies is started again."""

import threading

import pytest

from serving.cctv import crew as crews
from serving.cctv.crew import Crew
from serving.cctv.told import Change, Ended, IncidentTold
from serving.cctv.watch import watch
from tests.serving.cctv import doubles


def watched(sights, config, workers=2, until=None):
    told, stopping = [], threading.Event()

    def hear(one):
        told.append(one)
        if until is not None and until(one):
            stopping.set()

    with Crew(sights, config, workers, doubles.make_doubles) as crew:
        summary = watch(crew, [sight.name for sight in sights], [hear], [], stopping)
    return told, summary


def raised(told):
    return sorted(one.camera for one in told if isinstance(one, IncidentTold) and one.change is Change.RAISED)


def test_every_camera_of_every_worker_is_heard(tmp_path):
    told, summary = watched([doubles.sight(name) for name in "ABC"], doubles.config(tmp_path))
    assert raised(told) == ["A", "B", "C"]
    assert {name: own.pictures for name, own in summary.items()} == dict.fromkeys("ABC", 25)


def test_one_camera_that_cannot_be_watched_leaves_the_others_alone(tmp_path):
    sights = [
        doubles.sight("A"),
        doubles.sight("B", "double:5:refused"),
        doubles.sight("C", "double:5:broken"),
        doubles.sight("D"),
    ]
    told, summary = watched(sights, doubles.config(tmp_path), workers=1)
    assert raised(told) == ["A", "D"]
    assert summary["B"].mend == "Check the path"
    assert summary["C"].cause == "Its watch failed"
    assert not summary["A"].cause


def test_a_detector_that_cannot_be_had_ends_all_of_its_cameras(tmp_path):
    from dataclasses import replace

    _, summary = watched([doubles.sight(name) for name in "AB"], replace(doubles.config(tmp_path), detector="none"))
    assert {own.cause for own in summary.values()} == {"There is no detector 'none'"}
    assert all(own.is_bad_input for own in summary.values())


def test_told_to_stop_every_camera_ends_and_its_film_is_whole(tmp_path):
    film = tmp_path / "seen.mp4"
    sights = [doubles.sight("A", "double:10000:for ever", film=film), doubles.sight("B", "double:10000:for ever")]
    told, summary = watched(sights, doubles.config(tmp_path), until=lambda one: isinstance(one, IncidentTold))
    assert sum(isinstance(one, Ended) for one in told) == 2
    assert not any(own.cause for own in summary.values())
    assert film.is_file()
    assert len(list(tmp_path.glob("*.mp4"))) == 1


def test_a_worker_that_is_killed_takes_no_other_worker_along_and_its_film_is_not_told_twice(tmp_path):
    sights = [doubles.sight("A", "double:5:killed"), doubles.sight("B")]
    told, summary = watched(sights, doubles.config(tmp_path))
    assert [one.change for one in told if isinstance(one, IncidentTold) and one.camera == "A"] == [
        Change.RAISED,
        Change.UNKNOWN,
    ]
    assert "died" in summary["A"].cause
    assert (summary["B"].pictures, summary["B"].cause) == (25, "")


def test_a_live_camera_whose_worker_is_killed_goes_on_in_another(tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "_SOON_S", 0.0)
    again = []

    def twice(one):
        if isinstance(one, IncidentTold) and one.change is Change.RAISED:
            again.append(one.incident.incident_id)
        return len(again) == 2

    told, _ = watched([doubles.sight("A", "double:5:killed", is_live=True)], doubles.config(tmp_path), until=twice)
    assert again == [1, 2]
    assert [one.change for one in told if isinstance(one, IncidentTold)][:2] == [Change.RAISED, Change.UNKNOWN]


@pytest.mark.parametrize(("workers", "processes"), [(1, 1), (2, 2), (9, 3)], ids=["one", "two", "more than cameras"])
def test_no_more_processes_than_cameras(tmp_path, workers, processes):
    crew = Crew([doubles.sight(name) for name in "ABC"], doubles.config(tmp_path), workers, doubles.make_doubles)
    assert len(crew._workers) == processes
