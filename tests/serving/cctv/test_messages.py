"""What a decoder says is not trusted."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.cctv.faults import Fault
from serving.cctv.messages import End, Garbled, Head


@given(
    time_s=st.floats(0, 1e11),
    height_px=st.integers(1, 4096),
    width_px=st.integers(1, 4096),
    dropped=st.integers(0, 10_000),
    makeshift=st.booleans(),
)
def test_a_head_comes_out_as_it_went_in(**fields):
    head = Head(**fields)
    assert Head.of(head.packed()) == head


@pytest.mark.parametrize("fault", [None, *Fault], ids=lambda fault: fault and fault.name)
def test_an_end_comes_out_as_it_went_in(fault):
    end = End(fault=fault, read=7, promised=9, unread=1)
    assert End.of(end.packed()) == end


@pytest.mark.parametrize(
    ("time_s", "height_px", "width_px"),
    [
        pytest.param(float("nan"), 48, 64, id="no time"),
        pytest.param(-1.0, 48, 64, id="before all time"),
        pytest.param(float("inf"), 48, 64, id="never"),
        pytest.param(1.0, 0, 64, id="no height"),
        pytest.param(1.0, 48, 1 << 31, id="as much memory as there is"),
    ],
)
def test_a_head_that_no_decoder_of_ours_makes(time_s, height_px, width_px):
    with pytest.raises(Garbled):
        Head.of(b"F" + struct.pack("<dIIIB", time_s, height_px, width_px, 0, 0))


@given(st.binary(max_size=60))
def test_whatever_comes_is_understood_or_garbled(noise):
    for kind in (Head, End):
        try:
            kind.of(noise)
        except Garbled:
            continue
