"""What every test may ask for."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features import self_test
from features.artifact import CARD, FALLBACK, MANIFEST, MODEL, SELF_TEST, seal
from features.manifest import Manifest, TensorSpec, schema_sha256


def _manifest_fields(**changes: Any) -> dict[str, Any]:
    """The fields of a small valid manifest, ``changes`` applied, the schema's hash fitting."""
    spec = TensorSpec(
        name="x", dtype="float32", shape=("entity", 3), unit="veh/h", meaning="Last volumes, oldest first"
    )
    outputs = (spec.model_copy(update={"name": "y", "meaning": "Next volumes"}),)
    fields: dict[str, Any] = {
        "format": 2,
        "domain": "traffic",
        "name": "traffic",
        "version": 1,
        "created_at": "2022-12-31T15:00:00Z",
        "git_commit": "17344ad",
        "mlflow_run": None,
        "minimum_runtime": "0.1.0",
        "inputs": (spec,),
        "outputs": outputs,
        "entities": ("A-01/in", "A-01/out"),
        "quantity": "volume_veh_h",
        "unit": "veh/h",
        "step_min": 60,
        "horizon_steps": 3,
        "quantiles": (0.1, 0.5, 0.9),
        "timezone": "Asia/Seoul",
        "country": "KR",
        "training": {
            "start": "2021-12-31T15:00:00Z",
            "end": "2022-10-19T15:00:00Z",
            "rows": 7008,
            "data_sha256": "0" * 64,
        },
        "scores": (),
        "config": {"horizon_h": 3},
        "state_as_of": None,
        "simulated": False,
        "non_finite": "pass",
        "limits": None,
        "fallback": None,
        "deciles": (),
    }
    fields |= changes
    fields.setdefault("feature_schema_sha256", schema_sha256(fields["inputs"], fields["outputs"]))
    graphs = {"outputs": None, "fallback": None} if fields["fallback"] else {"outputs": None}
    fields.setdefault("self_test", tested(graphs, self_test_rows(fields["inputs"]), fields["outputs"]))
    return fields


def self_test_rows(inputs: Sequence[TensorSpec], rows: int = 2, seed: int = 5) -> dict[str, np.ndarray]:
    """Rows that fit ``inputs``: indices are all zero, so that no graph reaches beyond its rows."""
    chance = np.random.default_rng(seed)
    made = {}
    for spec in inputs:
        shape = [rows if isinstance(axis, str) else axis for axis in spec.shape]
        if spec.dtype == "string":
            made[spec.name] = np.full(shape, "강남")
        elif spec.dtype.startswith("float"):
            made[spec.name] = chance.uniform(1, 9, shape).astype(spec.dtype)
        else:
            made[spec.name] = np.zeros(shape, dtype=spec.dtype)
    return made


def tested(
    graphs: dict[str, bytes | None], rows: dict[str, np.ndarray], outputs: Sequence[TensorSpec]
) -> self_test.SelfTest:
    """What ``graphs`` answer to ``rows``; noughts where one is no graph, or not one of these rows and outputs."""
    recorded = {"outputs": (), "fallback": ()}
    for field, content in graphs.items():
        answers = {spec.name: np.zeros(1) for spec in outputs}
        if content is not None:
            import onnxruntime

            with suppress(Exception):  # it is to be refused, which is what the test is about
                session = onnxruntime.InferenceSession(content)
                taken = {one.name: rows[one.name] for one in session.get_inputs()}
                answers = {spec.name: session.run([spec.name], taken)[0] for spec in outputs}
        recorded[field] = self_test.record(answers)
    return self_test.SelfTest(tolerance=self_test.TOLERANCE, **recorded)


@pytest.fixture(scope="session")
def make_manifest() -> Callable[..., Manifest]:
    """A small valid manifest; any field can be given."""
    return lambda **changes: Manifest(**_manifest_fields(**changes))


@pytest.fixture(scope="session")
def make_artifact(make_manifest: Callable[..., Manifest]) -> Callable[..., Path]:
    """A sealed artifact ``root/NAME/VERSION``; ``files`` are added or replace, any manifest field can be given."""

    def make(root: Path, *, files: dict[str, bytes] | None = None, key: str | None = None, **changes: Any) -> Path:
        given, manifest = files or {}, make_manifest(**changes)
        rows = self_test_rows(manifest.inputs)
        if "self_test" not in changes:
            graphs = {"outputs": given.get(MODEL)} | ({"fallback": given.get(FALLBACK)} if manifest.fallback else {})
            manifest = manifest.model_copy(update={"self_test": tested(graphs, rows, manifest.outputs)})
        folder = root / manifest.name / str(manifest.version)
        folder.mkdir(parents=True)
        self_test.save_rows(rows, folder / SELF_TEST)
        content = {MODEL: b"a graph", MANIFEST: manifest.to_json().encode(), CARD: b"# Card\n"} | given
        for name, data in content.items():
            (folder / name).write_bytes(data)
        seal(folder, key)
        return folder

    return make


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real measurements: HAECHI_TEST_DATA, or ../shared/data beside the checkout; else a skip."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("HAECHI_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set HAECHI_TEST_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A run in the background ignores Ctrl-C, and whatever a test starts would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
