"""What a scope lets its holder do, and which texts are none."""

import pytest

from features.errors import BadInput, NotAllowed
from serving.call import Call, Caller
from serving.scopes import known_scopes, scope, scopes

OIP, TRAFFIC = "/inference.GRPCInferenceService/ModelInfer", "/haechi.v1.TrafficService/Latest"


def call(held: list[str] | None, what: str, method: str = OIP) -> Call:
    return Call(method=method, scope=what, caller=Caller(name="room", scopes=None if held is None else scopes(held)))


@pytest.mark.parametrize(
    ("held", "what", "method", "model", "may"),
    [
        pytest.param(None, "admin", OIP, "traffic", True, id="a server that asks nobody"),
        pytest.param([], "read", OIP, "traffic", False, id="no scope"),
        pytest.param(["infer"], "infer", OIP, "traffic", True, id="every model"),
        pytest.param(["infer"], "read", OIP, "traffic", False, id="infer is not read"),
        pytest.param(["admin"], "infer", OIP, "traffic", False, id="admin is not infer"),
        pytest.param(["infer:traffic"], "infer", OIP, "traffic", True, id="the model"),
        pytest.param(["infer:traffic"], "infer", OIP, "traffic-fast", False, id="a longer name"),
        pytest.param(["infer:traffic*"], "infer", OIP, "traffic-fast", True, id="a name that begins so"),
        pytest.param(["infer:traffic*"], "infer", OIP, "parking", False, id="a name that begins otherwise"),
        pytest.param(["infer:*"], "infer", OIP, "parking", True, id="a star alone"),
        pytest.param(["infer:parking", "infer:traffic"], "infer", OIP, "traffic", True, id="one of two"),
        pytest.param(["read:traffic", "infer:parking"], "infer", OIP, "traffic", False, id="never half of each"),
        pytest.param(["infer/TrafficService"], "infer", TRAFFIC, "traffic", True, id="by the service"),
        pytest.param(["infer/TrafficService"], "infer", OIP, "traffic", False, id="by another service"),
        pytest.param(["infer/Service"], "infer", TRAFFIC, "traffic", False, id="by half a service's name"),
        pytest.param(["infer/TrafficService:traffic"], "infer", TRAFFIC, "parking", False, id="service and model"),
    ],
)
def test_a_scope_covers_what_it_says(held: list[str] | None, what: str, method: str, model: str, may: bool) -> None:
    asked = call(held, what, method)

    assert asked.may(model) is may
    if not may:
        with pytest.raises(NotAllowed, match=f"may not {what} the model '{model}', if there is one") as refusal:
            asked.refuse_other(model)
        assert f"{what}:{model}" in refusal.value.mend


@pytest.mark.parametrize(
    "text", ["", "write", "infer:", "infer:Traffic", "infer:a/b", "infer:**", "infer:*a", "infer/", "infer ", "READ"]
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no scope") as refusal:
        scope(text)
    assert "infer:traffic" in refusal.value.mend


def test_what_other_services_ask_for_is_passed_over() -> None:
    assert known_scopes(["openid", "profile", "infer:traffic", "admin:"]) == scopes(["infer:traffic"])
