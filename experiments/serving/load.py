"""What a server is measured with: a process of its own on a core, h2load as the caller on another, CPU time counted.

Needs ``h2load`` (Debian: nghttp2-client). CPU microseconds a request of the server's whole process tree are compared,
not requests a second: on a machine that has other work the latter drift.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import numpy as np
import psutil

from serving.proto import open_inference_grpc_pb2 as oip

SERVER_CORE, CALLER_CORE = 0, 1
SERVICE = "/inference.GRPCInferenceService"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of the caller came to.

    Attributes:
        requests: answered.
        failed: of them, without a reply's message.
        cpu_us: of the server, a request.
        p50_ms: of the latency.
        p99_ms: likewise.
        rate_per_s: requests.
    """

    requests: int
    failed: int
    cpu_us: float
    p50_ms: float
    p99_ms: float
    rate_per_s: float


def asked_seconds(about: str | None) -> float:
    """How long each run is to go on, by the command line of a bench that is ``about`` this; exits without h2load."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    seconds: float = parser.parse_args().seconds
    if shutil.which("h2load") is None:
        sys.exit("error: h2load is not installed\n  fix: apt-get install nghttp2-client")
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers.

    Attributes:
        address: of it.
        pid: of its process, or of the one that watches its workers.
        metrics: where each of its processes has its metrics; empty: nowhere.
    """

    address: str
    pid: int
    metrics: tuple[str, ...]


@contextmanager
def served(root: Path, *flags: str, cores: str | None = None, **settings: str) -> Iterator[Serving]:
    """``haechi serve`` over ``root``."""
    pinned = ["taskset", "-c", cores] if cores is not None else []
    command = [*pinned, sys.executable, "-m", "haechi", "serve", "--models", str(root), "--port", "0", "--json", *flags]
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"HAECHI_HOME": home} | {f"HAECHI_{k.upper()}": v for k, v in settings.items()}
        with subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        ) as process:
            try:
                text = ""
                for line in process.stdout or ():
                    text += line
                    if line.startswith("}"):
                        break
                told = json.loads(text)
                yield Serving(address=told["address"], pid=process.pid, metrics=tuple(told["metrics"]))
            finally:
                process.terminate()


def infer_request(model: str, x: np.ndarray) -> bytes:
    """A serialised request of one input ``x``."""
    request = oip.ModelInferRequest(model_name=model)
    request.inputs.add(name="x", datatype="FP32", shape=x.shape)
    request.raw_input_contents.append(x.tobytes())
    return request.SerializeToString()


def framed(*messages: bytes) -> bytes:
    """The body of a gRPC call that sends these messages."""
    return b"".join(b"\0" + len(message).to_bytes(4, "big") + message for message in messages)


def answer(address: str, request: bytes, metadata: tuple[tuple[str, str], ...] = ()) -> oip.ModelInferResponse:
    """One call of a plain client, to see that answers are right before they are counted."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address, options=options) as channel:
        reply = channel.unary_unary(f"{SERVICE}/ModelInfer")(request, timeout=30, metadata=metadata)
    return oip.ModelInferResponse.FromString(reply)


def load(
    server: Serving,
    body: bytes,
    *,
    reply_bytes: int,
    in_flight: int,
    seconds: float,
    method: str = "ModelInfer",
    headers: tuple[str, ...] = (),
    most_connections: int = 8,
) -> Load:
    """Let h2load ask ``method`` with the same ``body`` again and again.

    Args:
        server: whose CPU time is counted.
        body: of every request.
        reply_bytes: of a good reply's body; h2load does not see gRPC's status, and a refusal has no body.
        in_flight: calls at a time.
        seconds: to go on for.
        method: of the inference service.
        headers: more of them.
        most_connections: that the calls share.
    """
    connections = min(in_flight, most_connections)
    with tempfile.TemporaryDirectory() as folder:
        data, log = Path(folder) / "body", Path(folder) / "log"
        data.write_bytes(body)
        command = ["taskset", "-c", str(CALLER_CORE), "h2load", "-t", "1", "-c", str(connections)]
        command += [
            "-m",
            str(max(1, in_flight // connections)),
            "-D",
            f"{int(seconds * 1000)}ms",
            "-w",
            "24",
            "-W",
            "24",
        ]
        command += ["-d", str(data), f"--log-file={log}", "-H", "te: trailers", "-H", "content-type: application/grpc"]
        for header in headers:
            command += ["-H", header]
        before_s = cpu_s(server.pid)
        said = subprocess.run(  # noqa: S603
            [*command, f"http://{server.address}{SERVICE}/{method}"], capture_output=True, text=True, check=True
        ).stdout
        spent_s = cpu_s(server.pid) - before_s
        latency_ms = np.loadtxt(log, usecols=2, ndmin=1) / 1000
    done = int(_found(r"requests: .* (\d+) done", said))
    received = int(_found(r"headers \(space savings.*?\((\d+)\) data", said))
    good = min(done, round(received / reply_bytes))
    return Load(
        requests=done,
        failed=done - good if good < 0.995 * done else 0,
        cpu_us=1e6 * spent_s / max(done, 1),
        p50_ms=float(np.percentile(latency_ms, 50)),
        p99_ms=float(np.percentile(latency_ms, 99)),
        rate_per_s=done / seconds,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"error: h2load said something else than expected:\n{text}")
    return match[1]


def cpu_s(pid: int) -> float:
    """CPU seconds that a process and its children have spent."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:4]) if one.pid == pid else sum(one.cpu_times()[:2]) for one in _tree(process))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cost_us(call: Callable[[], Any], seconds: float = 1.0, repeats: int = 5) -> float:
    """CPU microseconds a call on the server's core, the median of ``repeats``."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        call()
        found = []
        for _ in range(repeats):
            count, spent_s, until_s = 0, time.process_time(), time.perf_counter() + seconds / repeats
            while time.perf_counter() < until_s:
                call()
                count += 1
            found.append((time.process_time() - spent_s) / count)
        return 1e6 * median(found)
    finally:
        os.sched_setaffinity(0, everywhere)
