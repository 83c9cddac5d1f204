"""``make bench-soak``: half an hour of good and bad calls; memory may not grow, no error may come unprovoked.

Run from the repository's root: ``python -m experiments.serving.soak [--minutes M]``. Prints a line a minute, then a
Markdown table.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import numpy as np
import psutil

from experiments.serving import models
from experiments.serving.bench import example
from experiments.serving.fuzz import mutated
from experiments.serving.load import SERVICE, infer_request, served

CALLERS, PAUSE_S, WARM_UP_S = 4, 0.002, 60.0
_PROVOKED = {"INVALID_ARGUMENT", "NOT_FOUND"}


def main() -> None:
    """Ask well and badly, look at the server's memory, and print how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    seconds = parser.parse_args().minutes * 60
    codes: Counter[str] = Counter()
    unexpected: list[str] = []
    over = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.traffic(root)
        models.tabular(root)
        with served(root) as server:
            callers = [
                threading.Thread(target=_ask, args=(server.address, number, over, codes, unexpected))
                for number in range(CALLERS)
            ]
            for caller in callers:
                caller.start()
            resident = _watched(psutil.Process(server.pid), seconds, codes)
            over.set()
            for caller in callers:
                caller.join()
    write, growth = sys.stdout.write, resident[-1] / resident[0] - 1
    write("| figure | goal | reached |\n| --- | --- | --- |\n")
    write(f"| calls over {seconds / 60:.0f} min | - | {sum(codes.values()):,}: {dict(codes)} |\n")
    write(f"| resident memory from minute 1 to the end | < 3 % | {resident[0]:.0f} to {resident[-1]:.0f} MiB, ")
    write(f"{growth:+.1%} |\n| errors that were not provoked | none | {len(unexpected)} |\n")
    for one in unexpected[:10]:
        write(f"{one}\n")


def _watched(process: psutil.Process, seconds: float, codes: Counter[str]) -> list[float]:
    """MiB after the warm-up and at the end of every minute from there."""
    began_s, resident = time.monotonic(), []
    time.sleep(min(WARM_UP_S, seconds / 3))
    while True:
        resident.append(process.memory_info().rss / 2**20)
        sys.stdout.write(f"{resident[-1]:.1f} MiB, {sum(codes.values()):,} calls\n")
        sys.stdout.flush()
        left_s = began_s + seconds - time.monotonic()
        if left_s <= 0:
            return resident
        time.sleep(min(60.0, left_s))


def _ask(address: str, seed: int, over: threading.Event, codes: Counter[str], unexpected: list[str]) -> None:
    chance = np.random.default_rng(seed)
    good = [infer_request("traffic", example(rows)) for rows in (1, 2, 8)]
    while not over.is_set():
        # A caller comes and goes, as callers do.
        with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            ask = channel.unary_unary(f"{SERVICE}/ModelInfer")
            for _ in range(500):
                bad = chance.random() < 0.3
                request = mutated(good, chance) if bad else good[chance.integers(len(good))]
                code = _code(ask, request)
                codes[code] += 1
                if code not in ({"OK"} | _PROVOKED if bad else {"OK"}):
                    unexpected.append(f"{code} to a {'bad' if bad else 'good'} call")
                if over.wait(PAUSE_S):
                    break


def _code(ask: grpc.UnaryUnaryMultiCallable, request: bytes) -> str:
    try:
        ask(request, timeout=30)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


if __name__ == "__main__":
    main()
