"""A card as it is printed for people."""

from __future__ import annotations

from collections.abc import Iterable

from dwnet.card import Card
from dwnet.card_mind import CardMind


def show_card(card: Card) -> list[tuple[str, str]]:
    """Labels and texts to print, in reading order; what is empty is left out."""
    entries = card.character_book.get("entries") if card.character_book else None
    pairs = [
        ("Name", card.name), ("Description", card.description), ("Personality", card.personality),
        ("Goals", card.goals), ("Backstory", card.backstory), ("Scenario", card.scenario),
        ("First message", card.first_mes), ("Examples", card.mes_example.replace("<START>", "").strip()),
        ("Lore", _lore(entries) if isinstance(entries, list) else ""),
        ("Voice", card.voice), ("Colour", card.colour), ("Talkativeness", f"{card.talkativeness:g}"),
        ("Writer", card.writer), ("Mind", _mind(card.mind)), ("Tags", ", ".join(card.tags)),
        ("Notes", card.creator_notes),
        ("Creator", " ".join(part for part in (card.creator, card.character_version) if part)),
    ]  # fmt: skip
    return [(label, text) for label, text in pairs if text]


def _lore(entries: Iterable[object]) -> str:
    lines = []
    for entry in entries:
        if isinstance(entry, dict):
            keys = entry.get("keys")
            words = ", ".join(str(key) for key in keys) if isinstance(keys, list) else ""
            lines.append(f"{words}: {entry.get('content', '')}")
    return "\n".join(lines)


def _mind(mind: CardMind | None) -> str:
    return f"version {mind.version}, {mind.adapter.hex()[:8]}, trained on {mind.model or '?'}" if mind else ""
