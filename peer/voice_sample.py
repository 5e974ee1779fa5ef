"""A recording the narrator gave this seat to take its voice from: fetched, opened, and kept where speakers look.

Rules of this file:
- What is named in the story and not in the folder is fetched, also after a restart; what was taken back is deleted.
- Beside it stand the words on who allowed it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import trio

from dwnet.clips import Clips
from dwnet.errors import NodeError
from dwnet.node import Event, LinkOpened, Node
from dwnet.voice_sample import CONSENT, SUFFIX, file_of, sample_of, samples
from dwnet.whole_file import write_whole, writing
from protocol import limits
from protocol.effects import Ready, Took
from protocol.errors import ProtocolError
from protocol.kinds import Sampled
from protocol.sealing import decrypt_blob

SEALING = 16  # bytes that encrypting adds
logger = logging.getLogger(__name__)


class VoiceSample:
    """One seat's recording. ``folder`` is where speakers look; ``arrived`` is called when there is another."""

    def __init__(self, node: Node, clips: Clips, seat: int, folder: Path, arrived: Callable[[], None]) -> None:
        self._node = node
        self._clips = clips
        self._seat = seat
        self._folder = folder
        self._arrived = arrived

    async def run(self, events: trio.MemoryReceiveChannel[Event]) -> None:
        """Keep the folder in step with the story until cancelled."""
        await self._look()
        async for event in events:
            match event:
                case Took(entry=entry) if entry.kind in (Sampled.kind, "reseal", "adopt"):
                    await self._look()
                case Ready() | LinkOpened():
                    await self._look()

    async def _look(self) -> None:
        ledger = self._node.ledger
        sample = sample_of(ledger, self._seat)
        try:
            for former in samples(ledger, self._seat):
                if former.name and (sample is None or former.name != sample.name):
                    await trio.to_thread.run_sync(_forget, self._folder / file_of(former.name))
            if sample is not None and not self._path(sample).exists():
                await self._fetch(sample)
        except (NodeError, ProtocolError) as error:
            logger.warning("the recording for this character's voice is not here yet: %s", error)

    def _path(self, sample: Sampled) -> Path:
        return self._folder / (file_of(sample.name) + SUFFIX)

    async def _fetch(self, sample: Sampled) -> None:
        narrator = self._node.ledger.authority.narrator
        links = tuple(self._node.gossip.remotes())
        stored = await self._clips.fetch(sample.blob, limits.VOICE_SAMPLE + SEALING, links, narrator)
        await trio.to_thread.run_sync(_keep, self._path(sample), decrypt_blob(stored, sample.key), sample.consent)
        self._arrived()


def _keep(path: Path, data: bytes, consent: str) -> None:
    with write_whole(path.with_suffix(CONSENT)) as file:
        file.write(consent.encode() + b"\n")
    with write_whole(path) as file:
        file.write(data)


def _forget(path: Path) -> None:
    for suffix in (SUFFIX, CONSENT):
        beside = path.with_name(path.name + suffix)
        with writing(beside):
            beside.unlink(missing_ok=True)
