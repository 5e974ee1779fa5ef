"""What the people beside a peer see: the story as text in their terminal, or JSON lines for a program."""

from __future__ import annotations

from typing import Any

import trio

from dwnet.node import Event, Node
from dwnet.stage import CUES, Shown, Words
from dwnet.terminal import Terminal, print_json
from dwnet.text import clean, marked
from dwnet.times import iso, now
from protocol.effects import Took
from protocol.entry import Entry
from protocol.kinds import NARRATOR


class View:
    """Shows the story; text only of what this member may read."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.node: Node | None = None
        self.terminal = Terminal(interactive=False)
        self._seen: dict[bytes, None] = {}  # cues whose words were seen as they were written: no second telling

    def happen(self, event: str, **facts: Any) -> None:
        """Tell an event: as JSON, or as a remark."""
        if self.json:
            print_json({"event": event, "at": iso(now(), "milliseconds"), **facts})
        elif event == "joined":
            self.terminal.notice(
                f"Joined “{facts['story']}” as {facts['member']}. "
                f"The narrator sees the same four words: {facts['words']}"
            )
        elif event == "ready":
            self.terminal.notice(
                "The story appears here as it is told. Ctrl-C leaves; dwnet peer, without a code, comes back."
            )
        elif event == "link":
            self.terminal.notice(f"{'Connected to' if facts['up'] else 'Lost the connection to'} {facts['member']}.")

    def shown(self, one: Shown) -> None:
        """Words as they are written."""
        if isinstance(one, Words) and not self.json and self.node is not None:
            seat = self.node.ledger.story.seats.get(one.seat)
            if seat is not None:
                self._seen[one.cue.entry] = None
                while len(self._seen) > CUES:
                    del self._seen[next(iter(self._seen))]
                self.terminal.words(seat.name, seat.colour, one.text, done=one.done)

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Show narrations and whole lines until cancelled."""
        async for event in events:
            if isinstance(event, Took) and self.node is not None:
                self._took(self.node, event.entry)

    def _took(self, node: Node, entry: Entry) -> None:
        story = node.ledger.story
        passage = story.passage_of(entry.refs[0] if entry.kind == "accept" and entry.refs else entry.id)
        if passage is None or entry.kind not in ("narrate", "accept"):
            return
        text = clean(marked(story.spans_of(passage.take)))
        if not text:
            return
        name, seat = story.name_of(passage.seat), story.seats.get(passage.seat)
        if self.json:
            self.happen("line", member=name, text=text, entry=passage.take.entry.hex())
        elif passage.seat == NARRATOR:
            self.terminal.narration(text)
        elif passage.take.cue not in self._seen:
            self.terminal.line(name, seat.colour if seat else "", text)
