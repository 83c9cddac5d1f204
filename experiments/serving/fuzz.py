"""``make bench-fuzz``: a million mutated messages at every method; each gets a reply or a status, none a crash.

Run from the repository's root: ``python -m experiments.serving.fuzz [--messages N] [--seed S] [--minutes M]``. Good
messages of every method are flipped, cut, doubled, spliced with each other and given absurd lengths, then handed to
what gRPC hands its bytes to. With ``--minutes`` the same is then searched by coverage (``pip install atheris``). Any
answer that is no reply and no status of cause and mend, or that names a file, is printed with its bytes.
"""

import argparse
import gc
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import grpc
import numpy as np

from experiments.serving import models
from features.settings import Settings
from serving.guard import Guard
from serving.proto import open_inference_grpc_pb2 as oip
from serving.repository import Repository
from serving.rpc import Behaviour, Method
from serving.runtime import Runtime
from serving.server import Server

_SLOWEST_S = 1.0
_ALLOWED = {
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION,
}  # fmt: skip


class Aborted(Exception):
    """What grpc raises to end a call with a status."""

    def __init__(self, status: Any) -> None:
        self.status = status


class Context:
    """As much of a call's context as a guard looks at."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """None was sent."""
        return ()

    def time_remaining(self) -> None:
        """For ever."""
        return

    def is_active(self) -> bool:
        """The caller waits."""
        return True

    def peer(self) -> str:
        """Who calls."""
        return "ipv4:127.0.0.1:1"

    def set_trailing_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Nobody reads it."""

    def abort_with_status(self, status: Any) -> None:
        """End the call."""
        raise Aborted(status)


def main() -> None:
    """Mutate, ask, and count what came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--minutes", type=float, default=0.0, help="of search by coverage afterwards")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    ask = fuzz(asked.messages, asked.seed, asked.minutes)
    sys.stdout.write("| answered with | times |\n| --- | --- |\n")
    for code, times in ask.codes.most_common():
        sys.stdout.write(f"| {code} | {times:,} |\n")
    if ask.wrong:
        sys.exit(f"error: {len(ask.wrong)} answers were wrong, the first: {ask.wrong[0]}\n  fix: mend what answered so")
    sys.stdout.write("no crash, no hang, no answer without cause and mend\n")


def fuzz(messages: int, seed: int, minutes: float = 0.0) -> "Ask":
    """Ask a server's methods with that many mutated messages; returns what came of them."""
    sys.stdout.write(f"seed {seed}\n")
    with tempfile.TemporaryDirectory() as folder:
        methods, seeds = _server(Path(folder))
        ask = Ask(methods)
        chance, names = np.random.default_rng(seed), sorted(methods)
        for number in range(messages):
            name = names[number % len(names)]
            ask(name, mutated(seeds[name], chance))
            if number % 100_000 == 99_999:
                sys.stdout.write(f"{number + 1:,} messages\n")
                sys.stdout.flush()
        if minutes:
            _search(ask, seeds, minutes)
    return ask


class Ask:
    """Asks a method with bytes, and judges the answer."""

    def __init__(self, methods: dict[str, Behaviour]) -> None:
        self._methods = methods
        self.codes: Counter[str] = Counter()
        self.wrong: list[str] = []

    def __call__(self, name: str, request: bytes) -> None:
        """One message at the method ``name``; of a streaming one, a stream of it alone."""
        began_s = time.perf_counter()
        try:
            if "Stream" in name or "Reflection" in name:
                list(self._methods[name](iter((request,)), Context()))  # type: ignore[arg-type]
            else:
                self._methods[name](request, Context())  # type: ignore[arg-type]
            self.codes["OK"] += 1
        except Aborted as refusal:
            self.codes[refusal.status.code.name] += 1
            text = refusal.status.details
            if refusal.status.code not in _ALLOWED or "Traceback" in text or ".py" in text:
                self._blame(name, request, f"{refusal.status.code.name}: {text}")
        except Exception as error:  # whatever it is, it is what is looked for
            self._blame(name, request, f"{type(error).__name__}: {error}")
        if time.perf_counter() - began_s > _SLOWEST_S:
            self._blame(name, request, f"it took {time.perf_counter() - began_s:.1f} s")

    def _blame(self, name: str, request: bytes, what: str) -> None:
        self.wrong.append(f"{name} {what}; the message: {request[:200].hex()}")
        sys.stdout.write(f"WRONG: {self.wrong[-1]}\n")


def mutated(good: list[bytes], chance: np.random.Generator) -> bytes:
    """One of the good messages, changed in one to four places."""
    message = bytearray(good[chance.integers(len(good))])
    for _ in range(chance.integers(1, 5)):
        at = int(chance.integers(len(message) + 1))
        match chance.integers(6):
            case 0 if message:
                message[at % len(message)] ^= 1 << int(chance.integers(8))
            case 1:
                del message[at : at + int(chance.integers(1, 9))]
            case 2:
                message[at:at] = chance.bytes(int(chance.integers(1, 9)))
            case 3:
                other = good[chance.integers(len(good))]
                message[at:] = other[int(chance.integers(len(other) + 1)) :]
            case 4:
                # A length that promises gigabytes.
                message[at : at + 1] = b"\xff\xff\xff\xff\x07"
            case _:
                message[at:at] = message[: int(chance.integers(64))]
    return bytes(message)


def _server(folder: Path) -> tuple[dict[str, Behaviour], dict[str, list[bytes]]]:
    """Every behaviour of a server by its method's name, and good messages for each."""
    models.traffic(folder)
    models.tabular(folder)
    methods: dict[str, Behaviour] = {}
    wrap = Guard.wrap

    def noting(self: Guard, described: Any, method: Method) -> Behaviour:
        behave = methods[f"{described.containing_service.name}.{described.name}"] = wrap(self, described, method)
        return behave

    Guard.wrap = noting  # type: ignore[method-assign]  # what a server registers is what is asked here
    runtime = Runtime()
    repository = Repository(folder, runtime)
    Server(runtime, Settings(home=folder / "home", host="127.0.0.1", port=0), repository).stop(0)
    Guard.wrap = wrap  # type: ignore[method-assign]
    repository.sync()
    infer = [_infer(*one) for one in _infers()]
    named = [oip.ModelMetadataRequest(name="tabular", version="1").SerializeToString()]
    seeds = {name: [b"", *named, *infer[:1]] for name in methods}
    seeds |= {name: infer for name in methods if "Infer" in name}
    # A mutated name may well be a good one: nothing may be missing for the others afterwards.
    seeds["GRPCInferenceService.RepositoryModelUnload"] = [
        oip.RepositoryModelUnloadRequest(model_name="nobody").SerializeToString()
    ]
    return methods, seeds


def _infers() -> Iterator[tuple[str, np.ndarray, bool]]:
    yield "tabular", np.ones((1, 32), np.float32), True
    yield "tabular", np.ones((2, 32), np.float32), False
    yield "tabular", np.full((1, 32), np.nan, np.float32), True


def _infer(model: str, x: np.ndarray, raw: bool) -> bytes:
    request = oip.ModelInferRequest(model_name=model, id="7")
    tensor = request.inputs.add(name="x", datatype="FP32", shape=x.shape)
    if raw:
        request.ClearField("id")
        request.raw_input_contents.append(x.tobytes())
    else:
        tensor.contents.fp32_contents.extend(x.ravel().tolist())
        request.outputs.add(name="y")
    return request.SerializeToString()


def _search(ask: Callable[[str, bytes], None], seeds: dict[str, list[bytes]], minutes: float) -> None:
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("error: --minutes searches with atheris, which is not installed\n  fix: pip install atheris")
    # What tells it where a message went; of all that is loaded only what is ours, which takes seconds, not minutes.
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and (one.__module__ or "").startswith(("serving.", "features.")):
            atheris.instrument_func(one)
    names = sorted(seeds)
    with tempfile.TemporaryDirectory() as corpus:
        for number, name in enumerate(names):
            for at, message in enumerate(seeds[name]):
                (Path(corpus) / f"{number}-{at}").write_bytes(bytes((number,)) + message)
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={int(minutes * 60)}", "-max_len=4096", corpus],
            lambda data: ask(names[data[0] % len(names)], data[1:]) if data else None,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
