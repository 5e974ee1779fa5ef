"""bech32m (BIP-173, BIP-350): bytes as 5-bit symbols with a checksum that also tells where a slip is.

The checksum is a BCH code. It finds up to three wrong symbols among 1,023, up to four among 89.
"""

from __future__ import annotations

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM = 6  # symbols
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_RESIDUE = 0x2BC830A3  # of every right code; BIP-350


def to_symbols(data: bytes) -> list[int]:
    """Five bits each, the last filled up with zeros."""
    count = symbol_count(len(data))
    number = int.from_bytes(data, "big") << (count * 5 - len(data) * 8)
    return [number >> 5 * place & 31 for place in range(count - 1, -1, -1)]


def from_symbols(symbols: list[int]) -> tuple[bytes, int]:
    """The whole bytes in the symbols, and what is left over (0 when ``to_symbols`` made them)."""
    number = 0
    for symbol in symbols:
        number = number << 5 | symbol
    length, spare = divmod(len(symbols) * 5, 8)
    return (number >> spare).to_bytes(length, "big"), number & (1 << spare) - 1


def symbol_count(length: int) -> int:
    """Symbols that ``length`` bytes make, without the checksum."""
    return -(-length * 8 // 5)


def checksum(prefix: str, symbols: list[int]) -> list[int]:
    """The six symbols to put after ``symbols`` under ``prefix``."""
    residue = _residue(prefix, [*symbols, *[0] * CHECKSUM]) ^ _RESIDUE
    return [residue >> 5 * place & 31 for place in range(CHECKSUM - 1, -1, -1)]


def error_in(prefix: str, symbols: list[int]) -> int:
    """0 when the last six symbols are the checksum of the rest; else a number for ``wrong_place``."""
    return _residue(prefix, symbols) ^ _RESIDUE


def wrong_place(error: int, length: int) -> int | None:
    """Which one of ``length`` symbols, counted from 0, explains the error when changed; None: more than one is wrong.

    Changing the symbol ``n`` places from the end by ``d`` changes the residue by ``d`` times x to the n, whatever the
    other symbols are; so the places can be tried without the text.
    """
    for difference in range(1, 32):
        for from_end in range(length):
            if difference == error:
                return length - 1 - from_end
            difference = _step(difference)
    return None


def _residue(prefix: str, symbols: list[int]) -> int:
    high, low = [ord(letter) >> 5 for letter in prefix], [ord(letter) & 31 for letter in prefix]
    residue = 1
    for symbol in [*high, 0, *low, *symbols]:
        residue = _step(residue) ^ symbol
    return residue


def _step(residue: int) -> int:
    top, residue = residue >> 25, (residue & 0x1FFFFFF) << 5
    for bit, constant in enumerate(_GENERATOR):
        if top >> bit & 1:
            residue ^= constant
    return residue
