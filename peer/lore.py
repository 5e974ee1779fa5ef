"""Which facts of a card's character_book come up now. Pure.

The book's rules are Character Card V2's, with what SillyTavern keeps under an entry's ``extensions`` where it can be
honoured. Two differences, both so that a story can be told again: a draw by probability is a hash of story, entry and
place instead of chance, and keys that are regular expressions never match (a stranger's pattern could run for ever).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ENTRIES = 1_000  # of one book
KEYS = 64  # of one entry
DEPTH = 4  # turns that are scanned unless the book says otherwise
ROUNDS = 4  # of recursive scanning

_DECORATOR = re.compile(r"\s*@@@?(\w+)[^\n]*\n?")
_REGEX_KEY = re.compile(r"/.*/[a-z]*", re.DOTALL)
ANY, NOT_ALL, NOT_ANY, ALL = range(4)  # SillyTavern's selectiveLogic: what the secondary keys must do


@dataclass(frozen=True)
class Fact:
    """One entry of a book. ``order`` sorts (lower is earlier); the lowest ``priority`` is dropped first."""

    id: str
    content: str
    keys: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    logic: int = ANY
    constant: bool = False
    case_sensitive: bool = False
    before: bool = True
    order: float = 0
    priority: float = 0
    percent: float = 100


@dataclass(frozen=True)
class Book:
    """A card's lore as read. ``budget`` is in tokens; None leaves it to the prompt."""

    facts: tuple[Fact, ...] = ()
    depth: int = DEPTH
    budget: int | None = None
    recursive: bool = False


@dataclass(frozen=True)
class Surfaced:
    """The facts of this moment. ``before`` and ``after`` the character stay the same; ``late`` goes with the turns."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


def read_book(source: Mapping[str, object] | None, fill: Callable[[str], str]) -> Book:
    """The book in a card's ``character_book``; what cannot be read is left out. ``fill`` replaces macros."""
    if not source:
        return Book()
    entries = source.get("entries")
    listed = entries[:ENTRIES] if isinstance(entries, list) else []
    facts = [_fact(place, entry, fill) for place, entry in enumerate(listed)]
    return Book(
        facts=tuple(fact for fact in facts if fact and fact.content),
        depth=max(0, int(_number(source.get("scan_depth"), DEPTH))),
        budget=int(_number(source.get("token_budget"), 0)) or None,
        recursive=source.get("recursive_scanning") is True,
    )


def surface(
    book: Book, said: Sequence[str], *, story: str, place: int, budget: int, count: Callable[[str], int]
) -> Surfaced:
    """The facts that belong into a prompt.

    ``said`` holds the turns' texts with their speakers, oldest first. ``place`` numbers the moment for draws.
    ``budget`` bounds all facts together, in what ``count`` counts; the book's own budget may be smaller.
    """
    scanned = "\n".join(said[-book.depth :]) if book.depth else ""
    open_facts = [fact for fact in book.facts if not fact.constant and _drawn(fact, story, place)]
    hit = [fact for fact in open_facts if _matches(fact, scanned)]
    for _ in range(ROUNDS if book.recursive else 0):
        more = "\n".join([scanned, *(fact.content for fact in hit)])
        fresh = [fact for fact in open_facts if fact not in hit and _matches(fact, more)]
        if not fresh:
            break
        hit += fresh
    constant = [fact for fact in book.facts if fact.constant]
    kept = _within([*constant, *hit], min(budget, book.budget or budget), count)
    kept.sort(key=lambda fact: (not fact.before, fact.order))
    return Surfaced(
        before=tuple(fact.content for fact in kept if fact.constant and fact.before),
        after=tuple(fact.content for fact in kept if fact.constant and not fact.before),
        late=tuple(fact.content for fact in kept if not fact.constant),
    )


def _within(facts: list[Fact], budget: int, count: Callable[[str], int]) -> list[Fact]:
    """Constant facts first, then by priority and order, as long as they fit."""
    kept, left = [], budget
    for fact in sorted(facts, key=lambda fact: (not fact.constant, -fact.priority, -fact.order)):
        cost = count(fact.content)
        if cost <= left:
            kept.append(fact)
            left -= cost
    return kept


def _matches(fact: Fact, text: str) -> bool:
    if not any(_found(key, text, fact.case_sensitive) for key in fact.keys):
        return False
    if not fact.secondary:
        return True
    second = [_found(key, text, fact.case_sensitive) for key in fact.secondary]
    return {ANY: any(second), NOT_ALL: not all(second), NOT_ANY: not any(second), ALL: all(second)}[fact.logic]


def _found(key: str, text: str, case_sensitive: bool) -> bool:
    """A key of one word must stand as a word; a key of several is found anywhere."""
    if not case_sensitive:
        key, text = key.casefold(), text.casefold()
    if " " in key:
        return key in text
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


def _drawn(fact: Fact, story: str, place: int) -> bool:
    if fact.percent >= 100:
        return True
    draw = hashlib.sha256(f"{story}\0{fact.id}\0{place}".encode()).digest()
    return int.from_bytes(draw[:4], "big") / 2**32 * 100 < fact.percent


def _fact(place: int, source: object, fill: Callable[[str], str]) -> Fact | None:
    if not isinstance(source, dict) or source.get("enabled") is False:
        return None
    content, decorators = _undecorated(str(source.get("content") or ""))
    extensions = source.get("extensions")
    more: Mapping[str, object] = extensions if isinstance(extensions, dict) else {}
    logic = int(_number(more.get("selectiveLogic"), ANY))
    drawn = more.get("useProbability") is not False
    if "dont_activate" in decorators:
        return None
    return Fact(
        id=str(source.get("id", place)),
        content=fill(content).strip(),
        keys=_keys(source.get("keys"), fill),
        secondary=_keys(source.get("secondary_keys"), fill) if source.get("selective") is True else (),
        logic=logic if logic in range(4) else ANY,
        constant=source.get("constant") is True or "activate" in decorators,
        case_sensitive=source.get("case_sensitive") is True,
        before=source.get("position") != "after_char",
        order=_number(source.get("insertion_order"), 0),
        priority=_number(source.get("priority"), 0),
        percent=_number(more.get("probability"), 100) if drawn else 100,
    )


def _undecorated(content: str) -> tuple[str, frozenset[str]]:
    """V3 puts ``@@name value`` lines first; those we do not know are ignored, none is shown."""
    names = set()
    while match := _DECORATOR.match(content):
        names.add(match[1])
        content = content[match.end() :]
    return content, frozenset(names)


def _keys(source: object, fill: Callable[[str], str]) -> tuple[str, ...]:
    keys = [fill(key).strip() for key in source[:KEYS] if isinstance(key, str)] if isinstance(source, list) else []
    return tuple(key for key in keys if key and not _REGEX_KEY.fullmatch(key))


def _number(value: object, otherwise: float) -> float:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9
    return float(value) if fine else otherwise  # type: ignore[arg-type]
