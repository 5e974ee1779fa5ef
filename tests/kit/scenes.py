"""A character and scenes to write for."""

from __future__ import annotations

from typing import Any

from dwnet.card import Card
from peer.writer.contract import Scene, Turn

EXAMPLES = """<START>
{{user}}: The wind tears at the mast.
{{char}}: *She laughs.* "Then tie it down! My soup won't wait for any wind."
<START>
{{user}}: A gull steals a fish from the deck.
{{Char}}: "Thief! I'd pluck you for the pot, bird, if you weren't all bones."
<START>
{{user}}: The captain asks whether they should turn back.
{{char}}: "Turn back? With half a pot of stew on the fire? Over my dead ladle, Captain."
"""


def mira(**fields: Any) -> Card:
    """Mira, a ship's cook; ``fields`` replace her card's."""
    usual: dict[str, Any] = {
        "name": "Mira",
        "description": "{{char}} is the ship's cook of the Sea Lark, gruff, warm and afraid of nothing but fire.",
        "mes_example": EXAMPLES,
    }
    return Card(**{**usual, **fields})


def told(text: str) -> Turn:
    """One narration."""
    return Turn("Narrator", text, "narration")


def line(speaker: str, text: str) -> Turn:
    """One line of a character's."""
    return Turn(speaker, text, "line")


STORM = told("A storm rises over the dark water, and a stranger with a lantern steps out of the rain.")


def scene(*turns: Turn, card: Card | None = None, **fields: Any) -> Scene:
    """A scene with Mira, Rusk and Brother Anselm; by default a storm has just risen."""
    usual: dict[str, Any] = {"cast": ("Rusk", "Brother Anselm"), "story": "The Silver Key"}
    return Scene(card=card or mira(), turns=turns or (STORM,), **{**usual, **fields})
