"""``haechi serve`` as a process: light, quiet on the network, and gone when told."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import psutil
import pytest
from rich.console import Console

from features.registry import set_aliases
from serving.cli import _render
from serving.client import Client

# Runs before anything else in the process, and tells at its end what was loaded and looked up.
WITNESS = """
import atexit, json, os, sys
seen = []
def listen(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"):
        seen.append([event, repr(args)])
sys.addaudithook(listen)
def tell():
    with open(os.environ["WITNESS"], "w") as file:
        json.dump({"modules": sorted(sys.modules), "network": seen}, file)
atexit.register(tell)
"""
TRAINING_STACK = {"torch", "lightgbm", "mlflow", "sklearn", "onnx", "pandas"}


class Process:
    """``haechi`` with a witness, at home in ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.testimony = home / "witness.json"
        (home / "sitecustomize.py").write_text(WITNESS)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAECHI_", "ORT_", "XDG_"))}
        self.environment = kept | {"HOME": str(home), "PYTHONPATH": str(home), "WITNESS": str(self.testimony)}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "haechi", *arguments],
            cwd=self.home,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def serving(self, *arguments: str, **more: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
        process = self.start("serve", "--port", "0", "--json", *arguments, **more)
        try:
            yield _document(process), process
        finally:
            process.kill()
            process.communicate()


def _document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON document that a process prints before it goes on."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    raise AssertionError(f"no document on stdout: {text!r}; stderr: {process.communicate()[1]}")


@pytest.fixture
def haechi(tmp_path: Path) -> Process:
    return Process(tmp_path)


@pytest.fixture
def own_models(models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models, tmp_path / "own"))


@pytest.mark.parametrize("command", [("serve",), ("parking", "recommend")], ids=" ".join)
def test_help_loads_neither_the_serving_nor_the_training_stack(command: tuple[str, ...], haechi: Process) -> None:
    process = haechi.start(*command, "--help")
    output, errors = process.communicate()

    assert process.returncode == 0, errors
    assert f"Example: haechi {' '.join(command)}" in output
    loaded = {name.partition(".")[0] for name in json.loads(haechi.testimony.read_text())["modules"]}
    assert not loaded & (TRAINING_STACK | {"onnxruntime", "grpc", "polars"}), loaded


def test_a_server_that_asks_is_asked_with_a_token(haechi: Process, models: Path, tokens_file: Path, token: Any) -> None:
    held = token("infer:doubler")
    with haechi.serving("--models", str(models), "--tokens", str(tokens_file)) as (document, _):
        line = ("forecast", "traffic", "--entity", "A", "--model", "doubler", "--server", document["address"])
        without = haechi.start(*line)
        assert "error: This server wants to know who asks" in without.communicate()[1]
        wrong = haechi.start(*line, HAECHI_TOKEN="haechi_hunter2")  # noqa: S106
        output, errors = wrong.communicate()
        assert "none of this server's" in errors
        assert "hunter2" not in output + errors
        right = haechi.start(*line, HAECHI_TOKEN=held)
        assert "doubler/1 is a model of the domain other" in right.communicate()[1]
        assert (without.returncode, wrong.returncode, right.returncode) == (1, 1, 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_serves_lightly_and_quietly_until_it_is_told_to_stop(
    number: signal.Signals, haechi: Process, models: Path
) -> None:
    x = np.array([[1, 2, 3]], dtype=np.float32)
    with haechi.serving("--models", str(models)) as (document, process):
        with Client(document["address"]) as client:
            assert client.infer("doubler", {"x": x})["y"].tolist() == [[2, 4, 6]]
        running = psutil.Process(process.pid)
        assert running.memory_info().rss < 200 * 2**20
        listening = [one.laddr.ip for one in running.net_connections() if one.status == psutil.CONN_LISTEN]
        assert [address.removeprefix("::ffff:") for address in listening] == ["127.0.0.1"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 0, errors
    witness = json.loads(haechi.testimony.read_text())
    assert not {name.partition(".")[0] for name in witness["modules"]} & TRAINING_STACK
    # Asking for the numbers of 127.0.0.1 looks nothing up.
    assert [event for event in witness["network"] if "'127.0.0.1'" not in event[1]] == []
    # Where onnxruntime queues what it reports home.
    assert not (haechi.home / ".cache" / "Microsoft").exists()
    assert f"serving at {document['address']}" in errors
    assert "Traceback" not in errors


def test_what_was_not_asked_to_be_seen_is_not_even_loaded(haechi: Process, models: Path) -> None:
    with haechi.serving("--models", str(models)) as (document, process):
        assert document["metrics"] == []
        process.terminate()
        process.communicate(timeout=20)

    loaded = {name.partition(".")[0] for name in json.loads(haechi.testimony.read_text())["modules"]}
    assert not loaded & {"prometheus_client", "opentelemetry"}


def test_metrics_and_logs_of_json_with_the_ids_of_calls(haechi: Process, models: Path) -> None:
    watched = {"HAECHI_METRICS_PORT": "0", "HAECHI_LOG_FORMAT": "json", "HAECHI_SLOW_MS": "0"}
    with haechi.serving("--models", str(models), **watched) as (document, process):
        with Client(document["address"]) as client:
            client.infer("doubler", {"x": np.array([[1, 2, 3]], dtype=np.float32)})
        with urlopen(document["metrics"][0], timeout=5) as reply:  # noqa: S310
            metrics = reply.read().decode()
        process.terminate()
        _, errors = process.communicate(timeout=20)

    assert 'haechi_call_seconds_count{model="doubler",version="1"} 1.0' in metrics
    assert "haechi_models_refused 0.0" in metrics
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any(line["message"].startswith("serving at") and "request_id" not in line for line in lines)
    (slow,) = (line for line in lines if line.get("model") == "doubler/1")
    assert slow["request_id"]
    witness = json.loads(haechi.testimony.read_text())
    assert [event for event in witness["network"] if "'127.0.0.1'" not in event[1]] == []


def test_the_champion_is_served_else_the_newest(haechi: Process, own_models: Path) -> None:
    set_aliases(own_models, "weigher", {"champion": 1})
    with haechi.serving("--models", str(own_models)) as (document, _):
        served = {model["name"]: model["version"] for model in document["models"]}

    assert (served["weigher"], served["doubler"]) == (1, 1)


def test_flags_override_settings(haechi: Process, models: Path) -> None:
    settings = {"HAECHI_PORT": "1", "HAECHI_HOST": "192.0.2.7"}
    with haechi.serving("--models", str(models), "--host", "127.0.0.1", **settings) as (document, _):
        host, _, port = document["address"].rpartition(":")

    assert host == "127.0.0.1"
    assert port != "1"


def _altered(models: Path) -> None:
    (models / "doubler" / "1" / "CARD.md").write_text("# Better\n")


def _altered_and_alone(models: Path) -> None:
    _altered(models)
    for other in models.iterdir():
        if other.name != "doubler":
            shutil.rmtree(other)


def test_a_damaged_model_does_not_take_the_others_down(haechi: Process, own_models: Path) -> None:
    _altered(own_models)
    with haechi.serving("--models", str(own_models)) as (document, _):
        served = {model["name"] for model in document["models"]}

    assert "weigher" in served
    assert "doubler" not in served
    assert [cause for cause in document["refused"] if "CARD.md is not the file" in cause]


@pytest.mark.parametrize(
    ("arguments", "environment", "change", "cause", "mend"),
    [
        pytest.param([], {}, None, "There is no model in .haechi/artifacts", "haechi train traffic", id="no model"),
        pytest.param(
            ["--models", "own"], {}, _altered_and_alone, "CARD.md is not the file", "copy the folder", id="an altered"
        ),
        pytest.param(
            ["--models", "own", "--host", "0.0.0.0"], {}, None,  # noqa: S104
            "reachable from other machines", "HAECHI_TOKENS", id="a host that strangers reach",
        ),
        pytest.param(
            ["--models", "own"], {"HAECHI_TRUSTED_KEY": "hunter2"}, None,
            "HAECHI_TRUSTED_KEY is not an Ed25519 public key", "openssl", id="a trusted key that is none",
        ),
    ],
)  # fmt: skip
def test_a_server_that_cannot_start_says_why_and_exits_with_two(
    arguments: list[str],
    environment: dict[str, str],
    change: Callable[[Path], None] | None,
    cause: str,
    mend: str,
    haechi: Process,
    own_models: Path,
) -> None:
    if change is not None:
        change(own_models)
    process = haechi.start("serve", "--port", "0", *arguments, **environment)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 2, errors
    assert output == ""
    assert cause in errors
    assert mend in errors
    assert "Traceback" not in errors
    assert "hunter2" not in errors


def test_a_port_in_use_exits_with_two(haechi: Process, models: Path) -> None:
    with haechi.serving("--models", str(models)) as (document, _):
        port = document["address"].rpartition(":")[2]
        second = haechi.start("serve", "--models", str(models), "--port", port)
        _, errors = second.communicate(timeout=30)

    assert second.returncode == 2
    assert "the port is in use" in errors
    assert "--port" in errors


def test_http_is_opened_by_a_flag_and_is_not_even_imported_otherwise(haechi: Process, models: Path) -> None:
    for flags, there in (((), False), (("--http-port", "0"), True)):
        with haechi.serving("--models", str(models), *flags) as (document, process):
            if there:
                with urlopen(f"http://{document['http_address']}/v2/models/doubler", timeout=10) as answer:
                    assert json.load(answer)["name"] == "doubler"
            else:
                assert document["http_address"] is None
            process.terminate()
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        assert ("uvicorn" in json.loads(haechi.testimony.read_text())["modules"]) is there


def test_for_people_it_prints_the_address_and_how_to_ask(haechi: Process, models: Path) -> None:
    process = haechi.start("serve", "--models", str(models), "--port", "0")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2 + len(list(models.iterdir())))]
    process.terminate()
    process.communicate(timeout=20)

    assert lines[0].startswith("Serving at 127.0.0.1:")
    assert "  weigher/2\n" in lines
    assert "serving.client.Client from Python" in lines[-1]


def test_how_to_ask_names_a_model_and_a_place_that_there_are() -> None:
    model = {"name": "demo-seoul", "version": 2, "domain": "traffic", "simulated": False, "entity": "A-01/in"}
    other = {"name": "doubler", "version": 1, "domain": "other", "simulated": False, "entity": None}
    console = Console(record=True, width=400)
    _render(console, {"address": "127.0.0.1:8500", "http_address": None, "models": [other, model]})

    command = "HAECHI_SERVER=127.0.0.1:8500 haechi forecast traffic --model demo-seoul --entity 'A-01/in'"
    assert command in console.export_text()


def test_print_config_tells_what_is_in_force_and_serves_nothing(haechi: Process) -> None:
    (haechi.home / "haechi.toml").write_text("threads = 2")
    more = {"HAECHI_HOST": "::1", "HAECHI_SIGNING_KEY": "hunter2"}
    process = haechi.start(
        "serve", "--models", "no such folder", "--port", "1", "--client-ca", "ca.pem", "--print-config", **more
    )
    output, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    for line in (
        'models = "no such folder"  # flag',
        "port = 1  # flag",
        'host = "::1"  # HAECHI_HOST',
        "threads = 2  # haechi.toml",
        "workers = 1  # default",
        'tls_client_ca = "ca.pem"  # flag',
        '# signing_key = "**********"  # HAECHI_SIGNING_KEY',
    ):
        assert line in output.splitlines()
    assert json.loads(haechi.testimony.read_text())["network"] == []
    (haechi.home / "haechi.toml").write_text(output)
    again, _ = haechi.start("serve", "--print-config").communicate(timeout=30)
    assert again.replace("  # haechi.toml", "").splitlines()[:3] == [
        line.partition("  # ")[0] for line in output.splitlines()[:3]
    ]


def test_print_config_as_json_has_the_rows_of_haechi_config(haechi: Process) -> None:
    process = haechi.start("serve", "--port", "1", "--print-config", "--json")
    rows = {row["name"]: row for row in json.loads(process.communicate(timeout=30)[0])["settings"]}

    assert (rows["port"]["value"], rows["port"]["origin"]) == ("1", "flag")
    assert rows["host"]["origin"] == "default"
    assert rows["host"]["meaning"]


def test_the_folder_of_models_is_a_setting_too(haechi: Process, models: Path) -> None:
    with haechi.serving(HAECHI_MODELS=str(models)) as (document, _):
        assert {model["name"] for model in document["models"]} >= {"doubler", "weigher"}


def test_a_service_manager_is_told_once_calls_are_answered(haechi: Process, models: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(haechi.home / "notify"))
        manager.settimeout(30)
        with haechi.serving("--models", str(models), NOTIFY_SOCKET=str(haechi.home / "notify")) as (document, _):
            assert manager.recv(100) == b"READY=1"
            with Client(document["address"]) as client:
                assert client.infer("doubler", {"x": np.zeros((1, 3), np.float32)})["y"].tolist() == [[0, 0, 0]]
