"""What deploy/ says of Haechi is so: variables, flags, ports and times, in Kubernetes, KServe, Docker and systemd."""

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest
import typer
import yaml
from pydantic import SecretStr

import haechi
from features.settings import Settings, load
from serving.server import DRAIN_S

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TEXTS = {name: (DEPLOY / name).read_text(encoding="utf-8") for name in sorted(path.name for path in DEPLOY.glob("*.*"))}
TEXTS["Dockerfile"] = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
WORKERS_MORE_S = 5


def documents(name):
    return {one["kind"]: one for one in yaml.safe_load_all(TEXTS[name])}


KUBERNETES, KSERVE = documents("kubernetes.yaml"), documents("kserve.yaml")
UNIT = [tuple(line.split("=", 1)) for line in TEXTS["haechi.service"].splitlines() if re.match(r"\w+=", line)]


def unit(key):
    return [value for name, value in UNIT if name == key]


def variables(name):
    """The HAECHI_* variables that a file sets, with their values."""
    if name == "kubernetes.yaml":
        return KUBERNETES["ConfigMap"]["data"]
    if name == "kserve.yaml":
        return {one["name"]: one["value"] for one in KSERVE["ServingRuntime"]["spec"]["containers"][0]["env"]}
    if name == "haechi.service":
        pairs = " ".join(unit("Environment")).replace("%S", "/var/lib").replace("%d", "/run/credentials").split()
    else:
        pairs = re.findall(r"^ENV (?:.*\\\n)+.*", TEXTS[name], re.MULTILINE)[0].split()
    return dict(pair.split("=") for pair in pairs if pair.startswith("HAECHI_"))


def command_lines():
    deployment = KUBERNETES["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    return {
        "kubernetes.yaml": deployment["args"],
        "kserve.yaml": KSERVE["ServingRuntime"]["spec"]["containers"][0]["args"],
        "haechi.service": unit("ExecStart")[0].split()[1:],
        "Dockerfile": json.loads(re.search(r"^CMD (.*)$", TEXTS["Dockerfile"], re.MULTILINE)[1]),
    }


@pytest.mark.parametrize("name", TEXTS)
def test_every_variable_named_is_a_setting(name):
    named = {found.lower() for found in re.findall(r"HAECHI_([A-Z][A-Z0-9_]*[A-Z0-9])", TEXTS[name])}
    assert named - set(Settings.model_fields) == set()


@pytest.mark.parametrize("name", ["Dockerfile", "kubernetes.yaml", "kserve.yaml", "haechi.service"])
def test_what_a_file_sets_is_taken(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, value)
    assert load().port == 8500


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kserve.yaml", "haechi.service"])
def test_callers_are_asked_who_they_are_and_nothing_is_sent_in_the_open(name):
    told = variables(name)
    assert "HAECHI_TOKENS" in told
    assert {"HAECHI_TLS_CERT", "HAECHI_TLS_KEY"} <= set(told) or told["HAECHI_PLAINTEXT"] == "true"


@pytest.mark.parametrize("name", command_lines())
def test_every_command_and_flag_is_one_of_haechi(name):
    command, *rest = command_lines()[name]
    known = {flag for one in typer.main.get_command(haechi.app).commands[command].params for flag in one.opts}
    assert command == "serve"
    assert {word for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize("name", TEXTS)
def test_no_file_holds_a_secret(name):
    assert not re.search(r"PRIVATE KEY-----|haechi_[A-Za-z0-9_-]{20,}|kind: Secret\b", TEXTS[name])
    secrets = {f"HAECHI_{one.upper()}" for one, field in Settings.model_fields.items() if _is_secret(field.annotation)}
    assert secrets
    assert not secrets & set(re.findall(r"HAECHI_[A-Z_]+", TEXTS[name]))


def _is_secret(annotation):
    return SecretStr in (get_args(annotation) if isinstance(annotation, UnionType) else (annotation,))


def faults(kubernetes):
    """What is wrong in the manifest of Kubernetes."""
    pod = kubernetes["Deployment"]["spec"]["template"]["spec"]
    strategy = kubernetes["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    [container] = pod["containers"]
    told = kubernetes["ConfigMap"]["data"]
    ports = {one["name"]: str(one["containerPort"]) for one in container["ports"]}
    probes = [container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    labels = kubernetes["Deployment"]["spec"]["template"]["metadata"]["labels"]
    mounts = [Path(one["mountPath"]) for one in container["volumeMounts"]]
    files = [Path(told[name]) for name in told if told[name].startswith("/")]
    selectors = [
        kubernetes["Deployment"]["spec"]["selector"]["matchLabels"],
        kubernetes["Service"]["spec"]["selector"],
        kubernetes["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        kubernetes["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in pod["topologySpreadConstraints"]),
    ]
    least_s = container["lifecycle"]["preStop"]["sleep"]["seconds"] + DRAIN_S + WORKERS_MORE_S
    opened = [port["port"] for rule in kubernetes["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"]]
    scraped = kubernetes["Deployment"]["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"]
    within = container["securityContext"]
    wrong = {
        "ports": ports
        != {
            name: told[f"HAECHI_{key}PORT"]
            for name, key in (("grpc", ""), ("health", "HEALTH_"), ("metrics", "METRICS_"))
        },
        "probes": {str(one["grpc"]["port"]) for one in probes} != {told["HAECHI_HEALTH_PORT"]},
        "scraped": scraped != told["HAECHI_METRICS_PORT"],
        "service": kubernetes["Service"]["spec"]["ports"][0]["targetPort"] != "grpc",
        "headless": kubernetes["Service"]["spec"]["clusterIP"] != "None",
        "opened": opened != ["grpc", "metrics"],
        "rollout": (strategy["maxUnavailable"], kubernetes["Deployment"]["spec"]["replicas"] > 1) != (0, True),
        "grace": pod["terminationGracePeriodSeconds"] <= least_s,
        "links": pod["enableServiceLinks"] is not False,
        "account": pod["automountServiceAccountToken"] is not False,
        "root": not pod["securityContext"]["runAsNonRoot"] or pod["securityContext"]["runAsUser"] == 0,
        "seccomp": pod["securityContext"]["seccompProfile"]["type"] != "RuntimeDefault",
        "writable": not within["readOnlyRootFilesystem"],
        "rights": within["capabilities"] != {"drop": ["ALL"]} or within["allowPrivilegeEscalation"],
        "resources": {"cpu", "memory"} - set(container["resources"]["limits"]) != set(),
        "selectors": any(one != labels for one in selectors),
        "unmounted": [file for file in files if not any(file.is_relative_to(mount) for mount in mounts)] != [],
        "volumes": {one["name"] for one in container["volumeMounts"]} != {one["name"] for one in pod["volumes"]},
        "reference": container["envFrom"][0]["configMapRef"]["name"] != kubernetes["ConfigMap"]["metadata"]["name"],
    }
    return {name for name, is_wrong in wrong.items() if is_wrong}


def test_the_manifest_of_kubernetes_fits_together():
    assert faults(KUBERNETES) == set()


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("ConfigMap/data/HAECHI_PORT", "8600", "ports"),
        ("ConfigMap/data/HAECHI_HEALTH_PORT", "8600", "probes"),
        ("ConfigMap/data/HAECHI_METRICS_PORT", "8600", "scraped"),
        ("ConfigMap/data/HAECHI_TOKENS", "/elsewhere/tokens.toml", "unmounted"),
        ("ConfigMap/metadata/name", "other", "reference"),
        ("Deployment/spec/template/spec/containers/0/readinessProbe/grpc/port", 8500, "probes"),
        ("Deployment/spec/template/spec/terminationGracePeriodSeconds", 20, "grace"),
        ("Deployment/spec/template/spec/enableServiceLinks", True, "links"),
        ("Deployment/spec/template/spec/automountServiceAccountToken", True, "account"),
        ("Deployment/spec/template/spec/securityContext/runAsUser", 0, "root"),
        ("Deployment/spec/template/spec/securityContext/seccompProfile/type", "Unconfined", "seccomp"),
        ("Deployment/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem", False, "writable"),
        ("Deployment/spec/template/spec/containers/0/securityContext/capabilities/drop", [], "rights"),
        ("Deployment/spec/template/spec/containers/0/resources/limits", {}, "resources"),
        ("Deployment/spec/template/spec/volumes/0/name", "other", "volumes"),
        ("Deployment/spec/template/metadata/labels", {"app": "other"}, "selectors"),
        ("Deployment/spec/strategy/rollingUpdate/maxUnavailable", 1, "rollout"),
        ("Service/spec/clusterIP", "10.0.0.1", "headless"),
        ("Service/spec/ports/0/targetPort", "http", "service"),
        ("NetworkPolicy/spec/ingress/0/ports/0/port", "health", "opened"),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) and "/" in value else None,
)
def test_each_fault_of_a_manifest_is_found(path, value, fault):
    changed = copy.deepcopy(KUBERNETES)
    *above, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = changed
    for step in above:
        place = place[step]
    assert place[last] != value
    place[last] = value
    assert fault in faults(changed)


def test_kserve_gives_the_whole_registry_to_what_serves_a_registry():
    runtime, service = KSERVE["ServingRuntime"]["spec"], KSERVE["InferenceService"]["spec"]["predictor"]
    [container] = runtime["containers"]
    arguments = dict(zip(container["args"][1::2], container["args"][2::2], strict=True))
    [offered], asked = runtime["supportedModelFormats"], service["model"]
    assert (container["name"], arguments["--models"]) == ("kserve-container", "/mnt/models")
    assert (offered["name"], offered["version"]) == (asked["modelFormat"]["name"], asked["modelFormat"]["version"])
    assert (runtime["multiModel"], runtime["protocolVersions"]) == (False, ["grpc-v2", "v2"])
    assert asked["protocolVersion"] in runtime["protocolVersions"]
    assert asked["runtime"] == KSERVE["ServingRuntime"]["metadata"]["name"]
    ports = {container[probe]["grpc"]["port"] for probe in ("readinessProbe", "livenessProbe")}
    assert ports == {container["ports"][0]["containerPort"]} == {int(arguments["--port"])}
    assert f"containerPort: {variables('kserve.yaml')['HAECHI_HTTP_PORT']}, " in TEXTS["kserve.yaml"]
    assert service["terminationGracePeriodSeconds"] > DRAIN_S + WORKERS_MORE_S
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in runtime["volumes"]}


def test_the_unit_waits_for_calls_and_lets_them_finish():
    assert unit("Type") == ["notify"]
    assert unit("Restart") == ["on-failure"]
    assert float(unit("TimeoutStopSec")[0]) > DRAIN_S + WORKERS_MORE_S
    given = {one.partition(":")[0] for one in unit("LoadCredential")}
    assert {
        value.rpartition("/")[2] for value in variables("haechi.service").values() if "credentials" in value
    } == given


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
@pytest.mark.parametrize("words", [("verify",), ("security", "--offline=true", "--threshold=20")], ids=lambda it: it[0])
def test_systemd_takes_the_unit_and_finds_little_exposed(words, tmp_path):
    there = tmp_path / "haechi.service"
    there.write_text(TEXTS["haechi.service"].replace("/opt/haechi/bin/haechi", "/bin/true"))
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", *words, str(there)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert words[0] != "verify" or done.stderr == ""
