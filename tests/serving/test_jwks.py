"""Where the keys of tokens come from: a file or a URL, kept when it vanishes, and never a secret among them."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from features.errors import BadInput, UnknownCaller
from serving import jwks
from serving.jwks import FileKeys, UrlKeys, read_keys


def public(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def ec_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


class Site:
    """A web server that answers ``content`` with ``status``."""

    def __init__(self) -> None:
        self.content, self.status, self.asked = public(ec_key("a")), 200, 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                self.send_response(site.status)
                self.send_header("Location", f"{site.url}/elsewhere")
                self.end_headers()
                self.wfile.write(site.content)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(jwks, "_FETCH_AGAIN_S", 0.05)
    made = Site()
    yield made
    made.close()


@pytest.fixture
def from_url() -> Iterator[Callable[[str], UrlKeys]]:
    made: list[UrlKeys] = []

    def make(url: str) -> UrlKeys:
        made.append(UrlKeys(url))
        return made[-1]

    yield make
    for one in made:
        one.close()


def soon(holds: Callable[[], bool]) -> bool:
    waiting = threading.Event()
    return any(holds() or waiting.wait(0.02) for _ in range(250))


def test_public_signing_keys_are_kept_and_nothing_else() -> None:
    kept = [ec_key("ec"), RSAKey.generate_key(2048, {"kid": "rsa"}), OKPKey.generate_key("Ed25519", {"kid": "ed"})]
    others = [
        OctKey.generate_key(256, {"kid": "secret"}),
        ECKey.generate_key("P-256", {"kid": "for another use", "use": "enc"}),
        ECKey.generate_key("P-384", {"kid": "another curve"}),
        OKPKey.generate_key("X25519", {"kid": "no signatures"}),
    ]
    described = [key.as_dict() for key in (*kept, *others)] + [{"kty": "EC", "kid": "broken"}, {"kty": "new"}]
    short = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": "w" * 171}

    assert set(read_keys(json.dumps({"keys": [*described, short]}).encode(), "here")) == {"ec", "rsa", "ed"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [1]}', b'{"keys": []}', b"\xff", b'{"keys": [{}]}']
)
def test_what_holds_no_key_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="here"):
        read_keys(content, "here")


@pytest.mark.usefixtures("at_once")
def test_a_file_is_followed_and_kept_when_it_vanishes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(public(ec_key("a")))
    followed = FileKeys(path)
    assert set(followed.keys()) == {"a"}
    path.write_bytes(public(ec_key("a"), ec_key("b")))
    assert set(followed.keys()) == {"a", "b"}
    path.unlink()
    assert set(followed.keys()) == {"a", "b"}
    assert "what was read before it stays" in caplog.text


def test_a_url_is_kept_when_it_vanishes(
    site: Site, from_url: Callable[[str], UrlKeys], caplog: pytest.LogCaptureFixture
) -> None:
    followed = from_url(site.url)
    assert set(followed.keys()) == {"a"}
    for status, content in ((500, b""), (200, b"<html>"), (302, public(ec_key("b"))), (200, b" " * (1 << 20) + b"{}")):
        before = site.asked
        site.status, site.content = status, content
        assert soon(lambda: followed.missed() or site.asked > before)  # noqa: B023
        assert set(followed.keys()) == {"a"}
    assert soon(lambda: "those known before stay" in caplog.text)
    site.status, site.content = 200, public(ec_key("b"))
    assert soon(lambda: followed.missed() or set(followed.keys()) == {"b"})


def test_strangers_cannot_have_a_url_asked_for_ever(
    site: Site, from_url: Callable[[str], UrlKeys], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "_FETCH_AGAIN_S", 60.0)
    followed = from_url(site.url)
    followed.keys()
    for _ in range(100):
        followed.missed()
    threading.Event().wait(0.3)
    assert site.asked == 1


def test_without_keys_nobody_comes_in_and_later_they_do(site: Site, from_url: Callable[[str], UrlKeys]) -> None:
    site.status = 503
    followed = from_url(site.url)
    with pytest.raises(UnknownCaller, match="could not be fetched yet"):
        followed.keys()
    site.status = 200
    assert soon(lambda: followed._keys is not None)


@pytest.mark.parametrize("url", ["http://sign-in.example/jwks", "ftp://127.0.0.1/jwks", "file:///etc/jwks"])
def test_keys_that_could_be_exchanged_on_their_way_are_refused(url: str) -> None:
    with pytest.raises(BadInput, match="could be exchanged") as refusal:
        UrlKeys(url)
    assert "https" in refusal.value.mend


def test_a_key_set_of_joserfc_is_read() -> None:
    assert len(read_keys(json.dumps(KeySet([ec_key("a")]).as_dict()).encode(), "here")) == 1
