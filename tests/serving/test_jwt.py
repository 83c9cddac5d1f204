"""Tokens of a city's sign-in: which hold, which do not, and what is told of those that do not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from features.errors import BadInput, UnknownCaller
from serving import jwt as jwt_module
from serving.jwks import FileKeys
from serving.jwt import ALGORITHMS, Jwts, jwts
from serving.scopes import scopes

ISSUER, AUDIENCE = "https://sign-in.city.example", "haechi"


@pytest.fixture(scope="session")
def keys() -> dict[str, Any]:
    """A key of each kind, by its algorithm."""
    return {
        "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
        "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
        "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    }


@pytest.fixture
def jwks(keys: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(KeySet(list(keys.values())).as_dict(private=False)))
    return path


@pytest.fixture
def checker(jwks: Path) -> Jwts:
    return Jwts(FileKeys(jwks), ISSUER, AUDIENCE)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "room", "exp": now + 300, "scope": "openid infer:traffic read"}
    return {name: value for name, value in (made | changes).items() if value is not None}


@pytest.fixture
def sign(keys: dict[str, Any]) -> Callable[..., str]:
    def make(alg: str = "ES256", key: Any = None, kid: str | None = "of the key", **changes: Any) -> str:
        key = key or keys[alg]
        header = {"alg": alg} | ({} if kid is None else {"kid": key.kid if kid == "of the key" else kid})
        return jwt.encode(header, claims(**changes), key, registry=jwt_module._Algorithms(algorithms=ALGORITHMS))

    return make


def forged(header: dict[str, Any], body: dict[str, Any], secret: bytes | None = None) -> str:
    """A token put together by hand, as an attacker would."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    head = f"{part(json.dumps(header).encode())}.{part(json.dumps(body).encode())}"
    signature = b"" if secret is None else hmac.digest(secret, head.encode(), hashlib.sha256)
    return f"{head}.{part(signature)}"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_token_of_the_sign_in_is_a_caller(alg: str, checker: Jwts, sign: Callable[..., str]) -> None:
    caller = checker.caller(sign(alg, zone="gangnam", aud=["other", AUDIENCE]))

    assert (caller.name, caller.shown, caller.zone) == ("room", "jwt", "gangnam")
    assert caller.scopes == scopes(["infer:traffic", "read"])


def test_scopes_may_come_as_a_list_and_without_any_nothing_is_allowed(checker: Jwts, sign: Callable[..., str]) -> None:
    assert checker.caller(sign(scope=None, scp=["read", "email", 7])).scopes == scopes(["read"])
    assert checker.caller(sign(scope=None)).scopes == frozenset()


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"exp": 1}, "has expired", id="expired"),
        pytest.param({"exp": None}, "does not hold", id="without an end"),
        pytest.param({"exp": "tomorrow"}, "does not hold", id="an end that is no time"),
        pytest.param({"nbf": 32503680000}, "does not hold", id="not yet valid"),
        pytest.param({"iss": "https://elsewhere.example"}, "does not hold", id="another issuer"),
        pytest.param({"iss": None}, "does not hold", id="no issuer"),
        pytest.param({"aud": "another-service"}, "does not hold", id="meant for another"),
        pytest.param({"aud": None}, "does not hold", id="meant for nobody"),
        pytest.param({"sub": None}, "does not hold", id="nobody's"),
        pytest.param({"sub": ""}, "does not hold", id="an empty name"),
    ],
)
def test_a_token_that_does_not_hold_is_refused_and_not_repeated(
    changes: dict[str, Any], cause: str, checker: Jwts, sign: Callable[..., str]
) -> None:
    token = sign(**changes)
    with pytest.raises(UnknownCaller, match=cause) as refusal:
        checker.caller(token)
    assert not any(part in str(refusal.value) for part in token.split("."))
    assert refusal.value.mend


def test_clocks_may_differ_a_little(checker: Jwts, sign: Callable[..., str]) -> None:
    now = int(time.time())
    assert checker.caller(sign(exp=now - 10, nbf=now + 10)).name == "room"


def test_an_unsigned_token_is_refused(checker: Jwts) -> None:
    for alg in ("none", "None", "NONE", ""):
        with pytest.raises(UnknownCaller, match="does not hold"):
            checker.caller(forged({"alg": alg, "kid": "ec"}, claims()))
        with pytest.raises(UnknownCaller, match="does not hold"):
            checker.caller(forged({"alg": alg, "kid": "ec"}, claims()).rstrip(".") + ".AA")


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_a_public_key_is_no_secret_to_sign_with(form: str, checker: Jwts, keys: dict[str, Any]) -> None:
    key = keys["RS256"]
    secret = (
        json.dumps(key.as_dict(private=False)).encode() if form == "jwk" else key.as_bytes(form.upper(), private=False)
    )
    with pytest.raises(UnknownCaller, match="does not hold"):
        checker.caller(forged({"alg": "HS256", "kid": "rsa"}, claims(), secret))


def test_a_key_that_came_with_the_token_is_not_used(checker: Jwts, sign: Callable[..., str]) -> None:
    own = ECKey.generate_key("P-256")
    body = claims()
    token = jwt.encode(
        {"alg": "ES256", "kid": "ec", "jwk": own.as_dict(private=False)}, body, own, algorithms=["ES256"]
    )
    with pytest.raises(UnknownCaller, match="does not hold"):
        checker.caller(token)


def test_the_key_must_be_of_the_algorithm(checker: Jwts, sign: Callable[..., str]) -> None:
    with pytest.raises(UnknownCaller, match="does not hold"):
        checker.caller(sign("ES256", kid="rsa"))
    with pytest.raises(UnknownCaller, match="does not hold"):
        checker.caller(sign("ES256", key=ECKey.generate_key("P-256"), kid="ec"))


@pytest.mark.parametrize("kid", ["another", None])
def test_a_key_that_nobody_knows_is_said(kid: str | None, checker: Jwts, sign: Callable[..., str]) -> None:
    with pytest.raises(UnknownCaller, match="a key that this server does not know"):
        checker.caller(sign(kid=kid))


@pytest.mark.parametrize("token", ["", "..", "a.b.c", "e30.e30.e30", "é.é.é", "\udc80.a.b", f"{'a' * 9000}.b.c"])
def test_what_is_no_token_is_refused(token: str, checker: Jwts) -> None:
    with pytest.raises(UnknownCaller, match="does not hold"):
        checker.caller(token)


def test_a_token_is_checked_once_and_not_beyond_its_end(jwks: Path, sign: Callable[..., str]) -> None:
    now_s = [time.time()]
    checker = Jwts(FileKeys(jwks), ISSUER, AUDIENCE, now=lambda: now_s[0])
    token = sign()
    first = checker.caller(token)
    assert checker.caller(token) is first
    now_s[0] += 400
    with pytest.raises(UnknownCaller, match="has expired"):
        checker.caller(token)


def test_those_who_are_remembered_are_bounded(
    checker: Jwts, sign: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt_module, "_MOST_KNOWN", 2)
    for number in range(4):
        checker.caller(sign(sub=f"room-{number}"))
    assert len(checker._known) == 2


@pytest.mark.usefixtures("at_once")
def test_a_key_that_is_taken_back_takes_its_tokens_along(
    jwks: Path, keys: dict[str, Any], sign: Callable[..., str]
) -> None:
    checker = Jwts(FileKeys(jwks), ISSUER, AUDIENCE)
    old, new = sign("ES256"), sign("EdDSA")
    assert checker.caller(old).name == "room"
    jwks.write_text(json.dumps(KeySet([keys["EdDSA"]]).as_dict(private=False)))

    assert checker.caller(new).name == "room"
    with pytest.raises(UnknownCaller, match="does not know"):
        checker.caller(old)


@pytest.mark.parametrize("missing", ["issuer", "audience"])
def test_issuer_and_audience_have_to_be_said(missing: str, jwks: Path, sign: Callable[..., str]) -> None:
    said = {"issuer": ISSUER, "audience": AUDIENCE}
    with pytest.raises(BadInput, match=f"jwt_{missing} is not set") as refusal:
        jwts(str(jwks), **(said | {missing: None}))
    assert f"HAECHI_JWT_{missing.upper()}" in refusal.value.mend
    assert jwts(str(jwks), **said).caller(sign()).name == "room"
