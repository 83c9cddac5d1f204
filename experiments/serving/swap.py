"""``make bench-swap``: a model's versions change under 64 calls in flight; no call may fail, and few may notice.

Run from the repository's root: ``python -m experiments.serving.swap [--seconds S]``. The champion changes every two
seconds in the folder that the server follows. Prints a Markdown table; half a minute.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import grpc
import numpy as np

from experiments.serving import models
from experiments.serving.bench import example
from experiments.serving.load import SERVICE, infer_request, served
from features.registry import set_aliases
from serving.proto import open_inference_grpc_pb2 as oip

IN_FLIGHT, CHANNELS, EVERY_S = 64, 8, 2.0
# A swap is over when the folder was looked at and the version loaded.
_AROUND_S = 0.6


def main() -> None:
    """Ask without a pause while versions change, and print what callers saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for version in (1, 2):
            models.traffic(root, version)
        set_aliases(root, "traffic", {"champion": 1, "previous": 2})
        with served(root, cores="0", poll_s="0.2") as server:
            calls, failed, swaps = asyncio.run(_asked(server.address, root, seconds))
    during = np.array([any(0 <= began - swap < _AROUND_S for swap in swaps) for began, _, _ in calls])
    took_ms = np.array([took for _, took, _ in calls]) * 1000
    quiet, busy = (float(np.percentile(took_ms[which], 99)) for which in (~during, during))
    versions = {version for *_, version in calls}
    write = sys.stdout.write
    write("| figure | goal | reached |\n| --- | --- | --- |\n")
    write(f"| calls answered, {IN_FLIGHT} in flight | - | {len(calls):,} by the versions {sorted(versions)} |\n")
    write(f"| failed calls over {len(swaps)} swaps | 0 | {failed} |\n")
    write(
        f"| p99 within {_AROUND_S} s of a swap | <= 2 times | {busy:.1f} ms, {busy / quiet:.2f} times {quiet:.1f} |\n"
    )


async def _asked(address: str, root: Path, seconds: float) -> tuple[list[tuple[float, float, str]], int, list[float]]:
    request, calls, failed, swaps = infer_request("traffic", example(1)), [], 0, []
    until_s = time.perf_counter() + seconds
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(CHANNELS)]

    async def caller(channel: grpc.aio.Channel) -> None:
        nonlocal failed
        ask = channel.unary_unary(f"{SERVICE}/ModelInfer")
        while time.perf_counter() < until_s:
            began_s = time.perf_counter()
            try:
                reply = oip.ModelInferResponse.FromString(await ask(request, timeout=30))
            except grpc.aio.AioRpcError as error:
                failed += 1
                sys.stderr.write(f"{error.code()}: {error.details()}\n")
                continue
            calls.append((began_s, time.perf_counter() - began_s, reply.model_version))

    async def swapper() -> None:
        version = 1
        while time.perf_counter() < until_s - EVERY_S:
            await asyncio.sleep(EVERY_S)
            version = 3 - version
            set_aliases(root, "traffic", {"champion": version})
            swaps.append(time.perf_counter())

    await asyncio.gather(swapper(), *(caller(channels[number % CHANNELS]) for number in range(IN_FLIGHT)))
    for channel in channels:
        await channel.close()
    return calls, failed, swaps


if __name__ == "__main__":
    main()
