"""The command bar: what a typed line means. The terminal and the desk share it.

A line that begins with a slash is a command; everything else is narration.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from dwnet.text import clean
from narrator_app.audiobook import WHOLE, beat_stretch, stretch_between
from narrator_app.casting import Casting
from narrator_app.ear.stenographer import Stenographer
from narrator_app.errors import CommandIncomplete, CommandUnknown
from narrator_app.forms import form_named
from narrator_app.intents import Intents
from narrator_app.minds import Minds
from narrator_app.narrator import Narrator
from narrator_app.reference_voices import ReferenceVoices
from narrator_app.shelf import Shelf
from narrator_app.wording import COMMANDS

_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")


@dataclass(frozen=True)
class Desk:
    """Everything a command can reach."""

    narrator: Narrator
    intents: Intents
    casting: Casting
    shelf: Shelf
    voices: ReferenceVoices
    stenographer: Stenographer
    minds: Minds


async def obey(line: str, desk: Desk) -> bool:
    """Do what a typed line says. False when it says to leave.

    :raises NodeError: with a sentence and a hint, and nothing has changed.
    """
    if not line.lstrip().startswith("/"):
        await desk.intents.tell(line)
        return True
    word, _, rest = clean(line).lstrip("/").partition(" ")
    word = word.casefold()
    if word == "quit":
        return False
    handler = _HANDLERS.get(word)
    if handler is None:
        raise CommandUnknown(name=word)
    await handler(desk, rest.strip())
    return True


def _usage(name: str) -> CommandIncomplete:
    return CommandIncomplete(name=name, usage=COMMANDS[name][0])


def _split(name: str, rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise _usage(name) from error


async def _cast(desk: Desk, rest: str) -> None:
    words = _split("cast", rest)
    names = [one for one in words if one != "--here"]
    if len(names) != 1:
        raise _usage("cast")
    known = {one.name.casefold(): one.number for one in desk.narrator.story.seats.values()}
    if "--here" in words and names[0].casefold() in known:
        await desk.casting.play_here(known[names[0].casefold()])
        return
    card = desk.casting.find_card(names[0])
    luggage = await desk.casting.luggage(card, Path(names[0]).expanduser())
    portrait = await desk.casting.portrait_in(card, desk.casting.card_file(names[0]))
    seat = await desk.casting.cast(card, portrait, luggage)
    if luggage.told:
        desk.narrator.happen("notice", what=luggage.told)
    if "--here" in words:
        await desk.casting.play_here(seat)


async def _card(desk: Desk, rest: str) -> None:
    name, behind = _name_first(desk, rest)
    words = _split("card", behind)
    if len(words) != 1:
        raise _usage("card")
    left = await desk.casting.save_card(desk.intents.seat_of(name), Path(words[0]).expanduser())
    if left.told:
        desk.narrator.happen("notice", what=left.told)


async def _invite(desk: Desk, rest: str) -> None:
    words = _split("invite", rest)
    role = "character"
    if "--role" in words:
        at = words.index("--role")
        if at + 1 >= len(words):
            raise _usage("invite")
        role = words[at + 1]
        del words[at : at + 2]
    if not " ".join(words).strip():
        raise _usage("invite")
    await desk.casting.invite(" ".join(words), role)


async def _review(desk: Desk, rest: str) -> None:
    if rest not in ("on", "off"):
        raise _usage("review")
    await desk.intents.review(rest == "on")
    desk.narrator.happen("notice", what=f"Review is {rest}.")


async def _accept(desk: Desk, rest: str) -> None:
    await desk.intents.accept()


async def _edit(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("edit")
    await desk.intents.edit(rest)


async def _discard(desk: Desk, rest: str) -> None:
    await desk.intents.discard()


async def _adopt(desk: Desk, rest: str) -> None:
    await desk.intents.adopt()


async def _cue(desk: Desk, rest: str) -> None:
    names = []
    while rest:
        name, rest = _name_first(desk, rest)
        names.append(name)
    if not names:
        raise _usage("cue")
    await desk.intents.cue(names)


async def _skip(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("skip")
    await desk.intents.skip(rest)
    desk.narrator.happen("notice", what=f"{desk.narrator.name_of(desk.intents.seat_of(rest))} is skipped.")


async def _hold(desk: Desk, rest: str) -> None:
    if rest not in ("on", "off"):
        raise _usage("hold")
    await desk.intents.hold(rest == "on")
    desk.narrator.happen("notice", what="Nobody is asked until /hold off." if rest == "on" else "The story goes on.")


async def _whisper(desk: Desk, rest: str) -> None:
    name, text = _name_first(desk, rest)
    if not text:
        raise _usage("whisper")
    await desk.intents.whisper(name, text)


def _name_first(desk: Desk, rest: str) -> tuple[str, str]:
    """A name at the start, also one of several words, and what follows."""
    seats = desk.narrator.story.seats.values()
    for quote in ('"', "'"):
        if rest.startswith(quote) and (end := rest.find(quote, 1)) > 0:
            return rest[1:end], rest[end + 1 :].strip()
    for name in sorted((one.name for one in seats), key=len, reverse=True):
        if f"{rest} ".casefold().startswith(f"{name} ".casefold()):
            return name, rest[len(name) :].strip()
    name, _, text = rest.partition(" ")
    return name, text.strip()


async def _retake(desk: Desk, rest: str) -> None:
    await desk.intents.retake()


async def _take(desk: Desk, rest: str) -> None:
    if not rest.isdecimal():
        raise _usage("take")
    await desk.intents.take(int(rest))


async def _scene(desk: Desk, rest: str) -> None:
    await desk.intents.tell(rest, mode="scene")


async def _status(desk: Desk, rest: str) -> None:
    for seat in sorted(desk.narrator.attendance.conditions):
        desk.narrator.tell_status(seat)
    desk.narrator.happen("story", **desk.shelf.summary())


async def _rename(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("rename")
    await desk.shelf.rename(rest)


async def _checkpoint(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("checkpoint")
    await desk.intents.checkpoint(rest)
    await desk.shelf.keep_checkpoint(rest)


async def _rewind(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("rewind")
    await desk.intents.revision.rewind(rest)


async def _export(desk: Desk, rest: str) -> None:
    words = _split("export", rest)
    since, until = _option("export", words, "--from"), _option("export", words, "--to")
    names = [one for one in words if not one.startswith("--")]
    if len(names) != 2 or not set(words) <= {*names, "--with-whispers", "--beat"}:
        raise _usage("export")
    story = desk.narrator.story
    stretch = beat_stretch(story, story.head) if "--beat" in words else stretch_between(story, since, until)
    if stretch != WHOLE and not form_named(names[0]).sound:
        raise _usage("export")
    whispers = "--with-whispers" in words
    await desk.shelf.export(names[0], Path(names[1]).expanduser(), with_whispers=whispers, stretch=stretch)


def _option(command: str, words: list[str], name: str) -> str:
    """What stands behind ``name``; both are taken out of the words."""
    if name not in words:
        return ""
    at = words.index(name)
    value = words[at + 1 : at + 2]
    del words[at : at + 2]
    if not value:
        raise _usage(command)
    return value[0]


async def _voice(desk: Desk, rest: str) -> None:
    name, behind = _name_first(desk, rest)
    words = _split("voice", behind)
    cut = [_option("voice", words, "--from"), _option("voice", words, "--to")]
    consent = _option("voice", words, "--consent")
    if len(words) != 1 or not all(one == "" or _SECONDS.fullmatch(one) for one in cut):
        raise _usage("voice")
    seat, member = desk.intents.seat_of(name), desk.narrator.name_of(desk.intents.seat_of(name))
    if words == ["off"]:
        await desk.voices.remove(seat)
        desk.narrator.happen("notice", what=f"{member}'s recording is taken back.")
        return
    start, end = float(cut[0] or 0), float(cut[1]) if cut[1] else None
    voice = await desk.voices.assign(seat, Path(words[0]).expanduser(), consent=consent, start=start, end=end)
    desk.narrator.happen(
        "notice", what=f"{member} speaks as {voice} once the recording is there, if XTTS is on that machine."
    )


async def _reader(desk: Desk, rest: str) -> None:
    word, _, voice = rest.partition(" ")
    if word not in ("on", "off") or (word == "off" and voice):
        raise _usage("reader")
    if word == "on":
        await desk.casting.read_aloud(voice.strip())
        desk.narrator.happen("notice", what="The narration is read aloud from the next one on, once the voice is here.")
    else:
        await desk.casting.stop_reading()
        desk.narrator.happen("notice", what="The narration is not read aloud.")


async def _deactivate(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("deactivate")
    await desk.casting.deactivate(desk.intents.seat_of(rest))


async def _probe(desk: Desk, rest: str) -> None:
    if not rest:
        raise _usage("probe")
    desk.narrator.probe(desk.intents.seat_of(rest))


async def _evolve(desk: Desk, rest: str) -> None:
    name, strength = _name_first(desk, rest)
    if not name:
        raise _usage("evolve")
    desk.minds.evolve(desk.intents.seat_of(name), strength or "normal")


async def _mind(desk: Desk, rest: str) -> None:
    name, words = _name_first(desk, rest)
    if not name:
        raise _usage("mind")
    seat, (version, _, pin) = desk.intents.seat_of(name), words.partition(" ")
    if pin not in ("", "pin"):
        raise _usage("mind")
    if version:
        await desk.minds.choose(seat, version, pinned=bool(pin))
    else:
        desk.minds.tell(seat)


async def _hush(desk: Desk, rest: str) -> None:
    await desk.intents.hush()


async def _listen(desk: Desk, rest: str) -> None:
    word, _, text = rest.partition(" ")
    match word:
        case "on" | "hold" if not text:
            await desk.stenographer.begin(hands_free=word == "on")
        case "off" if not text:
            desk.stenographer.release()
        case "mend" if not text:
            desk.stenographer.mend()
        case "send":
            desk.stenographer.send(text.strip())
        case "drop" if not text:
            desk.stenographer.drop()
        case _:
            raise _usage("listen")


async def _help(desk: Desk, rest: str) -> None:
    wanted = rest.lstrip("/")
    chosen = {wanted: COMMANDS[wanted]} if wanted in COMMANDS else COMMANDS
    for usage, meaning in chosen.values():
        desk.narrator.happen("notice", what=f"{usage}  {meaning}")
    if len(chosen) > 1:
        desk.narrator.happen("notice", what="Anything else you type is told. @Name asks that character alone.")


_HANDLERS: dict[str, Callable[[Desk, str], Awaitable[None]]] = {
    "cast": _cast, "card": _card, "invite": _invite, "review": _review, "accept": _accept, "edit": _edit,
    "discard": _discard, "adopt": _adopt, "cue": _cue, "skip": _skip, "hold": _hold,
    "whisper": _whisper, "retake": _retake, "take": _take, "scene": _scene,
    "status": _status, "checkpoint": _checkpoint, "rename": _rename, "rewind": _rewind, "export": _export,
    "reader": _reader, "voice": _voice, "deactivate": _deactivate, "probe": _probe, "hush": _hush,
    "evolve": _evolve, "mind": _mind, "listen": _listen, "help": _help,
}  # fmt: skip
