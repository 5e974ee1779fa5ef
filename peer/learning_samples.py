"""What a character can learn from: its own lines as examples, each with what its model had read. Pure; a story in,
samples out.

Rules of this file:
- Only what stands in the story counts: what was rewound, or is not decided yet, gives no sample. The samples are worked
  out anew from the story, so that nothing has to be taken back.
- No whisper enters, neither what was told nor what was answered; what is sealed to others cannot. They are named as
  secrets, so that it can be tested that no answer gives one away.
- The narrator's wording of a line is the better answer, the character's own the worse one. So are takes that were not
  chosen and lines that were discarded. A line that a hush broke off teaches nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dwnet.card import Card
from dwnet.text import marked
from dwnet.whole_file import write_whole
from peer.prompt import answered, chat, script
from peer.scene import SAYS_NOTHING, TURNS
from peer.writer.contract import Manner, Scene, Turn
from protocol import kinds
from protocol.ledger import Ledger
from protocol.story import Passage, Take

PROMPT = 768  # tokens that a sample's prompt has at most, by the estimate below; training takes as long as it is long
LETTERS = 4  # a token has about so many
EDITED = 2  # how much an answer in the narrator's own wording counts; any other counts once


@dataclass(frozen=True)
class Spoken:
    """One line of the character's: what it was told lies in ``Lines.turns`` before ``place``."""

    place: int
    text: str
    rejected: tuple[str, ...]
    sources: tuple[bytes, ...]
    edited: bool


@dataclass(frozen=True)
class Lines:
    """What one seat said in a story, and in which company. ``secrets`` are the whispers it was told or answered."""

    story: str
    cast: tuple[str, ...]
    turns: tuple[Turn, ...]
    spoken: tuple[Spoken, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One example: messages as a model reads them, the answer last; worse answers; the entries it is made from."""

    messages: tuple[tuple[str, str], ...]
    manner: Manner
    rejected: tuple[str, ...]
    sources: tuple[bytes, ...]
    weight: int

    def facts(self) -> dict[str, object]:
        """As it stands in a file, one object per line."""
        return {
            "messages": [{"role": role, "content": content} for role, content in self.messages],
            "manner": self.manner,
            "rejected": list(self.rejected),
            "source": [one.hex() for one in self.sources],
            "weight": self.weight,
        }


def lines_of(ledger: Ledger, seat: int) -> Lines:
    """What a seat said where the story stands now."""
    story = ledger.story
    wordings, unchosen = _beside_the_story(ledger, seat)
    turns: list[Turn] = []
    spoken: list[Spoken] = []
    secrets: list[str] = []
    for passage in story.path():
        take = passage.take
        text = marked(story.spans_of(take))
        if not text:
            continue
        if take.audience is not None:
            secrets.append(text)
            continue
        if passage.seat == seat and (one := _spoken(ledger, passage, len(turns), wordings, unchosen)) is not None:
            spoken.append(one)
        kind = "narration" if passage.seat == kinds.NARRATOR else "line"
        turns.append(Turn(story.name_of(passage.seat), text, kind))
    cast = tuple(one.name for one in story.seats.values() if one.number != seat and one.role == "character")
    return Lines(story.name, cast, tuple(turns), tuple(spoken), tuple(secrets))


def _beside_the_story(ledger: Ledger, seat: int) -> tuple[dict[bytes, bytes], dict[bytes, list[bytes]]]:
    """The edits by what they are about, and by beat the lines of this seat that were discarded."""
    story, members = ledger.story, ledger.authority.members
    wordings: dict[bytes, bytes] = {}
    discarded: dict[bytes, list[bytes]] = defaultdict(list)
    for entry in ledger.entries.values():
        if entry.kind == kinds.Edited.kind and entry.refs:
            wordings[entry.refs[0]] = entry.id
        elif entry.kind == kinds.Line.kind and members[entry.author].seat == seat and entry.id not in story.offered:
            cue = story.cues.get(entry.refs[0]) if entry.refs else None
            if cue is not None and story.passage_of(entry.id) is None:
                discarded[cue.beat].append(entry.id)
    return wordings, discarded


def _spoken(
    ledger: Ledger,
    passage: Passage,
    place: int,
    wordings: Mapping[bytes, bytes],
    discarded: Mapping[bytes, Sequence[bytes]],
) -> Spoken | None:
    story, take = ledger.story, passage.take
    edited = take.entry in story.edits
    if not edited and _broken_off(ledger, take):
        return None
    worse = {one.entry: marked(story.spans_of(one)) for one in passage.takes if one is not take and _is_open(one)}
    for entry_id in discarded.get(passage.beat, ()):
        opening = ledger.opening(ledger.entries[entry_id])
        if opening and opening.audience is None and isinstance(opening.body, kinds.Line):
            worse[entry_id] = marked(opening.body.spans)
    sources = [passage.beat, take.entry, *worse]
    if edited:
        worse[take.entry] = marked(take.spans)
        sources += [wordings[take.entry]] if take.entry in wordings else []
    rejected = tuple(text for text in dict.fromkeys(worse.values()) if text)
    return Spoken(place, marked(story.spans_of(take)), rejected, tuple(sources), edited)


def _is_open(take: Take) -> bool:
    return take.audience is None and not take.hidden


def _broken_off(ledger: Ledger, take: Take) -> bool:
    opening = ledger.opening(ledger.entries[take.entry]) if take.entry in ledger.entries else None
    return opening is None or not isinstance(opening.body, kinds.Line) or opening.body.stopped == "hushed"


def samples_of(lines: Lines, card: Card, manner: Manner) -> list[Sample]:
    """The samples, in the order of the story; each told and answered alike only once. Takes a moment: call it in a
    thread.
    """
    found: dict[tuple[str, str], Sample] = {}
    for one in lines.spoken:
        answer = answered(one.text, manner)
        if not answer.strip('" …') or one.text.strip() == SAYS_NOTHING:
            continue
        turns = lines.turns[: one.place][-TURNS:]
        scene = Scene(card=card, cast=lines.cast, turns=turns, story=lines.story)
        prompt = (script if manner == "script" else chat)(scene, PROMPT, tokens)
        messages = [*((message.role, message.text) for message in prompt.messages), ("assistant", answer)]
        worse = tuple(dict.fromkeys(text for text in (answered(text, manner) for text in one.rejected)))
        rejected = tuple(text for text in worse if text.strip('" …') and text != answer)
        sample = Sample(tuple(messages), manner, rejected, one.sources, EDITED if one.edited else 1)
        found.setdefault((messages[-2][1], answer.casefold()), sample)
    return list(found.values())


def tokens(text: str) -> int:
    """About how many tokens a text has, whatever model reads it: samples do not depend on one."""
    return len(text) // LETTERS + 1


def encoded(samples: Iterable[Sample]) -> bytes:
    """The samples as a file holds them: JSON, one object per line, UTF-8."""
    return "".join(json.dumps(one.facts(), ensure_ascii=False) + "\n" for one in samples).encode()


def write_samples(path: Path, samples: Iterable[Sample]) -> None:
    """Write them whole, in place of those that stood there.

    :raises NoRoomForFile, FileNotWritten:
    """
    with write_whole(path) as file:
        file.write(encoded(samples))
