"""``make bench-peers``: the same model behind KServe and MLServer, and what a call costs there.

Run from the repository's root: ``python -m experiments.serving.peers [--seconds S]``. Each peer is installed from PyPI
into an environment of its own under ``bench-out/peers``, which is kept for the next run; it answers over gRPC, inline
and in one process, as its manual has it for a model of one's own. Prints a Markdown table; some five minutes.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from experiments.serving import models
from experiments.serving.bench import ceiling_us, check, example, measured
from experiments.serving.load import (
    SERVER_CORE,
    Serving,
    answer,
    asked_seconds,
    framed,
    infer_request,
    load,
    served,
)

IN_FLIGHT, READY_S = 8, 120.0
ENVIRONMENTS = Path("bench-out") / "peers"

_KSERVE = """
import sys

import onnxruntime
from kserve import InferOutput, InferResponse, Model, ModelServer


class Traffic(Model):
    def __init__(self):
        super().__init__("traffic")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        [y] = self.session.run(None, {"x": payload.inputs[0].as_numpy()})
        output = InferOutput(name="y", shape=list(y.shape), datatype="FP32")
        output.set_data_from_numpy(y, binary_data=True)
        return InferResponse(response_id=payload.id, model_name="traffic", infer_outputs=[output])


path, grpc_port, http_port, _ = sys.argv[1:5]
sys.argv = sys.argv[:1]
ModelServer(http_port=int(http_port), grpc_port=int(grpc_port), enable_grpc=True).start([Traffic()])
"""

_MLSERVER = """
import json
import subprocess
import sys
from pathlib import Path

path, grpc_port, http_port, folder = sys.argv[1:5]
Path(folder, "peer_traffic.py").write_text('''
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Traffic(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload):
        [y] = self.session.run(None, {"x": NumpyCodec.decode_input(payload.inputs[0])})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", y)])
''')
ports = {"http_port": int(http_port), "grpc_port": int(grpc_port), "metrics_port": 0, "parallel_workers": 0}
Path(folder, "settings.json").write_text(json.dumps({"host": "127.0.0.1", "metrics_endpoint": None, **ports}))
model = {"name": "traffic", "implementation": "peer_traffic.Traffic", "parameters": {"uri": path}}
Path(folder, "model-settings.json").write_text(json.dumps(model))
from mlserver.cli import main

sys.argv = ["mlserver", "start", folder]
main()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another server of the same protocol.

    Attributes:
        name: as it calls itself.
        packages: that it takes.
        program: starts it, out of the graph's path, two ports (gRPC, HTTP) and a folder of its own.
    """

    name: str
    packages: tuple[str, ...]
    program: str


PEERS = (
    Peer(name="KServe", packages=("kserve==0.21.0", "onnxruntime"), program=_KSERVE),
    Peer(name="MLServer", packages=("mlserver==1.7.1", "onnxruntime"), program=_MLSERVER),
)


def main() -> None:
    """Serve the same model by each, load it, and print what a call costs."""
    seconds = asked_seconds(__doc__)
    write = sys.stdout.write
    write(f"| server, unary infer, {IN_FLIGHT} in flight | CPU a call | times the graph alone |\n| --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.traffic(root)
        with served(root, cores=str(SERVER_CORE)) as server:
            write(_row("Haechi", server, root, seconds))
        for peer in PEERS:
            with _serving(peer, root / "traffic" / "1" / "model.onnx") as server:
                write(_row(peer.name, server, root, seconds))
                sys.stdout.flush()


def _row(name: str, server: Serving, root: Path, seconds: float) -> str:
    request = infer_request("traffic", example(1))
    reply = answer(server.address, request)
    check(root, reply.raw_output_contents[0])
    size = len(framed(reply.SerializeToString()))
    found, ceiling = measured(
        lambda: load(server, framed(request), reply_bytes=size, in_flight=IN_FLIGHT, seconds=seconds),
        lambda: ceiling_us(root, 1),
    )
    return f"| {name} | {found.cpu_us:.0f} us | {found.cpu_us / ceiling:.2f} (graph {ceiling:.0f} us) |\n"


@contextmanager
def _serving(peer: Peer, graph: Path) -> Iterator[Serving]:
    """``peer`` on the server's core."""
    python = _environment(peer)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(peer.program, encoding="utf-8")
        grpc_port, http_port = _free_ports()
        command = ["taskset", "-c", str(SERVER_CORE), str(python), str(program)]
        arguments = [str(graph.resolve()), str(grpc_port), str(http_port), folder]
        with (Path(folder) / "log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603
                [*command, *arguments],
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": folder},
            )
            try:
                address = f"127.0.0.1:{grpc_port}"
                _wait_until_ready(peer, address, process, Path(log.name))
                yield Serving(address=address, pid=process.pid, metrics=())
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _environment(peer: Peer) -> Path:
    """The Python of an environment that has ``peer``, made where it is not there."""
    folder = ENVIRONMENTS / peer.name.lower()
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        sys.stderr.write(f"installing {peer.name} into {folder}\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)  # noqa: S603
        subprocess.run([str(python), "-m", "pip", "install", "-q", *peer.packages], check=True)  # noqa: S603
        done.touch()
    return python.absolute()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_ready(peer: Peer, address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    request, until_s = infer_request("traffic", example(1)), time.monotonic() + READY_S
    while True:
        try:
            answer(address, request)
        except grpc.RpcError as error:
            if process.poll() is not None or time.monotonic() > until_s:
                said = log.read_text(encoding="utf-8")[-2000:]
                sys.exit(f"error: {peer.name} does not answer ({error.code().name})\n  fix: its log ends so:\n{said}")
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    main()
