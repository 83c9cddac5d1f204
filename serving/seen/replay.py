"""Logged requests, asked again: whether another server, or another version, answers as the one of then did."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from features.errors import ArtifactMismatch, BadInput
from features.settings import load
from serving.client import Client, connect
from serving.proto import open_inference_grpc_pb2 as oip
from serving.queries import query
from serving.seen import segments
from serving.shadow import difference_share
from serving.tensors import Array, decode, encode

_INFERENCE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"]


@dataclass(slots=True, kw_only=True)
class Replayed:
    """How the answers to one version's logged requests compare.

    Attributes:
        model: ``NAME/VERSION`` that answered then.
        requests: asked again.
        equal: answered with the same bits.
        refused: not answered now.
        mean_share: mean absolute difference of those that were answered, as a share of the size of then.
        largest_share: of one request.
        why: the first refusal; empty: none.
    """

    model: str
    requests: int = 0
    equal: int = 0
    refused: int = 0
    mean_share: float = 0.0
    largest_share: float = 0.0
    why: str = ""

    def add(self, then: dict[str, Array], now: dict[str, Array]) -> None:
        """Take an answer in."""
        share = difference_share(now, then)
        self.equal += then.keys() == now.keys() and all(_same(then[name], now[name]) for name in then)
        answered = self.requests - self.refused
        self.mean_share += (share - self.mean_share) / answered
        self.largest_share = max(self.largest_share, share)


def replay(folder: Path, address: str, *, model: str | None = None, any_version: bool = False) -> list[Replayed]:
    """Ask everything in a folder of logged requests, oldest first, one after the other.

    Args:
        folder: of segments.
        address: of the server that is asked, with the token and the certificates of the settings.
        model: of this one alone; None: of all.
        any_version: whatever version answers now, in place of the one of then.

    Raises:
        BadInput: there is nothing to ask.
        HaechiError: no server answers.
    """
    found: dict[str, Replayed] = {}
    with connect(address, load()) as client:
        for frame in segments.read(folder):
            for row in frame.iter_rows(named=True):
                if model in (None, row["model"]):
                    label = f"{row['model']}/{row['version']}"
                    _ask(client, row, found.setdefault(label, Replayed(model=label)), any_version=any_version)
    if not found:
        raise BadInput(cause=f"No request of '{model}' is logged in {folder}", mend="Leave --model out to ask all")
    return [found[label] for label in sorted(found)]


def render(console: Console, found: Sequence[Replayed]) -> None:
    """A line for each version."""
    table = Table("model", "requests", "equal", "refused", "mean difference", "largest", "first refusal")
    for one in found:
        shares = (f"{one.mean_share:.2%}", f"{one.largest_share:.2%}")
        table.add_row(one.model, str(one.requests), str(one.equal), str(one.refused), *shares, one.why)
    console.print(table)


def _ask(client: Client, row: dict[str, Any], replayed: Replayed, *, any_version: bool) -> None:
    request = oip.ModelInferRequest(model_name=row["model"], model_version="" if any_version else str(row["version"]))
    _add(request.inputs, request.raw_input_contents, row["inputs"])
    then = oip.ModelInferResponse()
    _add(then.outputs, then.raw_output_contents, row["outputs"])
    replayed.requests += 1
    try:
        reply = client.ask(query(_INFERENCE, "ModelInfer", request, lambda answer: answer))
    except (BadInput, ArtifactMismatch) as error:
        replayed.refused += 1
        replayed.why = replayed.why or str(error)
        return
    now = decode(reply.outputs, reply.raw_output_contents)
    replayed.add(decode(then.outputs, then.raw_output_contents), now)


def _add(tensors: Any, contents: Any, logged: Sequence[dict[str, Any]]) -> None:
    for one in logged:
        tensors.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        contents.append(one["raw"])


def _same(one: Array, other: Array) -> bool:
    # As they were sent: a missing number equals itself.
    return one.shape == other.shape and encode(one) == encode(other)
