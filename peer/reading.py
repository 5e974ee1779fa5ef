"""The narration read aloud: a reader's seat, which voices what the narrator tells, sentence by sentence.

Rules of this file:
- What is due is read from the story, never remembered: after a restart, narrations that have no sound yet get theirs.
- What comes while this process runs is announced clip by clip, in its order; what is made up for is only kept.
- Read is what everybody may read, on the way the story goes now, and what the narrator recorded no sound of.
- Of several readers who can reach each other, the one with the lowest seat reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import trio

from dwnet.clips import Clips
from dwnet.node import Event, Node
from peer.reporting import Engines, Reporter
from peer.voice.contract import Speaker, Voice, format_voice
from peer.voice.spans import spoken
from peer.voice.splitter import Splitter
from peer.voicing import Voicing
from protocol import limits
from protocol.effects import Heard, Took
from protocol.kinds import NARRATOR, Edited, Narrated, Rewound, Voiced
from protocol.moments import Hush
from protocol.story import Cue, Passage

LOOKED_BACK = 512  # passages before the head, among which narrations without sound are looked for
_STIRRING = frozenset((Narrated.kind, Edited.kind, Rewound.kind, Voiced.kind, "cast", "adopt", "grant"))


class Reader:
    """Plays a reader's seat."""

    def __init__(self, node: Node, clips: Clips, speaker: Speaker | None, voice: Voice) -> None:
        self.node = node
        self.voicing = Voicing(node, clips, speaker, voice, self._tell)
        self.reporter = Reporter(node, self._engines)
        self._fresh: deque[bytes] = deque(maxlen=limits.PLAN)  # told while this process runs, and not hushed
        self._reworded: set[bytes] = set()  # read already, and worded otherwise since
        self._reading = b""
        self._wake = trio.Event()

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Read until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, events)
            nursery.start_soon(self.reporter.run, self.node.subscribe())
            nursery.start_soon(self.voicing.run)
            nursery.start_soon(self._work)

    async def _watch(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        async for event in events:
            match event:
                case Took(entry=entry) if entry.kind in _STIRRING:
                    story = self.node.ledger.story
                    if entry.kind == Narrated.kind:
                        self._fresh.append(entry.id)
                    elif entry.kind == Edited.kind and (passage := story.passage_of(entry.refs[0])):
                        self._reworded.update({passage.id} if story.sound_of(passage.take) else ())
                    if self._reading and not self._may_be_read(story.passages.get(self._reading)):
                        self.voicing.hush()
                    self._wake.set()
                case Heard(ephemeral=one) if one.kind == Hush.kind:
                    self._fresh.clear()
                    self.voicing.hush()

    async def _work(self) -> None:
        while True:
            self._wake = trio.Event()
            passage = self._due()
            if passage is None:
                await self._wake.wait()
                continue
            await self._read(passage)

    async def _read(self, passage: Passage) -> None:
        story, me = self.node.ledger.story, self.node.ledger.authority.member(self.node.member.public)
        assert me is not None, "it has a seat"
        self._reading = passage.id
        self._reworded.discard(passage.id)
        text = " ".join(one.text for one in story.spans_of(passage.take))
        asked = Cue(passage.id, passage.id, passage.take.at, me.seat, 0, False, None)  # a narration asks to be read
        await self.voicing.read(
            asked, sentences_of(text), lambda: self._may_be_read(self.node.ledger.story.passages.get(passage.id))
        )
        self._reading = b""

    def _due(self) -> Passage | None:
        """What is to be read now: of what was just told the first, else of what has no sound the last."""
        story, authority = self.node.ledger.story, self.node.ledger.authority
        me = authority.member(self.node.member.public)
        if me is None or me.role != "reader" or self._another_reads(me.seat):
            return None
        found = []
        for place in range(story.length - 1, max(-1, story.length - 1 - LOOKED_BACK), -1):
            passage = story.passage_at(place)
            if passage.take.at < me.at:
                break
            silent = story.sound_of(passage.take) is None
            if self._may_be_read(passage) and (silent or passage.id in self._reworded):
                found.append(passage)
        return next((one for one in reversed(found) if one.id in self._fresh), found[0] if found else None)

    def _may_be_read(self, passage: Passage | None) -> bool:
        if passage is None or passage.seat != NARRATOR or not self.node.ledger.story.on_path(passage.id):
            return False
        take = passage.take
        recorded = (take.entry, take.author) in self.node.ledger.story.sounds
        return take.audience is None and not take.hidden and not recorded

    def _another_reads(self, seat: int) -> bool:
        story, authority = self.node.ledger.story, self.node.ledger.authority
        return any(
            one.role == "reader" and one.seat < seat and self.node.linked_to(one.key)
            for one in authority.current()
            if one.seat not in story.seats or not story.seats[one.seat].retired
        )

    def _tell(self, asked: Cue, kind: str, payload: bytes) -> None:
        if asked.entry in self._fresh:
            self.node.say(kind, payload)

    def _engines(self) -> Engines:
        voice, why = format_voice(self.voicing.voice), self.voicing.mute
        return Engines("slow" if why else "ready", why or "It reads the narration aloud.", voice=voice)


def sentences_of(text: str) -> Sequence[str]:
    """What of a narration is read, a clip each; the first one is short, so that it is heard early."""
    splitter = Splitter()
    fragments = splitter.push(text) + splitter.finish()
    return [sentence for fragment in fragments if (sentence := spoken(fragment))][: limits.CLIPS]
