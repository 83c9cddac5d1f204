"""One camera under watch: what it tells of incidents, of itself, and of its end."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.cctv import observer
from serving.cctv.observer import Observer
from serving.cctv.told import Alive, Change, Ended, HealthTold, IncidentTold, Measured, Shown
from tests.serving.cctv import doubles

SINCE = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture
def watched(tmp_path):
    def watch(address="double:5", sight=None, **config):
        told = []
        made = doubles.config(tmp_path, since=SINCE, **config)
        Observer(sight or doubles.sight(address=address), made, doubles.Doubles(made), told.append).run()
        return told

    return watch


def of(told, kind):
    return [one for one in told if isinstance(one, kind)]


def test_an_incident_is_told_as_it_is_raised_and_as_it_clears(watched):
    incidents = of(watched(), IncidentTold)
    assert [one.change for one in incidents] == [Change.RAISED, Change.CLEARED]
    raised, cleared = incidents
    assert raised.at == SINCE + timedelta(seconds=2)
    assert cleared.at - raised.at >= timedelta(seconds=2)
    assert (raised.incident.cleared_s, cleared.incident.cleared_s) == (None, 4.0)
    assert raised.by == doubles.BY


def test_what_lasts_when_the_film_ends_is_unknown_not_over(watched):
    incidents = of(watched("double:3"), IncidentTold)
    assert [one.change for one in incidents] == [Change.RAISED, Change.UNKNOWN]
    assert incidents[1].incident.cleared_s is None
    assert incidents[1].at > incidents[0].at


def test_what_lasts_is_told_again_now_and_then(watched, monkeypatch):
    monkeypatch.setattr(observer, "_LASTS_S", 0.5)
    changes = [one.change for one in of(watched(), IncidentTold)]
    assert changes[0] is Change.RAISED
    assert changes[-1] is Change.CLEARED
    assert set(changes[1:-1]) == {Change.LASTS}


def test_counts_of_a_minute_are_measurements_on_the_wall_clock(watched):
    (row,) = of(watched(), Measured)
    assert (row.time, row.entity_id, row.volume) == (SINCE, "A/1", 12.0)


def test_a_lost_feed_and_its_return_are_told_of_the_camera(watched):
    health = of(watched("double:5:feed lost"), HealthTold)
    assert [one.change for one in health] == [Change.RAISED, Change.CLEARED]
    assert health[0].at < health[1].at


def test_it_ends_with_how_much_was_seen(watched):
    told = watched()
    assert isinstance(told[-1], Ended)
    assert (told[-1].pictures, told[-1].cause) == (25, "")
    assert told[-1].seconds == pytest.approx(4.8)


def test_a_film_that_was_cut_off_says_so_at_its_end(watched):
    assert watched("double:1:truncated")[-1].note == "cut off"


def test_an_address_that_is_none_ends_it_with_cause_and_mend(watched):
    (ended,) = watched("double:5:refused")
    assert (ended.is_bad_input, ended.cause, ended.mend) == (True, "A: there is no such file", "Check the path")


def test_a_mistake_of_ours_ends_a_film_and_raises_nowhere(watched, caplog):
    ended = watched("double:5:broken")[-1]
    assert (ended.cause, ended.is_bad_input) == ("Its watch failed", False)
    assert "a mistake of ours" in caplog.text


def test_a_feed_that_was_seen_begins_anew_where_its_watch_fails(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(observer, "_FIRST_PAUSE_S", 0.0)
    config, told = doubles.config(tmp_path, since=SINCE), []

    def tell(one):
        told.append(one)
        if len(of(told, IncidentTold)) == 4:
            watching.stop()

    watching = Observer(doubles.sight(address="double:5:garbled", is_live=True), config, doubles.Doubles(config), tell)
    watching.run()
    assert [(one.incident.incident_id, one.change) for one in of(told, IncidentTold)] == [
        (1, Change.RAISED),
        (1, Change.UNKNOWN),
        (2, Change.RAISED),
        (2, Change.UNKNOWN),
    ]
    assert told[-1].cause == ""
    assert "The picture is none" in caplog.text


def test_a_clock_that_stands_still_is_waited_for(watched):
    assert watched("double:2:clock stands")[-1].pictures == 10


def test_pictures_of_another_size_begin_anew_and_no_number_is_given_twice(watched):
    incidents = of(watched("double:5:other size"), IncidentTold)
    assert [(one.incident.incident_id, one.change) for one in incidents] == [
        (1, Change.RAISED),
        (1, Change.UNKNOWN),
        (2, Change.RAISED),
        (2, Change.CLEARED),
    ]


def test_numbers_go_on_where_a_worker_that_died_was(watched):
    (raised, _) = of(watched(sight=doubles.sight(numbered=4)), IncidentTold)
    assert raised.incident.incident_id == 5


def test_pictures_are_shown_only_where_somebody_looks(watched, monkeypatch):
    monkeypatch.setattr(observer, "_SHOW_S", 0.0)
    monkeypatch.setattr(observer, "_ALIVE_S", 0.0)
    assert not of(watched(), Shown)
    told = watched(preview=True)
    assert len(of(told, Shown)) == 25
    assert of(told, Alive)[-1].pictures == 25
    assert all(one.jpeg.startswith(b"\xff\xd8") for one in of(told, Shown))


def test_a_snapshot_is_kept_as_an_incident_is_raised_and_stays_with_it(watched, tmp_path):
    raised, cleared = of(watched(snapshots=tmp_path / "kept"), IncidentTold)
    assert raised.snapshot == cleared.snapshot
    (file,) = (tmp_path / "kept").iterdir()
    assert (raised.snapshot.file, file.name) == (str(file), "A_20260701T090002Z_1.jpg")


def test_an_incident_is_told_also_where_its_picture_cannot_be_kept(watched, tmp_path, monkeypatch, caplog):
    from features.errors import StorageFailure

    def full(*_):
        raise StorageFailure(cause="The disk is full", mend="Make room")

    monkeypatch.setattr(observer.Snapshots, "keep", full)
    raised, _ = of(watched(snapshots=tmp_path / "kept"), IncidentTold)
    assert raised.snapshot is None
    assert "The disk is full" in caplog.text
