"""Tiny graphs, sealed as artifacts, and servers that answer from them."""

import ipaddress
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import onnx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from onnx import TensorProto, helper

from features.manifest import TensorSpec
from features.settings import Settings
from serving import watched
from serving.client import Client
from serving.repository import Repository
from serving.runtime import Runtime
from serving.server import Server
from serving.tokens import new_token

OPSET = helper.make_opsetid("", 17)
ELEMENTS = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


def spec(name: str, dtype: str = "float32", shape: tuple[int | str, ...] = ("entity", 3)) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape, unit="veh/h", meaning=f"The {name} of each entity")


def graph(nodes: list[onnx.NodeProto], inputs: list[TensorSpec], outputs: list[TensorSpec], **more: Any) -> bytes:
    """The ONNX file of ``nodes`` between what the manifest says of inputs and outputs."""
    values = [
        [helper.make_tensor_value_info(one.name, ELEMENTS[one.dtype], list(one.shape)) for one in side]
        for side in (inputs, outputs)
    ]
    made = helper.make_graph(nodes, "g", *values, **more)
    return helper.make_model(made, opset_imports=[OPSET], ir_version=8).SerializeToString()


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., TensorSpec]:
    """A float32 tensor of (entity, 3), unless said otherwise."""
    return spec


@pytest.fixture(scope="session")
def make_graph() -> Callable[..., bytes]:
    """An ONNX file from nodes, inputs and outputs."""
    return graph


@pytest.fixture(scope="session")
def make_model(make_artifact: Callable[..., Path]) -> Callable[..., Path]:
    """An artifact of nodes between inputs and outputs."""

    def make(
        root: Path, nodes: list[onnx.NodeProto], inputs: list[TensorSpec], outputs: list[TensorSpec], **changes: Any
    ) -> Path:
        files = {"model.onnx": graph(nodes, inputs, outputs)}
        return make_artifact(root, files=files, inputs=tuple(inputs), outputs=tuple(outputs), **changes)

    return make


@pytest.fixture(scope="session")
def models(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one model of each kind that the tests need.

    ``doubler``: y = x + x. ``weigher``: total = counts * weight, sharing the axis ``entity``; versions 1 and 2.
    ``echo-DTYPE``: y = x. ``picker``: the row that an index names, which may lie out of range.
    """
    root = tmp_path_factory.mktemp("models")
    node = helper.make_node
    make_model(root, [node("Add", ["x", "x"], ["y"])], [spec("x")], [spec("y")], name="doubler", domain="other")
    for version, operator in ((1, "Mul"), (2, "Add")):
        make_model(
            root,
            [node(operator, ["counts", "weight"], ["total"]), node("Neg", ["total"], ["less"])],
            [spec("counts"), spec("weight", shape=("entity", 1))],
            [spec("total"), spec("less")],
            name="weigher",
            domain="other",
            version=version,
        )
    for dtype in ELEMENTS:
        make_model(
            root,
            [node("Identity", ["x"], ["y"])],
            [spec("x", dtype, ("row",))],
            [spec("y", dtype, ("row",))],
            name=f"echo-{dtype}",
            domain="other",
        )
    make_model(
        root,
        [node("Gather", ["x", "at"], ["y"], axis=0)],
        [spec("x"), spec("at", "int64", ("pick",))],
        [spec("y", shape=("pick", 3))],
        name="picker",
        domain="other",
    )
    return root


@pytest.fixture(scope="session")
def runtime(models: Path) -> Runtime:
    """All of ``models`` loaded, the newest version last."""
    runtime = Runtime()
    for folder in sorted(models.glob("*/[0-9]*")):
        runtime.load(folder)
    return runtime


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A free port on this machine, and messages of at most 1 MiB."""
    return Settings(home=tmp_path, host="127.0.0.1", port=0, max_message_mib=1)


@pytest.fixture
def server(runtime: Runtime, settings: Settings) -> Iterator[Server]:
    """A server that answers from ``runtime``."""
    server = Server(runtime, settings)
    server.start()
    yield server
    server.stop(0)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """Our own client of ``server``."""
    with Client(server.address) as client:
        yield client


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's authority")])
        certificate = self._signed(self.name, self.key, days=30).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path = folder / "ca.pem"
        self.path.write_bytes(certificate.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(self, file: str, name: str = "127.0.0.1", days: float = 30) -> tuple[Path, Path]:
        """Certificate and key for ``name``, a machine's at 127.0.0.1 too; over already where ``days`` is below zero."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        built = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, days).add_extension(
            x509.SubjectAlternativeName([address] if name == "127.0.0.1" else [x509.DNSName(name)]), critical=False
        )
        paths = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        contents = (
            built.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
            path.chmod(0o600)
        return paths

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Signs certificates into the test's own folder."""
    return Authority(tmp_path)


@pytest.fixture
def other_authority(tmp_path: Path) -> Authority:
    """One that nobody was told to trust."""
    folder = tmp_path / "other"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def tokens_file(tmp_path: Path) -> Path:
    """A tokens file with one token that may do nothing."""
    path = tmp_path / "tokens.toml"
    new_token(path, "nobody", [], zone="", expires=None, rate_per_s=None)
    return path


@pytest.fixture
def token(tokens_file: Path) -> Callable[..., str]:
    """Makes a token of the scopes given."""

    def make(*scopes: str, name: str = "room", **more: Any) -> str:
        options = {"zone": "", "expires": None, "rate_per_s": None} | more
        return new_token(tokens_file, name, list(scopes), **options)

    return make


@pytest.fixture
def start(runtime: Runtime, settings: Settings) -> Iterator[Callable[..., Server]]:
    """Starts a server with the settings given."""
    servers: list[Server] = []

    def begin(repository: Repository | None = None, **changes: Any) -> Server:
        server = Server(runtime, settings.model_copy(update=changes), repository)
        servers.append(server)
        server.start()
        return server

    yield begin
    for server in servers:
        server.stop(0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are followed are looked at each time."""
    monkeypatch.setattr(watched, "_LOOK_EVERY_S", 0.0)
