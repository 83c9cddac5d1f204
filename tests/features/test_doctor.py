"""The doctor says what is wrong and what to do about it, and changes nothing."""

import importlib.metadata
import json
import shutil
import socket
import sys
from collections import namedtuple

import pytest
from typer.testing import CliRunner

from features import doctor
from features.doctor import Finding, State, examine, is_healthy
from features.settings import Settings
from haechi import app

HIDDEN = "hunter2"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", host="127.0.0.1", port=0)


def findings_of(settings, environ=None):
    return {finding.subject: finding for finding in examine(settings, environ or {})}


def without(monkeypatch, *absent):
    known = importlib.metadata.version

    def version(name):
        if name in absent:
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)


def test_a_whole_installation_is_healthy(settings):
    findings = examine(settings, {})
    assert is_healthy(findings), findings
    assert {"python", "haechi", "base", "training", "serving", "dev", "home", "disk", "port"} == set(
        findings_of(settings)
    )
    assert all(finding.mend for finding in findings if finding.state in (State.BROKEN, State.NOTICE))


def test_versions_are_told(settings):
    assert f"numpy {importlib.metadata.version('numpy')}" in findings_of(settings)["base"].found
    assert "torch " in findings_of(settings)["training"].found
    assert "grpcio " in findings_of(settings)["serving"].found


def test_looking_changes_nothing(settings, tmp_path):
    examine(settings, {})
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_imported_to_look_at_it(settings, monkeypatch):
    for heavy in ("torch", "mlflow", "onnxruntime", "grpc"):
        monkeypatch.delitem(sys.modules, heavy, raising=False)
    examine(settings, {})
    assert not {"torch", "mlflow", "onnxruntime", "grpc"} & set(sys.modules)


def test_one_room_is_enough(settings, monkeypatch):
    without(monkeypatch, "torch", "mlflow")
    findings = examine(settings, {})
    training = findings_of(settings)["training"]
    assert training.state is State.ABSENT
    assert training.found == "without mlflow, torch"
    assert "make install" in training.mend
    assert is_healthy(findings)


def test_no_room_is_not(settings, monkeypatch):
    without(monkeypatch, "torch", "grpcio")
    assert not is_healthy(examine(settings, {}))


def test_without_the_base_it_is_broken(settings, monkeypatch):
    without(monkeypatch, "polars")
    assert findings_of(settings)["base"].state is State.BROKEN


def test_a_checkout_that_is_not_installed_is_told_so(settings, monkeypatch):
    without(monkeypatch, "haechi")
    finding = findings_of(settings)["haechi"]
    assert (finding.state, finding.mend) == (State.BROKEN, "Run: make install")


def test_a_home_that_is_a_file_is_broken(tmp_path):
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    finding = findings_of(Settings(home=tmp_path / "home", port=0))["home"]
    assert finding.state is State.BROKEN
    assert "is a file" in finding.found
    assert "HAECHI_HOME" in finding.mend


def test_a_home_that_cannot_be_written_is_broken(settings, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    finding = findings_of(settings)["home"]
    assert finding.state is State.BROKEN
    assert "Permission denied" in finding.found


def test_a_full_disk_is_broken(settings, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40, 2**20))
    assert findings_of(settings)["disk"].state is State.BROKEN


def test_a_port_in_use_is_a_notice_for_it_may_be_our_own(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = findings_of(Settings(home=tmp_path, host="127.0.0.1", port=port))["port"]
    assert finding.state is State.NOTICE
    assert "HAECHI_PORT" in finding.mend
    assert findings_of(Settings(home=tmp_path, host="127.0.0.1", port=port))["port"].state is State.OK


def test_a_host_that_is_no_address_is_broken(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert findings_of(Settings(home=tmp_path, port=8500))["port"].state is State.BROKEN


@pytest.mark.parametrize(
    ("uri", "state", "scheme"),
    [
        pytest.param(f"postgresql://me:{HIDDEN}@db.example/runs", State.OK, "postgresql", id="a database"),
        pytest.param("sqlite:////srv/runs.db", State.OK, "sqlite", id="a file"),
        pytest.param("./mlruns", State.OK, "path", id="a folder"),
        pytest.param(f"http://me:{HIDDEN}@127.0.0.1:1/", State.BROKEN, "http", id="a server that is not there"),
        pytest.param(f"http://me:{HIDDEN}@127.0.0.1:port/", State.BROKEN, "MLFLOW_TRACKING_URI", id="no address"),
    ],
)
def test_of_a_tracking_server_only_the_scheme_is_told(settings, uri, state, scheme):
    finding = findings_of(settings, {"MLFLOW_TRACKING_URI": uri})["mlflow"]
    assert finding.state is state
    assert finding.found.startswith(scheme)
    assert not {HIDDEN, "127.0.0.1", "db.example", "srv"} & set(finding.found.replace("/", " ").split())
    assert HIDDEN not in repr(finding)


def test_a_tracking_server_that_answers_is_ok(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"http://me:{HIDDEN}@127.0.0.1:{server.getsockname()[1]}"
        assert findings_of(settings, {"MLFLOW_TRACKING_URI": uri})["mlflow"].found == "http: answers"


@pytest.mark.parametrize(
    ("findings", "healthy"),
    [
        pytest.param([("serving", State.OK)], True, id="serving alone"),
        pytest.param([("serving", State.OK), ("training", State.ABSENT), ("port", State.NOTICE)], True, id="a notice"),
        pytest.param([("serving", State.OK), ("disk", State.BROKEN)], False, id="something broken"),
        pytest.param([("dev", State.OK)], False, id="no room"),
    ],
)
def test_health_is_one_room_and_nothing_broken(findings, healthy):
    assert is_healthy([Finding(subject=name, state=state, found="") for name, state in findings]) is healthy


def run(*options, **environ):
    return CliRunner().invoke(app, ["doctor", *options], env={"HAECHI_PORT": "0"} | environ)


def test_the_command_answers_with_one_json_document(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run("--json", MLFLOW_TRACKING_URI="")
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["healthy"]) == (0, True), answer.output
    assert {"subject", "state", "found", "mend"} == set(told["findings"][0])


def test_the_command_exits_1_where_something_is_broken(tmp_path):
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    answer = run(HAECHI_HOME=str(tmp_path / "home"), MLFLOW_TRACKING_URI="")
    assert answer.exit_code == 1
    assert "broken" in answer.stdout
    assert (tmp_path / "home").read_text(encoding="utf-8") == "a file"


def test_the_table_shows_extras_in_their_brackets(monkeypatch):
    without(monkeypatch, "vulture")
    assert "haechi[dev]" in run(MLFLOW_TRACKING_URI="", COLUMNS="200").stdout
