"""What a model is given to read so that it answers as a character. Pure.

Two manners, and which one is the writer's property. A **script** suits small models: one short persona, some
exchanges of the card's examples, then narration and the character's own lines, the reply begun with a quotation mark.
The lines of the others are left out unless they name the character: a small model copies what it has just read. A
**chat** gives a model that follows instructions the whole card and everything that was said.

What never changes stands first and what changes with each turn stands last, because a model keeps what it has read only
up to the first difference. For the same reason history is shortened by halves and not turn by turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from peer.lore import Surfaced, read_book, surface
from peer.writer.contract import NARRATOR, Manner, Scene, Turn
from peer.writer.guard import plain, whole_sentences

Count = Callable[[str], int]

EXAMPLES = 6  # exchanges a script opens with: a small model learns a manner of speaking from these and little else
EXAMPLES_SHARE = 3  # they may take one part in three of a script
PERSONA, TRAIT = 320, 160  # characters of description, and of each further trait, in a script
SCRIPT_HISTORY = 700  # tokens; a longer past drowns the persona of a small model
SCRIPT_LORE = 120  # tokens of lore in a script
LORE_SHARE = 4  # a chat gives at most one part in four to lore
MESSAGE_TOKENS = 8  # what a template puts around one message
RECENT = 40  # turns a reply must not repeat
LEAST_TURN = 64  # tokens; the newest turn is read at least so far, whatever else there is

SCRIPT_RULE = "Answer in one or two short sentences, as yourself."
CHAT_RULE = (
    'You are {{char}} in "{{story}}", a story told aloud by the Narrator. Say only what {{char}} says or does next: in '
    "the first person, in character, one to three sentences, no lists, no headings. What {{char}} does may stand "
    "between asterisks. Never speak or decide for the Narrator or for anyone else, and never repeat what was said."
)

REMEMBERED = "(You remember: {})"  # a script has lore stand as narration: what is labelled, a small model reads out

_MACRO = re.compile(r"\{\{\s*(char|user|story|original)\s*\}\}|<(BOT|USER)>", re.IGNORECASE)
_COMMENT = re.compile(r"\{\{//[^{}]*\}\}")
_BLOCK = re.compile(r"<START>", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”')
_ACTION = re.compile(r"\*+[^*]+\*+")
_SPACE = re.compile(r"\s+")
_MARK = re.compile(r"<\|[^<>|]*\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]")


@dataclass(frozen=True)
class Message:
    """One message of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Prompt:
    """``opening`` is what the reply is begun with: a quotation mark, or "". What was ``told`` to the character must
    not come back as its reply, nor one of its ``own`` lines; the examples are in neither.

    ``since`` is the line its history begins with: give it to the next prompt, so that it begins there too.
    """

    messages: tuple[Message, ...]
    opening: str
    told: tuple[str, ...]
    own: tuple[str, ...]
    since: str


def script(scene: Scene, budget: int, count: Count, since: str = "") -> Prompt:
    """The scene for a small model, in at most about ``budget`` of what ``count`` counts."""
    card, name = scene.card, scene.card.name
    heard = [turn for turn in scene.turns if turn.kind != "line" or turn.speaker == name or _names(turn.text, name)]
    lore = _lore(scene, min(SCRIPT_LORE, budget // LORE_SHARE), count)
    traits = [_clip(_fill(text, scene), TRAIT) for text in (card.personality, card.goals, card.scenario)]
    persona = " ".join([*lore.before, _clip(_fill(card.description, scene), PERSONA), *traits, *lore.after])
    opening = [Message("system", _one_line(f"You are {name}. {persona} {SCRIPT_RULE}"))]
    left = budget // EXAMPLES_SHARE
    for told, answer in examples(scene)[:EXAMPLES]:
        exchange = [Message("user", told), Message("assistant", f'"{answer}"')]
        left -= _cost(exchange, count)
        if left >= 0:
            opening += exchange
    room = min(budget - _cost(opening, count), SCRIPT_HISTORY)
    lines = [_script_line(turn, name) for turn in heard]
    history, since = _history(scene, heard, lines, lore.late, room, count, since)
    history = [replace(one, text=f'"{one.text}"') if one.role == "assistant" else one for one in history]
    return Prompt((*opening, *history), '"', *_said(scene, heard, lore), since)


def chat(scene: Scene, budget: int, count: Count, since: str = "") -> Prompt:
    """The scene for a model that follows instructions, in at most about ``budget`` of what ``count`` counts."""
    card = scene.card
    lore = _lore(scene, budget // LORE_SHARE, count)
    rule = _fill(CHAT_RULE, scene)
    system = _fill(card.system_prompt, scene, original=rule) if card.system_prompt.strip() else rule
    others = f"Also present: {', '.join(scene.cast)}." if scene.cast else ""
    parts = [system, *lore.before, *(_fill(text, scene) for text in (card.description, card.personality)), *lore.after]
    parts += [f"{label}: {_fill(text, scene)}" for label, text in _further(scene) if text.strip()]
    whole = "\n\n".join(part.strip() for part in (*parts, others) if part.strip())
    start = [Message("system", _begun(whole, budget // 2, count))]
    shown = [
        message for told, answer in examples(scene) for message in (Message("user", told), Message("assistant", answer))
    ]
    last = _fill(card.post_history_instructions, scene, original="")
    room = budget - _cost(start, count) - count(last)
    if _cost(shown, count) <= room // 2:  # the examples are the first to go
        start += shown
        room -= _cost(shown, count)
    lines = [_chat_line(turn, card.name) for turn in scene.turns]
    history, since = _history(scene, scene.turns, lines, lore.late, room, count, since, REMEMBERED)
    if last and history and history[-1].role == "user":
        history[-1] = replace(history[-1], text=f"{history[-1].text}\n\n({last})")
    return Prompt((*start, *history), "", *_said(scene, scene.turns, lore), since)


def answered(text: str, manner: Manner) -> str:
    """A line as a model that is asked in this manner writes it."""
    return f'"{_speech(text)}"' if manner == "script" else _one_line(text)


def as_text(prompt: Prompt, name: str) -> str:
    """The prompt as the page of a play, for a model without a chat template; it ends where ``name`` speaks."""
    lines = []
    for message in prompt.messages:
        match message.role:
            case "system":
                lines.append(f"{message.text}\n")
            case "user":
                lines.append(f"{NARRATOR}: {message.text}")
            case "assistant":
                lines.append(f"{name}: {message.text}")
    return "\n".join([*lines, f"{name}: {prompt.opening}"])


def examples(scene: Scene) -> list[tuple[str, str]]:
    """What is told and what the character answers, from the card's examples, else from its first message."""
    found = [pair for block in _BLOCK.split(scene.card.mes_example) for pair in _exchanges(block, scene)]
    if not found and (first := _speech(_fill(scene.card.first_mes, scene))):
        found = [(_clip(_one_line(_fill(scene.card.scenario, scene)), TRAIT) or "The story begins.", first)]
    return found


def _exchanges(block: str, scene: Scene) -> Iterator[tuple[str, str]]:
    told = ""
    label = re.compile(rf"\s*(?:(\{{\{{char\}}\}}|<BOT>|{re.escape(scene.card.name)})|([^:\n]{{1,40}})):\s*(.*)", re.I)
    speeches: list[tuple[bool, str]] = []
    for line in block.splitlines():
        if match := label.fullmatch(line):
            speeches.append((match[1] is not None, match[3]))
        elif speeches and line.strip():
            speeches[-1] = (speeches[-1][0], f"{speeches[-1][1]} {line}")
    for is_own, text in speeches:
        text = _one_line(_fill(text, scene))
        if not is_own:
            told = text
        elif told and (spoken := _speech(text)):
            yield told, spoken
            told = ""


def _history(
    scene: Scene,
    turns: Sequence[Turn],
    lines: Sequence[str],
    late: Sequence[str],
    room: int,
    count: Count,
    since: str,
    remembered: str = "{}",
) -> tuple[list[Message], str]:
    """The turns that fit, as messages that alternate, and the first line of them; lore of the moment stands before the
    newest narration. One that is answered needs it no more: what is read ahead then is how the next prompt begins.
    """
    facts = " ".join(_one_line(fact) for fact in late)
    known = remembered.format(facts) if facts else ""
    room = max(room - count(known), LEAST_TURN)
    lines = [*lines[:-1], _shortened(lines[-1], room - MESSAGE_TOKENS, count)] if lines else []
    first = _first_kept(lines, room, count, since)
    newest = max((place for place, turn in enumerate(turns) if turn.kind == "narration"), default=-1)
    answered = any(turn.speaker == scene.card.name for turn in turns[newest + 1 :])
    messages: list[Message] = []
    for place in range(first, len(lines)):
        own = turns[place].speaker == scene.card.name
        role: Literal["user", "assistant"] = "assistant" if own else "user"
        text = f"{known}\n{lines[place]}" if known and place == newest and not answered else lines[place]
        if messages and messages[-1].role == role:
            messages[-1] = replace(messages[-1], text=f"{messages[-1].text}\n{text}")
        else:
            messages.append(Message(role, text))
    if messages and messages[0].role == "assistant":
        messages.insert(0, Message("user", "…"))
    if not messages or messages[-1].role == "assistant":  # a reply is asked for although nothing happened since
        messages.append(Message("user", "…"))
    return messages, lines[first] if first else ""


def _first_kept(lines: Sequence[str], room: int, count: Count, since: str) -> int:
    """Where history begins: where it began before, while that fits; else with the newer half of what fits."""
    fit, left = len(lines), room
    while fit > 0 and (cost := count(lines[fit - 1]) + MESSAGE_TOKENS) <= left:
        fit, left = fit - 1, left - cost
    half = fit + (len(lines) - fit) // 2
    if since in lines[fit:half]:
        return lines.index(since, fit)
    return half if fit else 0


def _shortened(text: str, room: int, count: Count) -> str:
    """The newest part of ``text`` that fits."""
    while count(text) > max(room, LEAST_TURN) and len(text) > LEAST_TURN:
        text = "… " + text[len(text) // 3 :].lstrip("… ").partition(" ")[2]
    return text


def _begun(text: str, room: int, count: Count) -> str:
    """The beginning of ``text`` that fits."""
    while count(text) > room and len(text) > LEAST_TURN:
        text = text[: len(text) * 4 // 5].rpartition(" ")[0]
    return text


def _lore(scene: Scene, budget: int, count: Count) -> Surfaced:
    book = read_book(scene.card.character_book, lambda text: _fill(text, scene))
    said = [f"{turn.speaker}: {turn.text}" for turn in scene.turns[-100:]]
    place = sum(turn.kind == "narration" for turn in scene.turns)
    return surface(book, said, story=scene.story, place=place, budget=budget, count=count)


def _further(scene: Scene) -> tuple[tuple[str, str], ...]:
    card = scene.card
    return ("Goals", card.goals), ("Backstory", card.backstory), ("Scenario", card.scenario)


def _script_line(turn: Turn, name: str) -> str:
    text = _one_line(turn.text)
    if turn.speaker == name:
        return _speech(text) or "…"
    if turn.kind == "whisper":
        return f"{turn.speaker} whispers to {name}: {text}"
    return text if turn.kind == "narration" else f"{turn.speaker} says: {text}"


def _chat_line(turn: Turn, name: str) -> str:
    text = _one_line(turn.text)
    if turn.speaker == name:
        return text or "…"
    return f"{turn.speaker} (in a whisper that only {name} hears): {text}" if turn.kind == "whisper" else (
        f"{turn.speaker}: {text}"
    )  # fmt: skip


def _said(scene: Scene, turns: Sequence[Turn], lore: Surfaced) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was told of late, lore included, and what the character said itself."""
    facts = (*lore.before, *lore.after, *lore.late)
    recent = [(turn.speaker == scene.card.name, _one_line(turn.text)) for turn in turns[-RECENT:]]
    told = (*facts, *(text for is_own, text in recent if not is_own))
    return told, tuple(text for is_own, text in recent if is_own)


def _names(text: str, name: str) -> bool:
    """Does ``text`` speak of ``name``, or of its last word ("Anselm" of "Brother Anselm")?"""
    words = {name.casefold(), name.split()[-1].casefold()} if name.split() else set()
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text.casefold()) for word in words)


def _fill(text: str, scene: Scene, original: str = "") -> str:
    """Macros replaced: whoever speaks to a character here is the Narrator."""
    values = {"char": scene.card.name, "bot": scene.card.name, "user": "the Narrator", "story": scene.story}
    values["original"] = original
    filled = _MACRO.sub(lambda match: values[(match[1] or match[2]).lower()], _COMMENT.sub("", text))
    return _MARK.sub(" ", plain(filled)).strip()


def _speech(text: str) -> str:
    """What is said aloud in ``text``: what stands in quotation marks, else all but the actions."""
    spoken = " ".join(match[1] or match[2] for match in _QUOTED.finditer(text)) or _ACTION.sub(" ", text)
    return _one_line(spoken.replace('"', "'"))


def _one_line(text: str) -> str:
    """No line breaks, no control characters, and nothing a model would take for its own end marks."""
    return _SPACE.sub(" ", _MARK.sub(" ", plain(text))).strip()


def _clip(text: str, most: int) -> str:
    text = _one_line(text)
    return text if len(text) <= most else whole_sentences(text[:most]) or text[:most].rpartition(" ")[0]


def _cost(messages: Sequence[Message], count: Count) -> int:
    return sum(count(message.text) + MESSAGE_TOKENS for message in messages)
