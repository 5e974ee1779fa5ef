"""A recording for a character to take its voice from: trimmed here, sealed to its seat, and on its way to it alone.

Rules of this file:
- Nobody's voice is used without a word on who allowed it; that word travels with the recording.
- The recording travels as a private blob. Its key stands in a sealed entry, so that the peers that pass it on cannot
  hear it.
- The voice of the card becomes that of the recording, in the same transaction.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import trio

from dwnet.audio import CLIP_RATE, Sound, SoundUnreadable, level, read_sound, resample, trim_silence, written_flac
from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.text import one_line
from dwnet.voice_sample import ENGINE, file_of, sample_of, samples
from dwnet.whole_file import reading
from narrator_app.casting import cast_of
from narrator_app.errors import NoSuchCharacter
from narrator_app.narrator import Narrator
from protocol import limits
from protocol.kinds import NARRATOR, Sampled
from protocol.sealing import encrypt_blob
from protocol.story import Seat

SHORTEST, LONGEST = 3.0, 60.0  # seconds of speech
FILE = 64 * 1024 * 1024  # bytes of the recording as it is picked
SECONDS = 600  # of it that are looked at
PROPOSED = 128 * 1024 * 1024  # bytes of sound of all proposals together; the longest one has half of it, about


class SampleUnfit(NodeError):
    """No voice can be taken from this recording: {why}.

    Record six to fifteen seconds of one person who speaks, without music behind; --from and --to cut it.
    """

    exit_code = 2


class ConsentMissing(NodeError):
    """It is not said who allowed that this voice is used.

    Put it in a sentence: /voice NAME FILE --consent "My own voice."
    """

    exit_code = 2


@dataclass(frozen=True)
class Proposal:
    """A recording that is looked at for a seat, and not given: called ``name``, and of it what lies between ``start``
    and ``end``, in seconds; ``consent`` as far as it is written.
    """

    name: str
    sound: Sound
    start: float
    end: float
    consent: str = ""


class ReferenceVoices:
    """The recordings of one story's characters."""

    def __init__(self, narrator: Narrator, clips: Clips) -> None:
        self.narrator = narrator
        self._clips = clips
        self._proposals: dict[int, Proposal] = {}

    def propose(self, seat: int, proposal: Proposal) -> None:
        """Keep this until it is given, or the evening is over. Where that is too much, the oldest ones go."""
        self._proposals.pop(seat, None)
        self._proposals[seat] = proposal
        while len(self._proposals) > 1 and sum(len(one.sound.pcm) for one in self._proposals.values()) > PROPOSED:
            del self._proposals[next(iter(self._proposals))]

    def proposed(self, seat: int) -> Proposal | None:
        """What is looked at for a seat."""
        return self._proposals.get(seat)

    async def assign(
        self, seat: int, recording: Path | Sound, *, consent: str, start: float = 0.0, end: float | None = None
    ) -> str:
        """Let a character speak with the voice in a recording: a sound, or any file of one. Of it counts what lies
        between ``start`` and ``end``, in seconds. What the voice is called from now on; a proposal for it is done with.

        :raises SampleUnfit, ConsentMissing, NoSuchCharacter, FileNotRead: and nothing has changed.
        """
        one, words = self._seat(seat), one_line(consent, limits.CONSENT)
        if not words:
            raise ConsentMissing
        data = await trio.to_thread.run_sync(_prepared, recording, start, end)
        key = os.urandom(32)
        stored = encrypt_blob(data, key)
        blob = await self._clips.put(stored)
        name = file_of(f"{one.name[:40]}-{blob.hex()[:8]}".lower())
        body = Sampled(seat, name, blob, len(stored), key, words)
        await self._write(one, body, f"{ENGINE}:{name}")
        if (proposal := self.proposed(seat)) is not None and proposal.sound is recording:
            del self._proposals[seat]
        return f"{ENGINE}:{name}"

    async def remove(self, seat: int) -> None:
        """The recording is taken back: the character's peer deletes it, and speaks with a voice of its own again."""
        one = self._seat(seat)
        if sample_of(self.narrator.node.ledger, seat) is not None:
            names = {f"{ENGINE}:{sample.name}" for sample in samples(self.narrator.node.ledger, seat)}
            await self._write(one, Sampled(seat, "", b"", 0, b"", ""), "" if one.voice in names else one.voice)

    async def _write(self, seat: Seat, body: Sampled, voice: str) -> None:
        drafts = [Draft(body, (), (NARRATOR, seat.number))]
        if voice != seat.voice:
            drafts.append(Draft(cast_of(replace(seat, voice=voice))))
        await self.narrator.node.write(*drafts)
        self.narrator.happen("changed", member=seat.name, seat=seat.number, was=seat.name)

    def _seat(self, seat: int) -> Seat:
        seats = self.narrator.story.seats
        if seat not in seats or seats[seat].role not in ("character", "reader"):
            cast = ", ".join(one.name for one in seats.values() if one.role == "character")
            raise NoSuchCharacter(name=f"seat {seat}", cast=cast or "nobody yet")
        return seats[seat]


async def recording_of(data: bytes) -> Sound:
    """What of a recording's file is looked at, to be cut and heard before it is given.

    :raises SampleUnfit: for what is no sound file, or too large.
    """
    return await trio.to_thread.run_sync(_whole, data, len(data))


def _whole(data: bytes, size: int) -> Sound:
    if size > FILE:
        raise SampleUnfit(why=f"its file has more than {FILE // 2**20} MiB")
    try:
        return read_sound(data, SECONDS)
    except SoundUnreadable as error:
        raise SampleUnfit(why=str(error.facts["why"])) from error


def _read(path: Path) -> Sound:
    with reading(path):
        size = path.stat().st_size
        data = path.read_bytes() if size <= FILE else b""
    return _whole(data, size)


def _prepared(recording: Path | Sound, start: float, end: float | None) -> bytes:
    """What travels of it: cut, without the silence around it, levelled, as FLAC."""
    whole = recording if isinstance(recording, Sound) else _read(recording)
    first, last = round(max(0.0, start) * whole.rate), whole.frames
    if end is not None:
        last = min(last, round(max(0.0, end) * whole.rate))
    sound = trim_silence(Sound(whole.pcm[2 * first : 2 * max(first, last)], whole.rate))
    if sound.seconds < SHORTEST:
        why = f"there are {sound.seconds:.1f} seconds of sound in it, and {SHORTEST:.0f} is the least"
        raise SampleUnfit(why=why if sound.pcm else "it is silent there")
    if sound.seconds > LONGEST:
        raise SampleUnfit(why=f"there are {sound.seconds:.0f} seconds in it, and {LONGEST:.0f} is the most")
    return written_flac(level(resample(sound, CLIP_RATE)))
