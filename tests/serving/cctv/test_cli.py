"""``haechi watch`` and ``haechi weights`` as processes: what they print, leave behind, and how they end."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from serving import rpc
from serving.alerts.store import Store
from serving.proto import haechi_v1_pb2 as v1

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start(tmp_path):
    begun = []

    def begin(*arguments, program=("-m", "tests.serving.cctv.film_watch")):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HAECHI_")}
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *program, *arguments],
            cwd=tmp_path,
            env=kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    def finish(*arguments, **more):
        process = start(*arguments, **more)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return finish


def test_events_are_lines_of_json_on_stdout_and_the_rest_is_on_stderr(run):
    code, out, err = run("watch", "--camera", "A=double:5", "--detector", "double")
    assert code == 0, err
    assert [json.loads(line)["change"] for line in out.splitlines()] == ["raised", "cleared"]
    assert "A: 25 pictures" in err


def test_events_go_to_a_file_and_the_summary_is_one_document(run, tmp_path):
    code, out, err = run(
        "watch", "--camera", "A=double:5", "--camera", "B=double:3", "--events", "events.jsonl", "--json"
    )
    assert code == 0, err
    told = json.loads(out)["cameras"]
    assert {name: own["incidents"] for name, own in told.items()} == {name: {"stopped vehicle": 1} for name in "AB"}
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert sorted((row["camera"], row["change"]) for row in rows) == [
        ("A", "cleared"),
        ("A", "raised"),
        ("B", "raised"),
        ("B", "unknown"),
    ]


def test_each_event_is_an_alert_with_the_hash_of_its_snapshot(run, tmp_path):
    code, out, err = run("watch", "--camera", "A=double:3", "--alerts", "--exercise")
    assert code == 0, err
    row = json.loads(out.splitlines()[0])
    store = Store(str(tmp_path / ".haechi" / "alerts.sqlite"))
    (alert,) = store.alerts()
    store.close()
    assert (alert.content.evidence, alert.content.status) == (row["snapshot"]["sha256"], "Exercise")
    assert (tmp_path / row["snapshot"]["file"]).is_file()


def test_a_camera_that_cannot_be_watched_exits_2_and_the_others_are_watched(run):
    code, out, err = run("watch", "--camera", "A=double:5:refused", "--camera", "B=double:5")
    assert code == 2
    assert [json.loads(line)["camera"] for line in out.splitlines()] == ["B", "B"]
    assert "A: there is no such file" in err
    assert "Check the path" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        pytest.param([], "Missing option '--camera'", id="no camera"),
        pytest.param(["--camera", "a", "--since", "noon"], "no time with a zone", id="a time that is none"),
        pytest.param(
            ["--camera", "a", "--zones", "gone.toml"], "gone.toml cannot be read", id="zones that are not there"
        ),
        pytest.param(["--camera", "a", "--keep-days", "0"], "keep_days=0.0", id="snapshots for no time"),
        pytest.param(["--camera", "a", "--events", "gone/e.jsonl"], "cannot be written", id="a file that cannot be"),
        pytest.param(["--camera", "a", "--preview", "0", "--host", "192.0.2.7"], "reachable", id="open to others"),
    ],
)
def test_what_cannot_be_exits_2_with_cause_and_mend(run, arguments, cause):
    code, out, err = run("watch", *arguments)
    assert (code, out) == (2, "")
    assert cause in err
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "told to stop"])
def test_stopped_it_leaves_whole_files_and_exits_0(start, tmp_path, number):
    arguments = ("--camera", "A=double:9999:for ever", "--write", "seen.mp4", "--snapshots", "kept")
    process = start("watch", *arguments)
    assert json.loads(process.stdout.readline())["change"] == "raised"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert [json.loads(line)["change"] for line in out.splitlines()] == ["unknown"]
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert [name.rpartition(".")[2] for name in names] == ["jpg", "mp4"]


def test_page_and_service_answer_while_it_watches(start):
    process = start("watch", "--camera", "A=double:9999:for ever", "--preview", "0", "--port", "0", "--exercise")
    process.stdout.readline()
    said = process.stderr.readline() + process.stderr.readline()
    connection = http.client.HTTPConnection(re.search(r"http://([^/]+)/", said)[1], timeout=10)
    connection.request("GET", "/state.json")
    state = json.loads(connection.getresponse().read())
    connection.close()
    assert (state["cameras"][0]["simulated"], state["incidents"][0]["change"]) == (True, "raised")

    address = re.search(r"Serving at (\S+)", said)[1]
    method = v1.DESCRIPTOR.services_by_name["CctvService"].methods_by_name["WatchIncidents"]
    with grpc.insecure_channel(address) as channel:
        watching = rpc.ask(channel, method)(v1.WatchIncidentsRequest(), timeout=20)
        assert next(watching).incident.simulated
        process.send_signal(signal.SIGTERM)
        assert [step.incident.change for step in watching] == ["unknown"]
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_weights_that_are_others_are_refused(run, tmp_path):
    (tmp_path / "yolox_nano.onnx").write_bytes(b"others")
    (tmp_path / "yolox_nano.LICENSE").write_bytes(b"Apache")
    code, _, err = run("weights", "get", "yolox-nano", "--from", str(tmp_path), program=("-m", "haechi"))
    assert code == 2
    assert "695e750a" in err
    assert not (tmp_path / ".haechi").exists()
