from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.addresses import join_address, pack_address, packed_size, read_address, split_address
from protocol.errors import Code, LocalError, RemoteError

GOOD = {
    "192.0.2.7:8000": ("192.0.2.7", 8000, 7),
    "127.0.0.1:1": ("127.0.0.1", 1, 7),
    "[2001:db8::7]:65535": ("2001:db8::7", 65535, 19),
    "[::1]:8000": ("::1", 8000, 19),
    "story.example:8000": ("story.example", 8000, 17),
    "localhost:8000": ("localhost", 8000, 13),
    "my_pc-2.fritz.box:80": ("my_pc-2.fritz.box", 80, 21),
    "xn--mrchen-bua.example:443": ("xn--mrchen-bua.example", 443, 26),
}


@pytest.mark.parametrize("text", GOOD)
def test_an_address_has_a_host_a_port_and_few_bytes(text: str) -> None:
    host, port, size = GOOD[text]
    assert split_address(text) == (host, port) and join_address(host, port) == text
    packed = pack_address(text)
    assert len(packed) == size == packed_size(packed[:2])
    assert read_address(packed + b"next") == (text, b"next")


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        (" Story.EXAMPLE:8000\n", "story.example:8000"),
        ("[2001:0DB8:0:0::7]:8000", "[2001:db8::7]:8000"),
        ("[::ffff:192.0.2.7]:08000", "[::ffff:c000:207]:8000"),
    ],
)
def test_other_spellings_become_the_usual_one(text: str, usual: str) -> None:
    assert join_address(*split_address(text)) == join_address(*split_address(usual))
    assert read_address(pack_address(text))[0] == join_address(*split_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "8000", ":8000", "host", "host:", "host:0", "host:65536", "host:123456", "host:-1", "host:80:80", "a b:80",
        "192.0.2.256:80", "192.0.2:80", "1:80", "192.0.2.07:80", "2001:db8::7:80", "[2001:db8::7]", "[host]:80",
        "[]:80", "[fe80::1%eth0]:80", "-a.example:80", "a-.example:80", "a..example:80", ".example:80", "a.example.:80",
        "märchen.example:80", "a" * 64 + ".example:80", "a." * 127 + "example:80", "ws://host:80", "host:٣",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    for read in (split_address, pack_address):
        with pytest.raises(LocalError):
            read(text)


@given(st.binary(max_size=40))
def test_any_packed_bytes_are_refused_or_read_as_far_as_they_say(packed: bytes) -> None:
    try:
        text, rest = read_address(packed)
    except RemoteError as error:
        refused_with = error.code
    else:
        assert len(packed) - len(rest) == packed_size(packed[:2]) and isinstance(text, str)
        return
    assert refused_with is Code.MALFORMED
