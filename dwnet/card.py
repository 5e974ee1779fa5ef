"""A character's card: Character Card V2 JSON, the format people already have, and the two parts in which it travels.

Rules of this file:
- Lax on read (V1, V2, V3), exact on write (V2 with every required key, in one fixed order).
- Nothing is lost on the way through: unknown keys of ``extensions`` and of ``data`` come out as they went in.
- Our own fields stand under ``extensions.dreamweaver``.
- What names an engine of this machine (``writer``), what holds pictures and the ``mind`` do not stand in the sheet.

Sources: the Character Card specifications V1, V2 and V3; what SillyTavern writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dwnet.card_mind import CardMind, check_mind, mind_in
from dwnet.card_picture import card_json
from dwnet.card_reading import (
    CardError,
    CardFieldWrong,
    CardTooLarge,
    CardUnreadable,
    Finding,
    Object,
    Sheet,
    check_book,
    parse,
)
from dwnet.pronunciation import check_pronunciation, pronunciation
from protocol import limits

__all__ = [
    "Card",
    "CardError",
    "Finding",
    "PublicCard",
    "card_from_parts",
    "check_card",
    "private_part",
    "public_part",
    "read_card",
    "write_card",
]

OWN = "dreamweaver"
TEXTS = ("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
         "post_history_instructions", "creator", "character_version")  # fmt: skip
LISTS = ("alternate_greetings", "tags")
OWN_TEXTS = ("goals", "backstory", "voice", "writer", "portrait", "colour", "actions", "thoughts")
ALOUD = ("off", "softly", "aloud")  # how what a character does or thinks is said with its line; it speaks aloud
USUAL_TALKATIVENESS = 0.5  # what SillyTavern gives a character that says nothing about it

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ALOUD = re.compile("|".join(ALOUD))
_VOICE = re.compile(r"[a-z0-9_-]+:[^\s?&]+(\?[a-z_]+=[^\s?&=]+(&[a-z_]+=[^\s?&=]+)*)?")
_EXCHANGE = re.compile(r"^(\{\{char\}\}|<BOT>):", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """A character. Texts may hold the macros ``{{char}}`` and ``{{user}}``; ``name`` may not.

    ``character_book`` is the card's lore, verbatim; ``others`` are keys of ``data`` that V2 does not know.
    """

    name: str
    description: str = ""
    personality: str = ""
    scenario: str = ""
    first_mes: str = ""
    mes_example: str = ""
    creator_notes: str = ""
    system_prompt: str = ""
    post_history_instructions: str = ""
    alternate_greetings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    creator: str = ""
    character_version: str = ""
    character_book: Object | None = None
    extensions: Object = field(default_factory=dict)
    others: Object = field(default_factory=dict)

    @property
    def goals(self) -> str:
        """What the character wants."""
        return self._own("goals")

    @property
    def backstory(self) -> str:
        """What lies behind the character."""
        return self._own("backstory")

    @property
    def voice(self) -> str:
        """``engine:name?option=value``, as ``espeak:en-us+f5?pitch=50``; "" lets the peer choose."""
        return self._own("voice")

    @property
    def writer(self) -> str:
        """The language model on this machine; "" is the usual one."""
        return self._own("writer")

    @property
    def portrait(self) -> str:
        """A picture as a ``data:`` or ``blob:`` address; "" for none."""
        return self._own("portrait")

    @property
    def colour(self) -> str:
        """``#rrggbb``, or "" lets the screen choose."""
        return self._own("colour")

    def aloud(self, kind: str) -> str:
        """How its ``actions`` or ``thoughts`` are said with its lines, one of ``ALOUD``; "off" unless chosen."""
        return chosen if (chosen := self._own(kind)) in ALOUD else ALOUD[0]

    @property
    def pronunciation(self) -> dict[str, str]:
        """How names are said, by a plain respelling."""
        own = self.extensions.get(OWN)
        return pronunciation(own if isinstance(own, dict) else {})

    @property
    def mind(self) -> CardMind | None:
        """With which adapter it spoke where the card was written."""
        own = self.extensions.get(OWN)
        return mind_in(own if isinstance(own, dict) else {})

    @property
    def talkativeness(self) -> float:
        """How readily the character speaks up, 0 to 1: ours, else SillyTavern's, else 0.5."""
        for place in (self.extensions.get(OWN), self.extensions):
            share = Sheet(place, []).share("talkativeness") if isinstance(place, dict) else None
            if share is not None:
                return share
        return USUAL_TALKATIVENESS

    def having(self, **own: object) -> Card:
        """The same card with some of our own fields replaced; a field set to "" or None is taken out."""
        before = self.extensions.get(OWN)
        after = {**(before if isinstance(before, dict) else {}), **own}
        after = {key: value for key, value in after.items() if value not in ("", None)}
        rest = {key: value for key, value in self.extensions.items() if key != OWN}
        return replace(self, extensions={**rest, OWN: after} if after else rest)

    def _own(self, key: str) -> str:
        own = self.extensions.get(OWN)
        value = own.get(key, "") if isinstance(own, dict) else ""
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class PublicCard:
    """What every member may know of a character. ``talkativeness`` is 0 to 1; empty texts mean "not chosen"."""

    name: str
    voice: str = ""
    colour: str = ""
    talkativeness: float = USUAL_TALKATIVENESS
    tags: tuple[str, ...] = ()


def read_card(data: bytes) -> Card:
    """The card in a file of version 1, 2 or 3: JSON, or a PNG picture that carries it.

    :raises CardError: one of its subclasses, naming the field and the remedy.
    """
    card, findings = _read(data)
    for finding in findings:
        if finding.severity == "error":
            raise CardFieldWrong(field=finding.field, what=finding.what, remedy=finding.remedy)
    return card


def check_card(data: bytes) -> list[Finding]:
    """Everything worth saying about a card's file, errors first; empty for a card without fault."""
    try:
        card, findings = _read(data)
        if not any(one.severity == "error" for one in findings):
            private_part(card)
    except CardError as error:
        return [Finding("error", str(error.facts.get("field", "card")), error.what, error.hint)]
    return sorted([*findings, *_thin(card)], key=lambda one: one.severity)


def write_card(card: Card) -> bytes:
    """The card as a V2 JSON file: the same bytes for equal cards.

    :raises CardTooLarge: when it would be more than ``limits.CARD`` bytes, which no reader would take back.
    """
    data = _data(card)
    text = json.dumps(_whole(data), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return _bounded(text.encode(), limits.CARD, data)


def public_part(card: Card) -> PublicCard:
    """The part of a card that goes into the story for all to see."""
    tags = tuple(tag[: limits.NAME] for tag in card.tags[: limits.CARD_TAGS])
    return PublicCard(card.name, card.voice, card.colour, card.talkativeness, tags)


def private_part(card: Card) -> bytes:
    """The part of a card that is sealed to the seat that plays it: compact JSON without ``writer``, ``mind``, pictures.

    :raises CardTooLarge: above ``limits.CARD_SHEET`` bytes, naming the largest field.
    """
    others = {key: value for key, value in card.others.items() if key != "assets"}
    data = _data(replace(card.having(writer="", portrait="", mind=None), others=others))
    text = json.dumps(_whole(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _bounded(text.encode(), limits.CARD_SHEET, data)


def card_from_parts(public: PublicCard, private: bytes) -> Card:
    """The card a character plays from: the private part, with what everybody sees laid over it.

    :raises CardError: when the private part is no card.
    """
    card = read_card(private)
    changed: dict[str, object] = {"voice": public.voice, "colour": public.colour}
    if abs(public.talkativeness - card.talkativeness) > 0.005:  # it travels in hundredths
        changed["talkativeness"] = public.talkativeness
    tags = card.tags if public.tags in ((), public_part(card).tags) else public.tags
    return replace(card.having(**changed), name=public.name, tags=tags)


def _read(data: bytes) -> tuple[Card, list[Finding]]:
    findings: list[Finding] = []
    sheet = _sheet(parse(card_json(data)), findings)
    extensions = dict(sheet.nested("extensions") or {})
    Sheet(extensions, findings, "extensions.").share("talkativeness")
    if OWN in extensions:
        extensions[OWN] = _read_own(extensions, findings)
    book = sheet.nested("character_book")
    check_book(book, findings)
    known = {"name", "extensions", "character_book", *TEXTS, *LISTS}
    return Card(
        name=sheet.name("name"),
        **{key: sheet.text(key) for key in TEXTS},
        alternate_greetings=sheet.texts("alternate_greetings"),
        tags=sheet.texts("tags"),
        character_book=book,
        extensions=extensions,
        others={key: value for key, value in sheet.source.items() if key not in known},
    ), findings  # fmt: skip


def _sheet(root: Object, findings: list[Finding]) -> Sheet:
    """Where the card's fields stand: in ``data`` since V2, at the top in V1."""
    spec, data = str(root.get("spec", "")), root.get("data")
    top = Sheet(root, findings)
    if spec.startswith("lorebook"):
        raise CardUnreadable(why="it is a lorebook without a character")
    if not isinstance(data, dict):
        if "name" not in root:
            raise CardUnreadable(why="it has neither a name nor a data object")
        top.odd("spec", "is missing, so this was read as a version 1 card", "Nothing needs doing.")
        flat = {key: value for key, value in root.items() if key not in ("spec", "spec_version", "data")}
        return Sheet(flat, findings)
    if spec == "chara_card_v3":
        version = str(root.get("spec_version", "3.0"))[:10]
        top.odd("spec", f"is version {version}", "What version 2 does not know is kept, and not used.")
    elif spec != "chara_card_v2":
        top.odd("spec", "is not chara_card_v2", "It was read as version 2.")
    return Sheet(data, findings)


def _read_own(extensions: Mapping[str, object], findings: list[Finding]) -> Object:
    own = Sheet(extensions, findings, "extensions.").nested(OWN) or {}
    sheet = Sheet(own, findings, f"extensions.{OWN}.")
    clean: Object = {key: sheet.text(key) for key in OWN_TEXTS if key in own}
    sheet.matching("colour", _COLOUR, "is not a colour", "Write it as #rrggbb, for example #1d7a8c.")
    sheet.matching("voice", _VOICE, "is not a voice", "Write it as engine:name, for example espeak:en-us+f5?pitch=50.")
    for kind in ("actions", "thoughts"):
        sheet.matching(kind, _ALOUD, "is no way of saying it", f"Write one of these: {', '.join(ALOUD)}.")
    if len(str(own.get("voice", ""))) > limits.VOICE:
        sheet.wrong("voice", f"is longer than {limits.VOICE} characters", "Choose one of `dwnet voice list`.")
    sheet.share("talkativeness")
    check_pronunciation(sheet)
    check_mind(sheet)
    return {**own, **clean}


def _thin(card: Card) -> list[Finding]:
    """What makes a character dull: nothing here is wrong."""
    found = []
    if not (card.description or card.personality):
        found.append(Finding("warning", "description", "is empty", "Say in one sentence who this is."))
    if not _EXCHANGE.search(card.mes_example):
        remedy = 'Give three or more: <START>, then {{user}}: ..., then {{char}}: "...", each on a line of its own.'
        found.append(Finding("warning", "mes_example", "holds no line of the character's", remedy))
    if not card.voice:
        found.append(Finding("warning", f"extensions.{OWN}.voice", "is not chosen", "A voice is picked at casting."))
    return found


def _whole(data: Object) -> Object:
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def _data(card: Card) -> Object:
    """The ``data`` object in the order of the specification; what is nested is sorted by key."""
    ordered: Object = {"name": card.name}
    for key in ("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
                "post_history_instructions"):  # fmt: skip
        ordered[key] = getattr(card, key)
    ordered |= {"alternate_greetings": list(card.alternate_greetings), "tags": list(card.tags)}
    ordered |= {"creator": card.creator, "character_version": card.character_version}
    if card.character_book is not None:
        ordered["character_book"] = _sorted(card.character_book)
    ordered["extensions"] = _sorted(card.extensions)
    return ordered | {key: _sorted(card.others[key]) for key in sorted(card.others) if key not in ordered}


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _bounded(encoded: bytes, limit: int, data: Object) -> bytes:
    if len(encoded) > limit:
        largest = max(data, key=lambda key: len(json.dumps(data[key], ensure_ascii=False)))
        raise CardTooLarge(size=f"{len(encoded):,}", limit=f"{limit:,}", field=largest)
    return encoded
