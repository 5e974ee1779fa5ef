"""Where a node can be called, ``host:port``: one spelling each, as text and as few bytes as an invite code can spare.

``192.0.2.7:8000`` · ``[2001:db8::7]:8000`` · ``story.example:8000``
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from protocol.errors import Code, LocalError, RemoteError

NAME, FOUR, SIX = 1, 4, 6  # first byte of a packed address
_FIXED = {FOUR: 1 + 4 + 2, SIX: 1 + 16 + 2}
_TEXT = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([0-9]{1,5})")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NUMBER_LAST = r"(?!.*(?:^|\.)[0-9]+$)"  # 1.2.3 is a mistyped IPv4 address, no name
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_NUMBER_LAST}{_LABEL}(?:\.{_LABEL})*")


def split_address(address: str) -> tuple[str, int]:
    """Host, in its usual spelling, lower case, without brackets, and port, 1 to 65535; LocalError for all else."""
    match = _TEXT.fullmatch(address.strip().lower())
    host = port = None
    if match is not None:
        six, other, port = match.groups()
        host = _six(six) if six is not None else _four(other) or (other if _DOMAIN.fullmatch(other) else None)
    if host is None or port is None or not 0 < int(port) < 1 << 16:
        raise LocalError(f"{address!r} is no address like 192.0.2.7:8000, [2001:db8::7]:8000 or story.example:8000")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """The one text for host and port; ``split_address`` takes it apart again."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def pack_address(address: str) -> bytes:
    """A byte for the kind, the host, two bytes of port; a name comes with a byte for its length."""
    host, port = split_address(address)
    if ":" in host:
        packed = bytes((SIX,)) + IPv6Address(host).packed
    elif _four(host):
        packed = bytes((FOUR,)) + IPv4Address(host).packed
    else:
        packed = bytes((NAME, len(host))) + host.encode("ascii")
    return packed + port.to_bytes(2, "big")


def packed_size(start: bytes) -> int:
    """Bytes of the packed address that begins with these two; as far as can be told from them, at least this many."""
    if not start:
        return _FIXED[FOUR]
    if start[0] == NAME:
        return 1 + 1 + (start[1] if len(start) > 1 else 1) + 2
    return _FIXED.get(start[0], _FIXED[FOUR])


def read_address(packed: bytes) -> tuple[str, bytes]:
    """The first packed address as text, and the bytes behind it; RemoteError(MALFORMED) if there is none."""
    size = packed_size(packed[:2])
    if len(packed) < size:
        raise RemoteError(Code.MALFORMED, "an address is cut short")
    kind, host, port = packed[0], packed[1 : size - 2], int.from_bytes(packed[size - 2 : size], "big")
    if kind == SIX:
        text = IPv6Address(host).compressed
    elif kind == FOUR:
        text = str(IPv4Address(host))
    elif kind == NAME:
        text = host[1:].decode("ascii", "replace")
    else:
        raise RemoteError(Code.MALFORMED, f"an address of unknown kind {kind}")
    return join_address(text, port), packed[size:]


def _six(text: str) -> str | None:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    return None if address.scope_id else address.compressed


def _four(text: str) -> str | None:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        return None
