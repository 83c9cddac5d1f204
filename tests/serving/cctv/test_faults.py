"""What FFmpeg's words tell."""

import pytest

from serving.cctv.faults import Fault, fault_of


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        pytest.param("[tcp @ 0x1] Connection to tcp://h:554 failed: Connection refused", Fault.REFUSED, id="refused"),
        pytest.param("method DESCRIBE failed: 401 (Unauthorized)", Fault.PASSWORD, id="RTSP login"),
        pytest.param("[http @ 0x1] HTTP error 403 Forbidden", Fault.PASSWORD, id="HTTP login"),
        pytest.param("method DESCRIBE failed: 404 (Not Found)", Fault.NOT_FOUND, id="no such stream"),
        pytest.param(
            "[tcp @ 0x1] Failed to resolve hostname h: Name or service not known", Fault.UNKNOWN_HOST, id="host"
        ),
        pytest.param("[file @ 0x1] Protocol 'file' not on whitelist 'http'!", Fault.FORBIDDEN, id="a local file"),
        pytest.param("[mov @ 0x1] moov atom not found", Fault.NO_INDEX, id="cut off"),
        pytest.param(
            "[tcp @ 0x1] Connection attempt to 10.0.0.7 failed: No route to host", Fault.UNREACHABLE, id="no route"
        ),
        pytest.param("Invalid data found when processing input", Fault.NOT_VIDEO, id="garbage"),
        pytest.param("", Fault.NOT_VIDEO, id="nothing"),
    ],
)
def test_words_tell_the_fault(words, fault):
    assert fault_of(words) is fault


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_every_fault_has_cause_and_mend(fault):
    assert fault.cause[0].islower()
    assert not fault.cause.endswith(".")
    assert fault.mend[0].isupper()
    assert not fault.mend.endswith(".")
