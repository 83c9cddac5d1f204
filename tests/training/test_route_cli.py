"""``haechi models route`` says which version answers whom, and refuses what makes no sense."""

import pytest

from features.errors import BadInput, UnknownName
from features.routing import CHAMPION_ALONE, Routing, read_routing


@pytest.fixture
def versions(own_home, add_version):
    """``traffic/1``, the champion, 2 and 3."""
    for version in (2, 3):
        add_version(own_home, version, 1.0)
    return own_home


def test_a_canary_and_a_shadow_are_set_shown_and_taken_back(versions, document):
    root = versions / "artifacts"
    found = document("models", "route", "traffic", "--canary", "2", "--share", "0.1", "--zone", "mapo", "--shadow", "3")

    assert found == {"model": "traffic", "canary": 2, "share": 0.1, "zones": ["mapo"], "shadow": 3}
    assert read_routing(root, "traffic") == Routing(canary=2, share=0.1, zones=("mapo",), shadow=3)
    assert document("models", "route", "traffic") == found

    assert document("models", "route", "traffic", "--off")["canary"] is None
    assert read_routing(root, "traffic") == CHAMPION_ALONE


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        pytest.param(["trafic", "--off"], UnknownName, "Did you mean 'traffic'", id="no such model"),
        pytest.param(["traffic", "--shadow", "99"], UnknownName, "version of traffic '99'", id="no such version"),
        pytest.param(["traffic", "--canary", "2"], BadInput, "answer nobody", id="a canary of nobody"),
        pytest.param(["traffic", "--share", "0.2"], BadInput, "without a canary", id="a share of nothing"),
        pytest.param(["traffic", "--off", "--shadow", "2"], BadInput, "no other option", id="off and on"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, kind, told, versions, run_command):
    with pytest.raises(kind, match=told):
        run_command("models", "route", *arguments)
    assert read_routing(versions / "artifacts", "traffic") == CHAMPION_ALONE
