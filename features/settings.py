"""Settings from flags, then HAECHI_* variables, then haechi.toml, then defaults; each value knows its origin."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from features.errors import BadInput, UnknownName

_TOML = "haechi.toml"


class Settings(BaseSettings):
    """What a deployment may set. Every field is also a variable (``HAECHI_PORT``) and a line of haechi.toml."""

    model_config = SettingsConfigDict(env_prefix="HAECHI_", toml_file=_TOML, extra="forbid")

    home: Path = Field(Path(".haechi"), description="where MLflow's store, artifacts and logs live")
    models: Path | None = Field(
        None, description="what `haechi serve` serves: a folder, or models:/NAME@ALIAS in MLflow; unset: HOME/artifacts"
    )
    host: str = Field("127.0.0.1", description="the address that `haechi serve` binds")
    port: int = Field(8500, ge=0, le=65535, description="its gRPC port; 0 picks a free one")
    http_port: int | None = Field(
        None, ge=0, le=65535, description="the Open Inference Protocol over HTTP/JSON; 0 picks a free port; unset: off"
    )
    tokens: Path | None = Field(None, description="who may ask `haechi serve`: the file that `haechi token new` writes")
    jwt_jwks: str | None = Field(None, description="keys that JWTs are checked with: a JWKS file or https URL")
    jwt_issuer: str | None = Field(None, description="the only issuer (iss) whose JWTs are taken")
    jwt_audience: str | None = Field(None, description="the audience (aud) that a JWT must be meant for")
    tls_cert: Path | None = Field(None, description="the server's certificate chain (PEM), followed as it changes")
    tls_key: Path | None = Field(None, description="its private key (PEM)")
    tls_client_ca: Path | None = Field(None, description="authority (PEM) that must have signed a client's certificate")
    tls_client_scopes: str = Field("read infer", description="what a certificate may that the tokens file lacks")
    plaintext: bool = Field(False, description="bind beyond localhost without TLS: a proxy in front ends it")
    rate_per_s: float | None = Field(
        None, gt=0, description="calls a second of one caller; unset: no limit on localhost, 1000 beyond"
    )
    audit: Path | None = Field(None, description="where administrative calls are recorded; unset: HOME/audit.jsonl")
    store: SecretStr | None = Field(
        None,
        description="where alerts live: a file of SQLite, or postgresql://USER:PASSWORD@HOST/DATABASE; unset: "
        "HOME/alerts.sqlite",
    )
    alert_poll_s: float = Field(0.5, ge=0.05, le=60, description="how often `haechi serve` looks for news of alerts, s")
    cap: Path | None = Field(
        None, description="who sends CAP messages, to whom, and with what codes (TOML, as in the README); unset: plain"
    )
    server: str = Field("127.0.0.1:8500", description="where `haechi forecast` asks")
    token: SecretStr | None = Field(None, description="what `haechi forecast` shows the server")
    ca: Path | None = Field(None, description="authority (PEM) of the server's certificate, or `public`; sets TLS")
    client_cert: Path | None = Field(None, description="certificate (PEM) that `haechi forecast` shows the server")
    client_key: Path | None = Field(None, description="its private key (PEM)")
    max_message_mib: int = Field(32, ge=1, le=1024, description="the largest gRPC message taken, MiB")
    health_port: int | None = Field(
        None, ge=0, le=65535, description="answers health checks alone, without TLS, for probes; unset: none"
    )
    threads: int = Field(1, ge=1, le=64, description="threads of one onnxruntime session")
    workers: int = Field(1, ge=1, le=256, description="processes of `haechi serve`, each on a core of its own")
    poll_s: float = Field(2.0, ge=0.1, le=3600, description="how often `haechi serve` looks for changed models, s")
    log_format: Literal["text", "json"] = Field("text", description="lines that `haechi serve` logs: `text` or `json`")
    slow_ms: float | None = Field(
        None, ge=0, description="calls that take as long are logged, ms; 0: every call; unset: none"
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port of its metrics (Prometheus), of the first worker's: the next has the next; 0 "
        "picks free ones; unset: no metrics",
    )
    metrics_host: str = Field("127.0.0.1", description="the address of the metrics; whoever reaches it may read them")
    request_log: Path | None = Field(None, description="folder of logged requests (Parquet); unset: none is logged")
    request_log_share: float = Field(0.01, gt=0, le=1, description="the share of requests that is logged")
    request_log_days: int = Field(30, ge=1, le=3650, description="older logged requests are deleted")
    request_log_mib: int = Field(1024, ge=64, description="of more logged requests the oldest are deleted, MiB")
    hazards: Path | None = Field(
        None, description="a city's own hazard table (TOML); unset: Seoul's, of `haechi hazards`"
    )
    stale_after_min: int = Field(180, ge=1, description="older measurements mark a forecast `degraded: stale`")
    signing_key: SecretStr | None = Field(None, description="Ed25519 private key (PEM) that signs artifacts")
    trusted_key: str | None = Field(None, description="Ed25519 public key (PEM); unsigned models are refused")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file: no dotenv, no secrets folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load() -> Settings:
    """The settings in force.

    Raises:
        BadInput: a value that is out of its range, or a haechi.toml that is not valid TOML.
        UnknownName: a line of haechi.toml that no setting has.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UnknownName.among(f"setting in {_TOML} named", name, list(Settings.model_fields)) from None
        raise BadInput(
            cause=f"Setting '{name}' is wrong: {first['msg']}",
            mend=f"Mend HAECHI_{name.upper()} or the line '{name}' of {_TOML}; `haechi config` shows every setting",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(cause=f"{_TOML} is not valid TOML: {error}", mend="Mend that line") from None


def origins(settings: Settings, flags: Collection[str] = ()) -> list[dict[str, Any]]:
    """Every setting with its value and where it came from; secrets are masked.

    Args:
        settings: in force.
        flags: settings that a flag of the command gave.

    Returns:
        One row a setting: ``name``, ``value``, ``origin`` (``flag``, a variable, ``haechi.toml`` or ``default``),
        ``meaning``.
    """
    from_env = EnvSettingsSource(Settings)()
    from_toml = TomlConfigSettingsSource(Settings)()
    rows = []
    for name, field in Settings.model_fields.items():
        origin = f"HAECHI_{name.upper()}" if name in from_env else _TOML if name in from_toml else "default"
        value = getattr(settings, name)
        rows.append({"name": name, "value": None if value is None else str(value)})
        rows[-1] |= {"origin": "flag" if name in flags else origin, "meaning": field.description}
    return rows


def as_toml(settings: Settings, flags: Collection[str] = ()) -> str:
    """What haechi.toml would have to say to set the same, each line with its origin; secrets are masked, as comments.

    Args:
        settings: in force.
        flags: settings that a flag of the command gave.
    """
    lines = []
    for row in origins(settings, flags):
        value = getattr(settings, row["name"])
        if value is None:
            line = f"# {row['name']} is not set"
        elif isinstance(value, SecretStr):
            # A masked secret that were read back would be a wrong one.
            line = f"# {row['name']} = {_quoted(row['value'])}"
        elif isinstance(value, bool | int | float):
            line = f"{row['name']} = {str(value).lower()}"
        else:
            line = f"{row['name']} = {_quoted(row['value'])}"
        lines.append(f"{line}  # {row['origin']}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    r"""A string of TOML, in ASCII: of what a console cannot write nothing is lost.

    >>> print(_quoted('a "é"'))
    "a \"\u00e9\""
    """
    escaped = (f"\\{one}" if one in '"\\' else one if " " <= one <= "~" else _escaped(ord(one)) for one in text)
    return f'"{"".join(escaped)}"'


def _escaped(number: int) -> str:
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
