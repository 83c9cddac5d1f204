"""Our messages and tritonclient's live in one process and mean the same bytes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import InferInput, service_pb2

from serving import proto
from serving.proto import haechi_v1_pb2, onnx_view_pb2
from serving.proto import open_inference_grpc_pb2 as oip
from serving.proto.pool import POOL

PROTO_FOLDER = Path(proto.__file__).parent


def test_a_foreign_request_is_read_by_ours_and_written_back_unchanged() -> None:
    foreign = service_pb2.ModelInferRequest(model_name="traffic", model_version="3", id="7")
    tensor = InferInput("x", [1, 3], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 2, 3]], dtype=np.float32))
    foreign.inputs.append(tensor._get_tensor())
    foreign.raw_input_contents.append(tensor._get_content())
    foreign.parameters["priority"].uint64_param = 5
    foreign.outputs.add(name="y")

    ours = oip.ModelInferRequest.FromString(foreign.SerializeToString())

    assert (ours.model_name, ours.model_version, ours.id) == ("traffic", "3", "7")
    assert ours.inputs[0].name == "x"
    assert list(ours.inputs[0].shape) == [1, 3]
    assert service_pb2.ModelInferRequest.FromString(ours.SerializeToString()) == foreign


@pytest.mark.parametrize("name", sorted(oip.DESCRIPTOR.message_types_by_name))
def test_every_field_has_the_number_and_type_of_the_standard(name: str) -> None:
    def shape(message: object) -> dict[str, object]:
        fields = {f.name: (f.number, f.type, f.is_repeated) for f in message.fields}
        return fields | {nested.name: shape(nested) for nested in message.nested_types}

    ours = shape(oip.DESCRIPTOR.message_types_by_name[name])
    theirs = shape(service_pb2.DESCRIPTOR.message_types_by_name[name])
    # Triton adds a few messages of its own; what the standard has must be the same.
    assert {key: theirs.get(key) for key in ours} == ours


def test_the_default_pool_knows_none_of_ours() -> None:
    code = (
        "from google.protobuf import descriptor_pool\n"
        "from serving.proto import haechi_v1_pb2, open_inference_grpc_pb2\n"
        "for name in ('inference.ModelInferRequest', 'haechi.v1.ForecastReply'):\n"
        "    try:\n"
        "        descriptor_pool.Default().FindMessageTypeByName(name)\n"
        "    except KeyError:\n"
        "        continue\n"
        "    raise SystemExit(name)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


@pytest.mark.parametrize("module", [haechi_v1_pb2, oip, onnx_view_pb2], ids=lambda module: module.__name__)
def test_the_generated_files_are_those_of_the_proto_files(module: object, tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc", reason="grpcio-tools is a developer's dependency")
    name = module.DESCRIPTOR.name
    root = PROTO_FOLDER.parent.parent
    well_known = Path(protoc.__file__).parent / "_proto"
    options = [f"-I{root}", f"-I{well_known}", f"--python_out={tmp_path}"]
    assert protoc.main(["protoc", *options, str(root / name)]) == 0

    def described(folder: Path) -> str:
        text = (folder / name.replace(".proto", "_pb2.py")).read_text()
        return re.search(r"AddSerializedFile\((.*)\)", text)[1]

    assert described(root) == described(tmp_path)


def test_timestamps_are_times_in_our_pool() -> None:
    assert POOL.FindMessageTypeByName("google.protobuf.Timestamp").fields_by_name["seconds"].number == 1
