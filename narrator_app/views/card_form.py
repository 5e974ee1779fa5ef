"""A character's card as a form: what its fields hold, what is wrong with them, what changed, and the card they make.

Rules of this file:
- What the form does not show is not touched: unknown keys, settings of lore entries, what other programs keep.
- Examples are shown as exchanges where they are nothing else; where they are more, as the text they are.
- Which writer a card names is not taken over: it would be a stranger's word about where this story's text goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields, replace

from dwnet.card import ALOUD, Card, CardError, private_part, read_card, write_card
from dwnet.card_reading import Finding, Sheet
from narrator_app.naming import name_fault
from narrator_app.phrases import say
from narrator_app.views.voice_form import VoiceForm, voice_of
from protocol import limits

_PAIR = re.compile(r"\s*\{\{user\}\}:[ \t]*(.+?)\s*\n\s*\{\{char\}\}:[ \t]*(.+?)\s*", re.IGNORECASE | re.DOTALL)
_START = re.compile(r"<START>", re.IGNORECASE)
_SPEAKER = re.compile(r"\{\{(?:user|char)\}\}:", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
COLOURS = (
    "#1275d9", "#b45309", "#15803d", "#a21caf", "#be123c", "#0f766e", "#6d28d9", "#a16207", "#475569", "#c2410c",
)  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """One example: what is told, and how the character answers."""

    told: str = ""
    answer: str = ""


@dataclass(frozen=True)
class LoreLine:
    """A fact and the words that bring it up, divided by commas. ``place``: its entry in the card, -1: a new one."""

    keys: str = ""
    content: str = ""
    place: int = -1


@dataclass(frozen=True)
class CardForm:
    """What the form's fields hold. ``examples`` counts unless ``raw_examples`` is not None."""

    name: str = ""
    description: str = ""
    personality: str = ""
    goals: str = ""
    backstory: str = ""
    scenario: str = ""
    first_message: str = ""
    examples: tuple[Exchange, ...] = ()
    raw_examples: str | None = None
    lore: tuple[LoreLine, ...] = ()
    voice: VoiceForm = field(default_factory=VoiceForm)
    actions: str = ALOUD[0]
    thoughts: str = ALOUD[0]
    talkativeness: int = 50
    colour: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field, and the remedy."""

    field: str
    what: str
    remedy: str


def form_of(card: Card) -> CardForm:
    """The form of a card."""
    examples = exchanges_of(card.mes_example)
    return CardForm(
        name=card.name,
        description=card.description,
        personality=card.personality,
        goals=card.goals,
        backstory=card.backstory,
        scenario=card.scenario,
        first_message=card.first_mes,
        examples=examples or (),
        raw_examples=None if examples is not None else card.mes_example,
        lore=_lore_of(card),
        voice=voice_of(card.voice),
        actions=card.aloud("actions"),
        thoughts=card.aloud("thoughts"),
        talkativeness=round(card.talkativeness * 100),
        colour=card.colour,
    )


def card_of(form: CardForm, base: Card) -> Card:
    """The card that a form makes of another one, whose other fields stay as they are."""
    before = form_of(base)
    card = replace(
        base,
        name=form.name.strip(),
        description=form.description.strip(),
        personality=form.personality.strip(),
        scenario=form.scenario.strip(),
        first_mes=form.first_message.strip(),
    )
    if (form.examples, form.raw_examples) != (before.examples, before.raw_examples):
        card = replace(card, mes_example=_examples_of(form))
    if form.lore != before.lore:
        card = replace(card, character_book=_book_of(form.lore, base))
    own: dict[str, object] = {}
    if form.voice != before.voice:
        own["voice"] = form.voice.text
    if form.talkativeness != before.talkativeness:
        own["talkativeness"] = form.talkativeness / 100
    for name in ("goals", "backstory", "colour", "actions", "thoughts"):
        if getattr(form, name) != getattr(before, name):
            own[name] = getattr(form, name).strip()
    return card.having(**own)


def problems(form: CardForm, base: Card, taken: Collection[str]) -> tuple[Problem, ...]:
    """Everything that keeps a form from being kept. ``taken``: names of the others in the story."""
    found = [*_name_problems(form.name, taken)]
    if form.colour.strip() and not _COLOUR.fullmatch(form.colour.strip()):
        found.append(Problem("colour", say("cast.wrong_colour"), say("cast.wrong_colour_hint")))
    if form.voice.problem:
        found.append(Problem("voice", form.voice.problem, say("cast.wrong_voice_hint")))
    for number, line in enumerate(form.lore):
        if bool(line.keys.strip()) != bool(line.content.strip()):
            found.append(Problem(f"lore.{number}", say("cast.wrong_lore"), say("cast.wrong_lore_hint")))
    for number, one in enumerate(form.examples if form.raw_examples is None else ()):
        if bool(one.told.strip()) != bool(one.answer.strip()):
            found.append(Problem(f"examples.{number}", say("cast.wrong_example"), say("cast.wrong_example_hint")))
    if not found:
        try:
            private_part(card_of(form, base))
        except CardError as error:
            found.append(Problem(str(error.facts.get("field", "")), error.what, error.hint))
    return tuple(found)


def changes(form: CardForm, stored: CardForm) -> tuple[str, ...]:
    """The fields in which a form differs from what is stored."""
    return tuple(one.name for one in fields(form) if getattr(form, one.name) != getattr(stored, one.name))


def exchanges_of(text: str) -> tuple[Exchange, ...] | None:
    """The exchanges in a card's examples; None where they are anything more than that."""
    blocks = [block for block in _START.split(text) if block.strip()]
    found = []
    for block in blocks:
        pair = _PAIR.fullmatch(block)
        if pair is None or _SPEAKER.search(pair[1]) or _SPEAKER.search(pair[2]):
            return None
        found.append(Exchange(pair[1], pair[2]))
    return tuple(found)


def free_colour(taken: Collection[str]) -> str:
    """A colour that nobody else has, as long as there is one."""
    used = {one.lower() for one in taken}
    return next((one for one in COLOURS if one not in used), COLOURS[len(used) % len(COLOURS)])


# --- what was written and not kept yet --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unfinished:
    """A form that was left: over which card, and with which portrait (a blob; None: as it was)."""

    form: CardForm
    base: Card
    portrait: bytes | None = None


def to_draft(left: Unfinished) -> str:
    """As text, so that leaving a form loses nothing; the card goes along, since an imported one is nowhere else."""
    portrait = None if left.portrait is None else left.portrait.hex()
    kept = {"form": asdict(left.form), "base": write_card(left.base).decode(), "portrait": portrait}
    return json.dumps(kept, ensure_ascii=False)


def from_draft(text: str) -> Unfinished | None:
    """What was left; None for a draft that does not read, which an older version may have kept."""
    try:
        kept = json.loads(text)
        form = kept["form"]
        form["examples"] = tuple(Exchange(**one) for one in form["examples"])
        form["lore"] = tuple(LoreLine(**one) for one in form["lore"])
        form["voice"] = VoiceForm(**form["voice"])
        portrait = None if kept["portrait"] is None else bytes.fromhex(kept["portrait"])
        return Unfinished(CardForm(**form), read_card(kept["base"].encode()), portrait)
    except (ValueError, KeyError, TypeError, AttributeError, CardError):
        return None


def _name_problems(name: str, taken: Collection[str]) -> list[Problem]:
    if not name.strip():
        return [Problem("name", say("cast.no_name"), say("cast.no_name_hint"))]
    findings: list[Finding] = []
    read = Sheet({"name": name}, findings).name("name")
    found = [Problem("name", say("cast.wrong_name", what=one.what), one.remedy) for one in findings]
    fault = name_fault(read)
    if fault and not found:
        found.append(Problem("name", say("cast.wrong_name", what=fault[0]), fault[1]))
    if not found and read.casefold() in {one.casefold() for one in taken}:
        found.append(Problem("name", say("cast.taken_name", name=read), say("cast.taken_name_hint")))
    return found


def _examples_of(form: CardForm) -> str:
    if form.raw_examples is not None:
        return form.raw_examples.strip()
    pairs = [one for one in form.examples if one.told.strip() and one.answer.strip()]
    return "\n".join(f"<START>\n{{{{user}}}}: {one.told.strip()}\n{{{{char}}}}: {one.answer.strip()}" for one in pairs)


def _entries(card: Card) -> list[object]:
    entries = card.character_book.get("entries") if card.character_book else None
    return list(entries) if isinstance(entries, list) else []


def _lore_of(card: Card) -> tuple[LoreLine, ...]:
    lines = []
    for place, entry in enumerate(_entries(card)):
        if isinstance(entry, dict) and isinstance(entry.get("keys"), list) and isinstance(entry.get("content"), str):
            lines.append(LoreLine(", ".join(str(key) for key in entry["keys"]), entry["content"], place))
    return tuple(lines)


def _book_of(lore: tuple[LoreLine, ...], base: Card) -> dict[str, object] | None:
    """The card's book with these lines: changed where they stood, the new ones behind, what is no line kept."""
    entries, shown = _entries(base), {one.place for one in _lore_of(base)}
    lines = [one for one in lore if one.keys.strip() and one.content.strip()]
    kept = {one.place: one for one in lines if one.place >= 0}
    after: list[object] = []
    for place, entry in enumerate(entries):
        if place in kept and isinstance(entry, dict):
            line = kept[place]
            known = ", ".join(str(key) for key in entry["keys"]) == line.keys
            after.append({**entry, "content": line.content, **({} if known else {"keys": _keys(line.keys)})})
        elif place not in shown:
            after.append(entry)
    numbers = [entry["id"] for entry in after if isinstance(entry, dict) and isinstance(entry.get("id"), int)]
    for number, line in enumerate((one for one in lines if one.place < 0), max(numbers, default=0) + 1):
        after.append(_new_entry(line, number))
    if not after and base.character_book is None:
        return None
    return {"extensions": {}, **(base.character_book or {}), "entries": after}


def _new_entry(line: LoreLine, number: int) -> dict[str, object]:
    """A lore entry with every key the specification asks for."""
    return {
        "id": number, "keys": _keys(line.keys), "content": line.content.strip(), "extensions": {}, "enabled": True,
        "insertion_order": 10 * number, "case_sensitive": False,
    }  # fmt: skip


def _keys(text: str) -> list[str]:
    return [key for part in text.split(",") if (key := part.strip())][: limits.CARD_TAGS]
