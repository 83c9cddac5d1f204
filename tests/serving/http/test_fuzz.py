"""Whatever comes over HTTP is answered with a status, and every refusal with words."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.http.conftest import Ask

FUZZ = settings(
    max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True
)
PATH = "/v2/models/doubler/infer"
GOOD = {
    "id": "r",
    "inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}],
    "outputs": [{"name": "y", "parameters": {"binary_data": False}}],
    "parameters": {"binary_data_output": True},
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def nearly_good(draw: st.DrawFn) -> Any:
    """The good request with one part replaced by anything, or taken away."""
    document = json.loads(json.dumps(GOOD))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
        elif draw(st.booleans()):
            place[key] = draw(ANYTHING)
            return document
        else:
            del place[key]
            return document


def answered(status: int, told: Any) -> None:
    assert status in (200, 400, 404, 405, 413, 415, 501), (status, told)
    if status != 200:
        assert ". " in told["error"]


@FUZZ
@given(document=nearly_good())
def test_documents_that_are_nearly_right(document: Any, ask: Ask) -> None:
    answered(*ask("POST", PATH, json.dumps(document).encode())[:2])


@FUZZ
@given(at=st.integers(0, 200), put=st.binary(max_size=6), cut=st.integers(0, 6))
def test_bodies_with_a_few_bytes_changed(at: int, put: bytes, cut: int, ask: Ask) -> None:
    body = json.dumps(GOOD).encode()
    answered(*ask("POST", PATH, body[:at] + put + body[at + cut :])[:2])


@FUZZ
@given(
    body=st.binary(max_size=200),
    length=st.none() | st.integers(-5, 300) | st.sampled_from(["x", "1e3", "٣", "9" * 30]),
    encoding=st.sampled_from([None, "gzip", "deflate", "identity", "br"]),
)
def test_any_bytes_with_any_claim_about_them(body: bytes, length: Any, encoding: str | None, ask: Ask) -> None:
    headers = {} if length is None else {"inference_header_content_length": str(length).encode()}
    answered(*ask("POST", PATH, body, **headers, **({} if encoding is None else {"content_encoding": encoding}))[:2])


@FUZZ
@given(
    verb=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
    path=st.lists(
        st.sampled_from(["v2", "models", "doubler", "versions", "1", "infer", "ready", "repository", "index", "%00"])
        | st.text("abc%/.;?", max_size=4),
        max_size=7,
    ),
)
def test_any_path(verb: str, path: list[str], ask: Ask) -> None:
    answered(*ask(verb, "/" + "/".join(path))[:2])
