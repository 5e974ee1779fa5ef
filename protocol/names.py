"""Keys and hashes as words a person can read aloud. For display and comparison by people; nothing is decided by them.

The list (data/words.txt) has 2,048 words, so each stands for 11 bits. It is an argument: this package reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocol.errors import LocalError
from protocol.identity import digest

BITS = 11  # of one word
FINGERPRINT_WORDS = 12  # 132 bits


def words(data: bytes, count: int, wordlist: Sequence[str]) -> tuple[str, ...]:
    """The first ``count`` times 11 bits of ``data``, highest bit first, each group as the word at that index.

    LocalError when ``data`` has fewer bits or the list is not 2,048 words long.
    """
    if len(wordlist) != 1 << BITS:
        raise LocalError(f"a list of {len(wordlist)} words, not {1 << BITS}")
    spare = len(data) * 8 - count * BITS
    if spare < 0:
        raise LocalError(f"{len(data)} bytes do not hold {count} words")
    number = int.from_bytes(data, "big") >> spare
    places = range((count - 1) * BITS, -1, -BITS)
    return tuple(wordlist[number >> place & (1 << BITS) - 1] for place in places)


def short_name(public: bytes, wordlist: Sequence[str]) -> str:
    """Two words for a member key, ``amber-otter``. 22 bits: good to tell friends apart, no proof of anything."""
    return "-".join(words(digest(b"dwnet-name", public), 2, wordlist))


def four_words(tag: bytes, member_public: bytes, invite_public: bytes, wordlist: Sequence[str]) -> tuple[str, ...]:
    """What narrator and joiner both see when a seat is taken; the same words mean that nobody stands between them."""
    return words(digest(b"dwnet-words", tag, member_public, invite_public), 4, wordlist)


def fingerprint(head: bytes, wordlist: Sequence[str]) -> tuple[str, ...]:
    """The story so far in twelve words: the first 132 bits of its canon head, a hash of 32 bytes."""
    return words(head, FINGERPRINT_WORDS, wordlist)
