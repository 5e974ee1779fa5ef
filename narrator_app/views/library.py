"""The library as values: spines, what a search found, places to go back to, forms of export, a seal. Pure.

Rules of this file:
- A number is shown with its word, a moment as how long ago it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dwnet.text import clean, marked, one_line
from narrator_app.forms import FORMS, Form
from narrator_app.phrases import say
from narrator_app.seal import Seal
from narrator_app.stories import FoundIn, Spine
from protocol.kinds import NARRATOR
from protocol.story import Passage, Story

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000  # ms
NAMED = 4  # characters a spine names; of more it says how many
EXCERPT = 90  # characters of a passage where it stands for a place
Tone = Literal["ok", "warn", "danger", "muted"]


@dataclass(frozen=True)
class SpineView:
    """A story as its spine shows it. ``key`` opens it: its name, or its tag where two have one name. ``state`` is a
    word for its chip.
    """

    key: str
    name: str
    tag: str
    facts: str
    cast: str
    state: str
    tone: Tone
    is_open: bool
    elsewhere: bool
    archived: bool
    ours: bool
    trouble: str
    hint: str

    @property
    def can_open(self) -> bool:
        """Whether it can be told on in this program, and is not yet."""
        return self.ours and not (self.is_open or self.elsewhere or self.trouble)


@dataclass(frozen=True)
class ShelfView:
    """``stories`` stand on the shelf, the open one first, then as they were told last; ``archived`` were put away."""

    stories: tuple[SpineView, ...]
    archived: tuple[SpineView, ...]

    def named(self, tag: str) -> SpineView | None:
        """The story with this tag."""
        return next((one for one in (*self.stories, *self.archived) if one.tag == tag), None)


@dataclass(frozen=True)
class Piece:
    """A stretch of an excerpt; ``found``: it is what was looked for."""

    text: str
    found: bool


@dataclass(frozen=True)
class Hit:
    """A line that a search found; ``entry`` is where to go, hexadecimal."""

    entry: str
    speaker: str
    pieces: tuple[Piece, ...]
    when: str
    private: bool


@dataclass(frozen=True)
class HitGroup:
    """What was found in one story."""

    story: SpineView
    count: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class PlaceView:
    """A checkpoint: ``entry`` is the passage it names, hexadecimal, "" for the very beginning. ``here``: the story
    stands there now; ``left``: it is not on the way the story goes.
    """

    name: str
    entry: str
    text: str
    here: bool
    left: bool


@dataclass(frozen=True)
class FormView:
    """A form to take the story away in."""

    name: str
    title: str
    text: str
    suffix: str
    whispers: bool


@dataclass(frozen=True)
class SealView:
    """A seal as it is shown: ``title`` is the word on it, ``proved`` what that means, ``words`` its fingerprint."""

    title: str
    proved: str
    detail: str
    words: tuple[str, ...]
    tone: Tone


def shelf_view(spines: Sequence[Spine], open_tag: str, now: int) -> ShelfView:
    """The shelf. ``open_tag`` is the tag of the story that is open here, "" when none is; ``now`` in ms since 1970."""
    names = [one.summary.name.casefold() for one in spines]
    ordered = sorted(spines, key=lambda one: (one.summary.tag != open_tag, -one.summary.told_at))
    views = [_spine(one, names.count(one.summary.name.casefold()) > 1, open_tag, now) for one in ordered]
    return ShelfView(
        tuple(one for one in views if one.is_open or not one.archived),
        tuple(one for one in views if one.archived and not one.is_open),
    )


def unlisted(name: str) -> SpineView:
    """What stands in place of the open story until the shelf was looked at."""
    return SpineView("", name, "", "", "", "", "muted", True, False, False, True, "", "")


def _spine(spine: Spine, is_double: bool, open_tag: str, now: int) -> SpineView:
    summary = spine.summary
    is_open = bool(open_tag) and summary.tag == open_tag
    state, tone = _state(spine, is_open)
    facts = say("library.unreadable") if spine.trouble else _facts(spine, now)
    cast = _listed(summary.cast)
    name = one_line(summary.name, 64) or say("library.nameless")
    return SpineView(
        summary.tag if is_double else summary.name,
        name,
        summary.tag,
        facts,
        cast,
        state,
        tone,
        is_open,
        spine.open and not is_open,
        spine.archived,
        spine.ours,
        spine.trouble,
        spine.hint,
    )


def _state(spine: Spine, is_open: bool) -> tuple[str, Tone]:
    if is_open:
        return say("library.state_open"), "ok"
    if spine.trouble:
        return say("library.state_trouble"), "danger"
    if spine.open:
        return say("library.state_elsewhere"), "warn"
    if not spine.ours:
        return say("library.state_foreign"), "warn"
    return (say("library.state_archived") if spine.archived else ""), "muted"


def _facts(spine: Spine, now: int) -> str:
    told_at = spine.summary.told_at
    told = say("library.told", when=ago(now - told_at)) if told_at else say("library.untold")
    return say("library.facts", passages=passages(spine.summary.passages), told=told, size=size(spine.size))


def passages(count: int) -> str:
    """So many passages, in words."""
    return say("library.passage_one") if count == 1 else say("library.passages", count=f"{count:,}")


def ago(passed: int) -> str:
    """How long ago, of milliseconds that passed."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = passed // unit
        if count >= 1:
            return say(f"library.one_{name}") if count == 1 else say(f"library.many_{name}s", count=f"{count:,}")
    return say("library.moment")


def size(count: int) -> str:
    """Bytes as people count them."""
    if count < 1_000_000:
        return say("library.kilobytes", count=max(1, round(count / 1_000)))
    return say("library.megabytes", count=f"{count / 1_000_000:.1f}")


def _listed(names: Sequence[str]) -> str:
    if not names:
        return say("library.no_cast")
    shown = ", ".join(one_line(one, 40) for one in names[:NAMED])
    return shown if len(names) <= NAMED else say("library.and_more", names=shown, count=len(names) - NAMED)


# --- what was found -------------------------------------------------------------------------------------------------


def found_view(found: Sequence[FoundIn], words: str, shelf: ShelfView) -> tuple[HitGroup, ...]:
    """What a search found, the open story's first."""
    groups = []
    for one in found:
        story = shelf.named(one.spine.summary.tag)
        if story is None:
            continue
        hits = tuple(
            Hit(line.entry.hex(), line.speaker, pieces_of(line.excerpt, words), line.at[:10], line.private)
            for line in one.lines
        )
        count = say("library.hit_one") if len(hits) == 1 else say("library.hits", count=len(hits))
        groups.append(HitGroup(story, count, hits))
    return tuple(sorted(groups, key=lambda group: not group.story.is_open))


def pieces_of(excerpt: str, words: str) -> tuple[Piece, ...]:
    """An excerpt, cut where what was looked for begins and ends."""
    wanted = sorted({re.escape(one) for one in words.replace('"', " ").split()}, key=len, reverse=True)
    text = clean(excerpt).replace("\n", " ")
    if not wanted:
        return (Piece(text, False),)
    parts = re.split(f"({'|'.join(wanted)})", text, flags=re.IGNORECASE)
    return tuple(Piece(part, at % 2 == 1) for at, part in enumerate(parts) if part)


# --- places to go back to -------------------------------------------------------------------------------------------


def places_view(story: Story) -> tuple[PlaceView, ...]:
    """Every checkpoint, the one set last first."""
    return tuple(
        PlaceView(
            name, entry.hex(), excerpt_of(story, entry), entry == story.head, bool(entry) and not story.on_path(entry)
        )
        for name, entry in reversed(story.checkpoints.items())
    )


def excerpt_of(story: Story, passage_id: bytes) -> str:
    """The first words of a passage, with who says them."""
    passage = story.passages.get(passage_id)
    if passage is None:
        return say("library.beginning")
    text = words_of(story, passage)
    return text if passage.seat == NARRATOR else f"{story.name_of(passage.seat)}: {text}"


def words_of(story: Story, passage: Passage) -> str:
    """A passage on one line, cut where it gets long."""
    if passage.take.hidden:
        return say(f"library.hidden_{passage.take.hidden}")
    text = " ".join(clean(marked(story.spans_of(passage.take))).split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1].rstrip()}…"


# --- taking it away, and what was proved ----------------------------------------------------------------------------


def forms_view() -> tuple[FormView, ...]:
    """Every form there is."""
    return tuple(_form(one) for one in FORMS.values())


def _form(form: Form) -> FormView:
    return FormView(
        form.name, say(f"library.form_{form.name}"), say(f"library.for_{form.name}"), form.suffix, form.whispers
    )


def seal_view(seal: Seal) -> SealView:
    """A seal in plain words. What is wrong is told as the check told it."""
    title, tone = _seal_title(seal)
    return SealView(title, _proved(seal), "" if seal.state == "whole" else clean(seal.what), seal.words, tone)


def _seal_title(seal: Seal) -> tuple[str, Tone]:
    if seal.state == "whole":
        return (say("library.seal_whole"), "ok") if seal.known else (say("library.seal_consistent"), "warn")
    tones: dict[str, Tone] = {"forked": "warn", "cut_short": "warn"}
    return say(f"library.seal_{seal.state}"), tones.get(seal.state, "danger")


def _proved(seal: Seal) -> str:
    counted = {"entries": f"{seal.entries:,}", "authors": seal.authors}
    match seal.state:
        case "whole" if seal.known:
            return say("library.proved_whole", **counted)
        case "whole":
            return say("library.proved_consistent", **counted)
        case "forked":
            return say("library.proved_forked", **counted)
        case "cut_short":
            return say("library.proved_cut_short", entries=counted["entries"])
        case "another_story":
            return say("library.proved_another_story")
        case _:
            return say("library.proved_tampered")
