"""The file of who may ask: tokens by their SHA-256, and names of client certificates, each with its scopes.

A token is 256 random bits, so one round of SHA-256 hides it; the file itself lets nobody in. For example::

    [[token]]
    name = "room"
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    scopes = ["read", "infer:traffic"]
    zone = "gangnam"                    # optional
    expires = 2027-12-31T15:00:00Z      # optional
    rate_per_s = 50                     # optional

    [[certificate]]
    subject = "room.city.example"       # its common name, or an alternative name
    scopes = ["infer"]
"""

import hashlib
import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from features.errors import BadInput
from serving.call import Caller
from serving.scopes import scopes
from serving.watched import read_bytes, warn_if_public

_PREFIX = "haechi_"
_NAME = r"[\w][\w.@/:-]{0,99}"
_Name = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A caller of the file.

    Attributes:
        caller: who it is.
        sha256: of the token.
        expires_s: when it is worth nothing any more, s since 1970.
    """

    caller: Caller
    sha256: str = ""
    expires_s: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a tokens file holds.

    Attributes:
        tokens: by SHA-256, in hexadecimal digits.
        certificates: by subject.
    """

    tokens: Mapping[str, Known]
    certificates: Mapping[str, Known]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    scopes: list[str]
    zone: str = ""
    expires: AwareDatetime | None = None
    rate_per_s: float | None = Field(None, gt=0)


class _Token(_Entry):
    name: _Name
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Certificate(_Entry):
    subject: str = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    token: list[_Token] = []
    certificate: list[_Certificate] = []


def hashed(token: str) -> str:
    """What the file holds of ``token``."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def read_tokens(path: Path) -> Tokens:
    """Read a tokens file; warns in the log where everybody may read it.

    Raises:
        BadInput: it cannot be read, everybody may change it, or a line of it is wrong; names it.
    """
    held = _parse(path)
    warn_if_public(path, "the hashes of tokens")
    tokens: dict[str, Known] = {}
    for number, one in enumerate(held.token, 1):
        if one.sha256 in tokens:
            raise BadInput(cause=f"{path}: [[token]] {number} has the sha256 of another", mend="Leave one of them out")
        tokens[one.sha256] = _known(path, f"[[token]] {number}", one, one.name, "token", one.sha256)
    certificates = {
        one.subject: _known(path, f"[[certificate]] {number}", one, one.subject, "certificate")
        for number, one in enumerate(held.certificate, 1)
    }
    if len(certificates) < len(held.certificate):
        raise BadInput(cause=f"{path}: a subject stands in it twice", mend="Leave one of them out")
    return Tokens(tokens=tokens, certificates=certificates)


def new_token(
    path: Path, name: str, wanted: list[str], *, zone: str, expires: datetime | None, rate_per_s: float | None
) -> str:
    """Make a token and append what is needed to know it again; the file is made where it is not there.

    Args:
        path: of the tokens file.
        name: of the caller; a second token of one name lets both be used while the first is replaced.
        wanted: scopes.
        zone: of the city; empty: none.
        expires: aware; None: never.
        rate_per_s: calls a second; None: as the server lets anyone.

    Returns:
        The token, which is written nowhere.

    Raises:
        BadInput: a scope or the name is none, or the file is no tokens file.
    """
    scopes(wanted)
    if not re.fullmatch(_NAME, name):
        raise BadInput(
            cause=f"'{name[:100]}' is no name of a caller", mend="Use letters, digits and . _ @ / : -, at most 100"
        )
    if path.exists():
        _parse(path)
    token = _PREFIX + secrets.token_urlsafe(32)
    lines = ["[[token]]", f"name = {_written(name)}", f'sha256 = "{hashed(token)}"', f"scopes = {_written(wanted)}"]
    lines += [f"zone = {_written(zone)}"] if zone else []
    lines += [f"expires = {expires.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"] if expires else []
    lines += [f"rate_per_s = {rate_per_s:.10g}"] if rate_per_s else []
    path.parent.mkdir(parents=True, exist_ok=True)
    # One write at the end: a server that reads meanwhile, or a second command, finds whole entries.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, ("\n" + "\n".join(lines) + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)
    return token


def _parse(path: Path) -> _File:
    content = read_bytes(path, "who may ask", "tokens")
    try:
        return _File.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(cause=f"{path} is not valid TOML: {error}", mend="Mend that line") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        kind, *rest = first["loc"]
        place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in rest)
        raise BadInput(
            cause=f"{path}: [[{kind}]] {place}: {first['msg']}",
            mend="Mend that line; `haechi token new` writes valid ones",
        ) from None


def _known(
    path: Path, where: str, entry: _Entry, name: str, shown: Literal["token", "certificate"], sha256: str = ""
) -> Known:
    try:
        may = scopes(entry.scopes)
    except BadInput as error:
        raise BadInput(cause=f"{path}: {where}: {error.cause}", mend=error.mend) from None
    return Known(
        caller=Caller(name=name, shown=shown, scopes=may, zone=entry.zone, rate_per_s=entry.rate_per_s),
        sha256=sha256,
        expires_s=entry.expires.timestamp() if entry.expires else float("inf"),
    )


def _written(value: Any) -> str:
    """As TOML writes it; of texts and lists of them, JSON's form is TOML's too, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
