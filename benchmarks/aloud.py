"""What is heard: the gap between two characters, how soon a hush is silence, what a second of speech weighs.

A narrator and two characters, linked over loopback, with the program's own performer, speaker, clips, stage and player.
The words are given, the model's time is real. The loudspeaker is miniaudio's null device: it takes sound in real time.
"""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter

import trio

from benchmarks.figure import Figure, p50
from benchmarks.forced import REPLY, ForcedWriter
from benchmarks.hive import linked
from dwnet import shipped
from dwnet.audio import CLIP_RATE, Sound
from dwnet.blob_store import BlobStore
from dwnet.card import read_card
from dwnet.clips import Clips
from dwnet.home import Home
from dwnet.machine import look
from dwnet.node import Draft
from dwnet.playback import Player, Playing, open_player
from dwnet.stage import Stage
from peer.performer import Performer
from peer.voice.bank import voice_for
from peer.voice.espeak import Espeak
from protocol.effects import Effect, Lane, Send, Took
from protocol.kinds import Accepted, Cued, Narrated
from protocol.moments import Hush

LINES, HUSHES = 8, 8
QUIET = 330  # of 32,768: below it nobody hears a voice
BUFFERS = 3  # the device holds so many; what is in them when a hush comes is heard
WAV = 2 * 22_050  # bytes of a second


@dataclass
class Loudspeaker:
    """What went into a player: sounds in their order, and when each of the device's buffers was filled with sound."""

    player: Player
    sounds: list[tuple[Sound, Playing]] = field(default_factory=list)
    last_loud: float = 0.0
    buffer: float = 0.0  # seconds

    def watch(self) -> None:
        queue, take = self.player.queue, self.player._take

        def queued(sound: Sound) -> Playing:
            playing = queue(sound)
            self.sounds.append((sound, playing))
            return playing

        def taken(frames: int) -> bytes:
            pcm = take(frames)
            self.buffer = frames / CLIP_RATE
            if pcm.strip(b"\0"):
                self.last_loud = perf_counter()
            return pcm

        self.player.queue, self.player._take = queued, taken  # type: ignore[method-assign]


def measure() -> list[Figure]:
    """The three figures, of one evening."""
    threads = max(1, look(Path.cwd()).threads_for(2))
    gaps, lengths, hushes, bytes_sent, seconds = trio.run(partial(_evening, threads))
    return [
        Figure(
            "gap", f"gap between two characters' speech, p50 of {len(gaps)}", "length of an average clip",
            p50(gaps) * 1000, 1000 * sum(lengths) / len(lengths), "ms", 0.15, beside="Pauses of the clips included.",
        ),
        Figure(
            "hush", f"hush to silence, p50 of {len(hushes)}", "one audio buffer",
            p50([one for one, _ in hushes]) * 1000, p50([one for _, one in hushes]) * 1000, "ms", 3,
            beside="Said at the narrator's, heard at a member's.",
        ),
        Figure(
            "sound on the wire", "bytes sent for a second of speech", "WAV of 22.05 kHz",
            bytes_sent / seconds, WAV, "bytes", 0.12,
        ),
    ]  # fmt: skip


async def _evening(
    threads: int,
) -> tuple[list[float], list[float], list[tuple[float, float]], int, float]:
    cards = [read_card(shipped.card(name)) for name in ("Pim", "Tock")]
    writers = [ForcedWriter(REPLY, threads) for _ in cards]
    for writer in writers:
        await writer.load()
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            homes = await linked(stack, nursery, Path(folder), cards)
            player = await stack.enter_async_context(open_player("null"))
            speaker = Loudspeaker(player)
            speaker.watch()
            sent = _count_chunks(homes[1:])
            stores = [Clips(home.node, BlobStore(home.settings.blobs)) for home in homes]
            for home, clips in zip(homes, stores, strict=True):
                nursery.start_soon(clips.run, home.node.subscribe())
            stage = Stage(homes[0].node, stores[0], player, homes[0].settings.audio, lambda one: None)
            nursery.start_soon(stage.run, homes[0].node.subscribe())
            for seat in (1, 2):
                node = homes[seat].node
                performer = Performer(node, stores[seat], writers[seat - 1], Espeak(), voice_for(seat))
                nursery.start_soon(performer.run, node.subscribe())
            await trio.sleep(1)
            counts = await _tell(homes[0], LINES)
            while stage.busy():
                await trio.sleep(0.1)
            gaps, lengths = _gaps(speaker.sounds, counts)
            weight, seconds = sum(sent), sum(sound.seconds for sound, _ in speaker.sounds)
            hushes = [await _hush(homes, stores, number, folder, nursery) for number in range(HUSHES)]
            nursery.cancel_scope.cancel()
    for writer in writers:
        await writer.aclose()
    return gaps, lengths, hushes, weight, seconds


def _count_chunks(homes: list[Home]) -> list[int]:
    """Bytes of every message with sound that these send, from now on."""
    sent: list[int] = []
    for home in homes:
        perform = home.node.perform

        def counted(effects: list[Effect], perform: object = perform) -> None:
            sent.extend(len(one.data) for one in effects if isinstance(one, Send) and one.lane is Lane.CHUNKS)
            perform(effects)  # type: ignore[operator]

        home.node.perform = counted  # type: ignore[assignment]
    return sent


async def _tell(narrator: Home, lines: int) -> list[int]:
    """One beat, in which the two answer in turn: each is asked as soon as the other's text is there. How many clips
    each line has.
    """
    node, events = narrator.node, narrator.node.subscribe()
    (beat,) = await node.write(Draft(Narrated("Down on the stage a lantern swings.", (1, 2), "say")))
    said: list[bytes] = []
    await node.write(Draft(Cued(1, 0, 0), (beat.id,)))
    async for event in events:
        if isinstance(event, Took) and event.entry.kind == "line" and event.entry.id not in said:
            line = event.entry
            said.append(line.id)
            await node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
            if len(said) == lines:
                break
            await node.write(Draft(Cued(1 + len(said) % 2, len(said) // 2, 0), (beat.id,)))
    counts = []
    for line_id in said:
        author = node.ledger.entries[line_id].author
        while (line_id, author) not in node.ledger.story.sounds:
            await trio.sleep(0.1)
        counts.append(len(node.ledger.story.sounds[line_id, author][1].clips))
    return counts


def _gaps(sounds: list[tuple[Sound, Playing]], counts: list[int]) -> tuple[list[float], list[float]]:
    """Seconds of silence between the last word of a line and the first of the next; and how long each clip is."""
    assert len(sounds) == sum(counts), "every clip is heard once"
    gaps, at = [], 0
    for count in counts[:-1]:
        at += count
        (before, last), (after, first) = sounds[at - 1], sounds[at]
        assert last._begun is not None and first._begun is not None
        between = (first._begun - last._begun - before.frames) / CLIP_RATE
        gaps.append(between + _quiet(before, at_end=True) + _quiet(after, at_end=False))
    return gaps, [sound.seconds for sound, _ in sounds]


def _quiet(sound: Sound, *, at_end: bool) -> float:
    """Seconds of silence at one end of a sound."""
    import numpy as np

    loud = np.flatnonzero(abs(np.frombuffer(sound.pcm, dtype="<i2").astype(int)) > QUIET)
    return float((sound.frames - loud[-1]) if at_end else loud[0]) / CLIP_RATE


async def _hush(
    homes: list[Home], stores: list[Clips], number: int, folder: str, nursery: trio.Nursery
) -> tuple[float, float]:
    """Seconds from the narrator's hush until a member's loudspeaker is silent, and those of its buffer."""
    node = homes[1].node
    async with open_player("null") as player:
        speaker = Loudspeaker(player)
        speaker.watch()
        stage = Stage(node, stores[1], player, Path(folder) / f"hush-{number}", lambda one: None)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                inner.start_soon(stage.run, node.subscribe())
                player.queue(Sound(b"\x10\x27" * CLIP_RATE * 5, CLIP_RATE))
                await trio.sleep(0.5 + 0.037 * number)  # anywhere within a buffer
                moment, began = Hush(b""), perf_counter()
                homes[0].node.say(moment.kind, moment.pack())
                await trio.sleep(0.6)
                scope.cancel()
        return speaker.last_loud + BUFFERS * speaker.buffer - began, speaker.buffer
