"""What is installed, writable and reachable, and what to do about the rest; looks, and changes nothing."""

import importlib.metadata
import platform
import re
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from features.settings import Settings

# What one can do with an installation; live and room bring nothing that serving does not.
ROOMS = ("training", "serving")
_BASE = "base"
_EXTRAS = (_BASE, *ROOMS, "dev")
_LEAST_FREE_GIB = 1.0
_CONNECT_S = 2.0
_PORTS = {"http": 80, "https": 443}


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    ABSENT = "absent"  # not there, and not needed for everything
    NOTICE = "notice"  # works, but look at it
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what it is, e.g. ``training`` or ``disk``.
        state: how it stands.
        found: what was seen.
        mend: what to do about it; empty where it is ok.
    """

    subject: str
    state: State
    found: str
    mend: str = ""


def examine(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything that Haechi needs from this machine.

    Args:
        settings: in force.
        environ: environment variables, for MLFLOW_TRACKING_URI.
    """
    return [
        Finding(subject="python", state=State.OK, found=f"{platform.python_version()} on {platform.platform()}"),
        *_installed(),
        _home(settings.home),
        _disk(settings.home),
        _port(settings.host, settings.port),
        *_tracking(environ.get("MLFLOW_TRACKING_URI", "")),
    ]


def is_healthy(findings: list[Finding]) -> bool:
    """Whether nothing is broken and at least one room is usable."""
    rooms = [finding.state is State.OK for finding in findings if finding.subject in ROOMS]
    return any(rooms) and not any(finding.state is State.BROKEN for finding in findings)


def _installed() -> list[Finding]:
    """One finding for each extra, from the metadata of packages: nothing is imported."""
    try:
        version, requirements = importlib.metadata.version("haechi"), importlib.metadata.requires("haechi") or []
    except importlib.metadata.PackageNotFoundError:
        missing = Finding(
            subject="haechi", state=State.BROKEN, found="not installed as a package", mend="Run: make install"
        )
        return [missing]
    findings = [Finding(subject="haechi", state=State.OK, found=version)]
    for extra in _EXTRAS:
        findings.append(_extra(extra, _packages(requirements, extra)))
    return findings


def _packages(requirements: list[str], extra: str) -> list[str]:
    """Names of the packages that one extra asks for, Haechi itself left out."""
    names = []
    for requirement in requirements:
        wanted = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        name = re.match(r"[\w.-]+", requirement)
        if name and name[0] != "haechi" and (wanted[1] if wanted else _BASE) == extra:
            names.append(name[0])
    return sorted(set(names))


def _extra(extra: str, packages: list[str]) -> Finding:
    versions = {name: _version(name) for name in packages}
    absent = [name for name, version in versions.items() if version is None]
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version is not None)
    if not absent:
        return Finding(subject=extra, state=State.OK, found=found)
    # Without the base nothing runs; an extra that is not there is one that nobody asked for.
    state = State.BROKEN if extra == _BASE else State.ABSENT
    name = "haechi" if extra == _BASE else f"haechi[{extra}]"
    return Finding(
        subject=extra,
        state=state,
        found=f"without {', '.join(absent)}",
        mend=f"Run: make install in a checkout, or pip install -c constraints.txt '{name}'",
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _nearest_existing(path: Path) -> Path:
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _home(home: Path) -> Finding:
    """Whether models and runs could be written; HAECHI_HOME itself is not made."""
    place = _nearest_existing(home)
    mend = "Point HAECHI_HOME at a folder that you may write to"
    if not place.is_dir():
        return Finding(subject="home", state=State.BROKEN, found=f"{place} is a file", mend=mend)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(
            subject="home", state=State.BROKEN, found=f"{place} is not writable: {error.strerror}", mend=mend
        )
    made = "" if place == home.absolute() else ", made when it is needed"
    return Finding(subject="home", state=State.OK, found=f"{home} is writable{made}")


def _disk(home: Path) -> Finding:
    free_gib = shutil.disk_usage(_nearest_existing(home)).free / 2**30
    found = f"{free_gib:.1f} GiB free for HAECHI_HOME"
    if free_gib >= _LEAST_FREE_GIB:
        return Finding(subject="disk", state=State.OK, found=found)
    return Finding(subject="disk", state=State.BROKEN, found=found, mend="Free a GiB, or move HAECHI_HOME")


def _port(host: str, port: int) -> Finding:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As a server does it: a port that a closed server has just left counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        return Finding(
            subject="port",
            state=State.BROKEN,
            found=f"'{host}' is no address of this machine",
            mend="Set HAECHI_HOST, e.g. to 127.0.0.1",
        )
    except OSError as error:
        return Finding(
            subject="port",
            state=State.NOTICE,
            found=f"{host}:{port} cannot be bound: {error.strerror}",
            mend="Fine if `haechi serve` runs there; else pick another with HAECHI_PORT",
        )
    return Finding(subject="port", state=State.OK, found=f"{host}:{port} is free")


def _tracking(uri: str) -> list[Finding]:
    """The tracking server of MLFLOW_TRACKING_URI; only the scheme is told, for the rest may hold a password."""
    if not uri:
        return []
    mend = "Mend MLFLOW_TRACKING_URI, or unset it to track into HAECHI_HOME"
    try:
        parts = urlsplit(uri)
        scheme, host, port = parts.scheme or "path", parts.hostname, parts.port
    except ValueError:
        return [Finding(subject="mlflow", state=State.BROKEN, found="MLFLOW_TRACKING_URI is no address", mend=mend)]
    if scheme not in _PORTS:
        return [Finding(subject="mlflow", state=State.OK, found=f"{scheme}: used by training, not asked here")]
    try:
        socket.create_connection((host or "", port or _PORTS[scheme]), timeout=_CONNECT_S).close()
    except OSError as error:
        found = f"{scheme}: no answer ({error.strerror or 'timed out'})"
        return [Finding(subject="mlflow", state=State.BROKEN, found=found, mend=mend)]
    return [Finding(subject="mlflow", state=State.OK, found=f"{scheme}: answers")]
