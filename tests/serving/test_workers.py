"""Several processes answer at one address, stay in step, are started again, and leave together."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import psutil
import pytest

from features.errors import UnknownCaller
from features.settings import Settings
from serving import workers
from serving.client import Client, Tls
from serving.serve import wait_for

X = np.ones((1, 3), dtype=np.float32)
needs_two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="two workers need two cores, and this process may use one"
)


@contextmanager
def serving(models: Path, home: Path, *more: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "haechi", "serve", "--models", str(models), "--port", "0", "--json"]
    environment = os.environ | {"HAECHI_HOME": str(home), "HAECHI_POLL_S": "0.2"}
    process = subprocess.Popen(  # noqa: S603
        [*command, *more], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        text = ""
        for line in process.stdout or ():
            text += line
            if line == "}\n":
                break
        yield json.loads(text), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Those that live, without the tracker of resources that multiprocessing starts."""
    alive = [one for one in psutil.Process(process.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in alive if "resource_tracker" not in " ".join(one.cmdline())]


def eventually(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it never came to pass")


def models_seen(address: str) -> set[int]:
    """How many models the workers behind an address show, each asked over connections of its own."""
    seen = set()
    for _ in range(12):
        with Client(address) as client:
            seen.add(sum(model.state == "READY" for model in client.models()))
    return seen


@needs_two_cores
def test_two_workers_answer_stay_in_step_and_leave_together(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path, "--workers", "2") as (document, process):
        workers = workers_of(process)
        assert len(workers) == 2
        assert {tuple(worker.cpu_affinity()) for worker in workers} == {
            (core,) for core in sorted(os.sched_getaffinity(0))[:2]
        }
        (whole,) = models_seen(document["address"])

        with Client(document["address"]) as client:
            np.testing.assert_array_equal(client.infer("doubler", {"x": X})["y"], 2 * X)
            client.unload("doubler")
        eventually(lambda: models_seen(document["address"]) == {whole - 1})
        with Client(document["address"]) as client:
            client.load("doubler")
        eventually(lambda: models_seen(document["address"]) == {whole})

        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not [worker for worker in workers if worker.is_running()]


@needs_two_cores
def test_each_worker_has_metrics_of_its_own(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAECHI_METRICS_PORT", "0")
    with serving(models, tmp_path, "--workers", "2") as (document, _):
        assert len(set(document["metrics"])) == 2
        for url in document["metrics"]:
            with urlopen(url, timeout=5) as reply:  # noqa: S310
                assert "haechi_models_loaded" in reply.read().decode()


@needs_two_cores
def test_a_worker_that_dies_is_started_again(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path, "--workers", "2") as (document, process):
        killed = workers_of(process)[0]
        killed.kill()
        eventually(lambda: len(workers_of(process)) == 2 and killed.pid not in {w.pid for w in workers_of(process)})

        def all_answer() -> bool:
            with Client(document["address"]) as client:
                return client.ready()

        eventually(all_answer)


@needs_two_cores
def test_workers_leave_when_the_one_that_was_started_is_killed(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path, "--workers", "2") as (_, process):
        workers = workers_of(process)
        process.kill()
        process.wait(20)
        eventually(lambda: not any(w.is_running() and w.status() != psutil.STATUS_ZOMBIE for w in workers))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--workers", "256"], "256 workers on", id="more than there are cores"),
        pytest.param(["--workers", "2", "--models", "nowhere"], "There is no model in nowhere", id="no models"),
    ],
)
@needs_two_cores
def test_what_cannot_be_served_ends_at_once_and_says_why(
    arguments: list[str], told: str, models: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "haechi", "serve", "--models", str(models), "--port", "0", *arguments]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)  # noqa: S603

    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


@needs_two_cores
def test_a_second_server_does_not_take_half_of_the_calls(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path, "--workers", "2") as (document, _):
        port = document["address"].rpartition(":")[2]
        command = [sys.executable, "-m", "haechi", "serve", "--models", str(models), "--port", port]
        for more in ([], ["--workers", "2"]):
            ended = subprocess.run([*command, *more], capture_output=True, text=True, timeout=100)  # noqa: S603
            assert ended.returncode == 2
            assert "the port is in use" in ended.stderr


@needs_two_cores
def test_workers_share_the_port_of_http_too(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path, "--workers", "2", "--http-port", "0") as (document, process):
        listening = {
            worker.pid
            for worker in workers_of(process)
            for one in worker.net_connections()
            if one.status == psutil.CONN_LISTEN and f"{one.laddr.ip}:{one.laddr.port}" == document["http_address"]
        }
        assert len(listening) == 2
        for _ in range(8):
            with urlopen(f"http://{document['http_address']}/v2/health/ready", timeout=10) as answer:
                assert answer.status == 200


@needs_two_cores
def test_each_worker_asks_who_calls(
    models: Path, tmp_path: Path, authority: Any, token: Callable[..., str], tokens_file: Path
) -> None:
    held, (cert, key) = token("read"), authority.issue("server")
    flags = ("--tokens", str(tokens_file), "--tls-cert", str(cert), "--tls-key", str(key))
    with serving(models, tmp_path, "--workers", "2", *flags) as (document, _):
        for _ in range(8):
            with Client(document["address"], token=held, tls=Tls(ca=authority.path)) as client:
                assert client.models()
            with Client(document["address"], tls=Tls(ca=authority.path)) as client, pytest.raises(UnknownCaller):
                client.models()


def test_workers_drain_at_the_same_time(tmp_path: Path) -> None:
    seen: list[str] = []

    class Process:
        def terminate(self) -> None:
            seen.append("told")

        def join(self, _: float) -> None:
            seen.append("waited for")

        def is_alive(self) -> bool:
            return False

    pair = [workers._Worker(tmp_path, Settings(), tmp_path / "unloaded.json", core) for core in (0, 1)]
    for worker in pair:
        worker._process = Process()  # type: ignore[assignment]
    workers._stop(pair)

    assert seen == ["told", "told", "waited for", "waited for"]


def test_connections_of_a_server_that_just_stopped_do_not_hold_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            # Who hangs up first keeps the port for a minute.
            before.accept()[0].close()
            caller.recv(1)
    with workers._reserved(Settings(host="127.0.0.1", port=port)) as reserved:
        assert reserved == {"port": port}


def test_a_signal_that_comes_at_any_moment_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting on the event itself hung now and then: its lock was held as the handler came for it."""
    monkeypatch.setattr("serving.serve._LOOK_UP_S", 0.0)
    before = signal.getsignal(signal.SIGUSR1)
    for _ in range(200):
        told = threading.Event()
        signal.signal(signal.SIGUSR1, lambda *_, told=told: told.set())
        sender = threading.Timer(0.002, os.kill, (os.getpid(), signal.SIGUSR1))
        sender.start()
        wait_for(told)
        sender.join()
    signal.signal(signal.SIGUSR1, before)
