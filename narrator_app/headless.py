"""The narrator without screens: a terminal to type in, or one JSON object per line for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import trio

from dwnet.ending import Ending
from dwnet.errors import NodeError
from dwnet.settings import Settings
from dwnet.stage import LineVoiced, Shown, Words
from dwnet.terminal import Terminal, print_json
from narrator_app.commands import Desk, obey
from narrator_app.narrator import Happening
from narrator_app.run import Evening, narrate
from narrator_app.wording import COMMANDS

PROMPT = "> "


class Screen:
    """Shows happenings on a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.desk: Desk | None = None
        self._state = "off"  # of the narrator's ear, as it was last told

    def happened(self, one: Happening) -> None:
        match one["event"]:
            case "ready":
                self.terminal.notice(f"“{one['story']}” is open. Others reach it at {', '.join(one['addresses'])}.")
            case "cast":
                self.terminal.notice(
                    f"{one['member']} is in the cast. /invite {one['member']} makes a code for whoever plays it."
                )
            case "invite":
                self.terminal.notice(
                    f"Give this to whoever shall play {one['member']}; it works once, until {one['expires']}:"
                )
                self.terminal.plain(f"dwnet peer --invite {one['code']}")
            case "joined":
                self.terminal.notice(f"{one['member']} has joined. Both of you see the same four words: {one['words']}")
            case "status":
                self.terminal.notice(f"{one['member']}: {one['status']}. {one['why']} {one['remedy']}".strip())
            case "probed" if one["answered"]:
                self.terminal.notice(
                    f"{one['member']} answered in {one['milliseconds'] / 1000:.1f} s: {one['status']}. {one['why']}"
                )
            case "probed":
                self.terminal.notice(f"{one['member']} does not answer. {one['remedy']}".strip())
            case "learning" | "evolved" | "mind":
                if told := _of_minds(one):
                    self.terminal.notice(told)
            case "missed":
                self.terminal.notice(f"{one['why']} The story goes on.")
            case "narrated" if one.get("to"):
                self.terminal.notice(f"Told to {one['to']} alone: {one['text']}")
            case "narrated" if one.get("mode") != "say" or not self.terminal.interactive:
                self.terminal.narration(one["text"])
            case "line":
                self._line(one)
            case "accepted" if self.desk is not None and self.desk.narrator.review:
                self.terminal.notice(f"The line of {one['member']} is part of the story.")
            case "checkpoint":
                self.terminal.notice(f"Checkpoint “{one['name']}” is set.")
            case "renamed":
                self.terminal.notice(f"The story is called “{one['name']}” from now on.")
            case "branch":
                self.terminal.notice(
                    f"What is left behind is the branch “{one['name']}”; /rewind {one['name']} goes back to it."
                )
            case "heard":
                self._heard(one)
            case "hearing":
                self._hearing(one)
            case "exported":
                self.terminal.notice(f"Written: {one['path']}")
            case "story":
                self.terminal.notice(
                    f"“{one['name']}”: {one['passages']} passages, {one['entries']} entries. "
                    f"Fingerprint: {one['fingerprint']}"
                )
            case "notice":
                self.terminal.notice(one["what"])
            case "error":
                self.terminal.trouble(one["what"], one["hint"])

    def shown(self, one: Shown) -> None:
        if isinstance(one, Words) and self.desk is not None:
            seat = self.desk.narrator.story.seats.get(one.seat)
            if seat is not None:
                self.terminal.words(seat.name, seat.colour, one.text, done=one.done)

    def _heard(self, one: Happening) -> None:
        if one["unsure"]:
            self.terminal.notice(f"Not sure: {one['text']}\n/listen send tells it, /listen send TEXT in your words.")
        elif one["seconds"]:
            self.terminal.notice(f"Heard: {one['text']} It is told in {one['seconds']:.0f} s; /listen mend or drop.")

    def _hearing(self, one: Happening) -> None:
        if one["state"] == self._state:
            return
        self._state = one["state"]
        if self._state in ("waiting", "taking"):
            self.terminal.notice("Listening." if self._state == "waiting" else "You are heard.")
        elif self._state == "off":
            self.terminal.notice("The microphone is off.")

    def _line(self, one: Happening) -> None:
        """A line whose words streamed needs no second telling; one that came whole, after an absence say, does."""
        if not self.terminal.end_words() and one["entry"] and not one["streamed"]:
            self.terminal.line(one["member"], one["colour"], one["text"])
        if one["waits"]:
            self.terminal.notice("It waits for your word: /accept, /edit TEXT or /discard. Nobody else speaks before.")


def _of_minds(one: Happening) -> str:
    """What a character learned, in a sentence; "" for what is not worth one."""
    match one["event"]:
        case "learning" if one["state"] in ("done", "refused", "failed", "stopped"):
            return f"{one['member']} has ended learning. {one['why']}".strip()
        case "learning" if one["state"] == "training" and not one["share"]:
            return f"{one['member']} learns from {one['samples']} of its lines."
        case "evolved":
            loss = " to ".join(f"{value:.2f}" for value in one["scores"].get("loss", ()))
            sign = "speaks" if one["speaks"] else "kept aside"
            return f"{one['member']}, version {one['version']} ({sign}): loss {loss}. {one['why']}"
        case "mind":
            return f"{one['member']} speaks with {one['version']}{', pinned' if one['pinned'] else ''}."
    return ""


async def converse(settings: Settings, name: str, *, json: bool) -> int:
    """Run until the input ends, /quit, Ctrl-C or SIGTERM. Returns the exit code."""
    terminal = Terminal(interactive=sys.stdin.isatty() and sys.stdout.isatty() and not json)
    screen = Screen(terminal)
    listener: Callable[[Happening], None] = print_json if json else screen.happened
    ending = Ending()
    async with trio.open_nursery() as nursery:

        def show(one: Shown) -> None:
            if json:
                _voiced(one, evening)
            else:
                screen.shown(one)

        evening: Evening
        async with narrate(settings, name, listener, show) as evening:
            screen.desk = evening.desk
            if evening.silent and not json:
                terminal.notice(f"{evening.silent} Clips are kept in {settings.audio}.")
            with terminal.typing(), trio.CancelScope() as talking:
                nursery.start_soon(ending.wait, talking.cancel)
                await read_lines(terminal, evening.desk)
            evening.desk.narrator.happen("bye")
        nursery.cancel_scope.cancel()
    return ending.code


async def read_lines(terminal: Terminal, desk: Desk) -> None:
    """Obey every line typed until the input ends."""

    def words() -> Mapping[str, str]:
        return _completions(desk)

    while (line := await terminal.read(PROMPT, words)) is not None:
        if not line.strip():
            continue
        try:
            if not await obey(line, desk):
                return
        except NodeError as error:
            desk.narrator.happen("error", what=error.what, hint=error.hint)


def _completions(desk: Desk) -> Mapping[str, str]:
    names = {f"@{seat.name}": "ask this one alone" for seat in desk.narrator.story.seats.values()}
    return {**{f"/{name}": meaning for name, (_, meaning) in COMMANDS.items()}, **names}


def _voiced(one: Shown, evening: Evening) -> None:
    if isinstance(one, LineVoiced):
        narrator = evening.desk.narrator
        narrator.happen(
            "voiced",
            member=narrator.name_of(one.seat),
            entry=one.line.id.hex(),
            clips=[str(path) for path in one.paths],
        )
