"""Google's speech by gTTS: many languages, one voice each. The only file that imports gtts.

Its rules:
- Every sentence is sent to Google, so nobody gets this voice who did not name it; and to no other host, since a voice
  may come in a card from a stranger.
- The library waits for an answer without end, and blocks: it runs in a process of its own, which can be killed. This
  module is that process, too: a sentence comes as JSON on its stdin, and each line of its stdout is a part of the sound
  (MP3 in base64) or what went wrong.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from functools import cache, partial
from importlib.util import find_spec
from subprocess import DEVNULL, PIPE

import trio

from dwnet.audio import Sound, SoundUnreadable, read_sound
from peer.voice.contract import SpeakerMissing, SpeechFailed, Voice, VoiceUnknown, closest

ANSWER_SECONDS = 20.0  # until Google's next part; a sentence has one to four
SLOW = 120  # words a minute, below which Google's slow speech is asked for; it has no other rates
BYTES = 8 * 1024 * 1024  # of one sentence's answer
ACCENTS = ("en@co.uk", "en@com.au", "en@co.in", "en@ca", "en@ie", "fr@ca", "pt@com.br", "pt@pt", "es@com.mx", "es@es")
_DOMAINS = {"com", *(accent.partition("@")[2] for accent in ACCENTS)}


class Gtts:
    """A speaker (see contract.Speaker). A voice is a language, or ``LANGUAGE@DOMAIN`` for the accent that Google has
    under that domain.
    """

    engine = "gtts"
    notice = "Every sentence is sent to Google, without a check of whom the connection leads to."

    def missing(self) -> str | None:
        """Whether Google can be reached, only a sentence shows."""
        if find_spec("gtts") is None:
            return "its package is not installed; install it with: pip install 'dreamweaver-net[gtts]'"
        return None

    def voices(self) -> Sequence[str]:
        self._demand()
        return (*sorted(_languages()), *ACCENTS)

    async def speak(self, sentence: str, voice: Voice, out: trio.MemorySendChannel[Sound]) -> None:
        self._demand()
        language, _, domain = voice.name.partition("@")
        known = await trio.to_thread.run_sync(_languages)
        if language not in known or (domain or "com") not in _DOMAINS:
            raise VoiceUnknown(engine=self.engine, name=voice.name, closest=closest(voice.name, [*known, *ACCENTS]))
        if not any(map(str.isalnum, sentence)):
            return
        ask = {"text": sentence, "lang": language, "tld": domain or "com", "slow": voice.rate < SLOW}
        why = ""
        async with trio.open_nursery() as nursery:
            command = [sys.executable, "-m", __name__]
            start = partial(trio.run_process, command, stdin=json.dumps(ask).encode(), stdout=PIPE, stderr=DEVNULL)
            child: trio.Process = await nursery.start(partial(start, check=False))
            assert child.stdout is not None, "it was asked for"
            why = await self._receive(child.stdout, out)
            nursery.cancel_scope.cancel()
        if why:
            raise SpeechFailed(engine=self.engine, why=why)

    def _demand(self) -> None:
        why = self.missing()
        if why is not None:
            raise SpeakerMissing(engine=self.engine, why=why)

    async def _receive(self, said: trio.abc.ReceiveStream, out: trio.MemorySendChannel[Sound]) -> str:
        """Send on what the process says, until its end. Returns what went wrong, or ""."""
        rest, size = b"", 0
        while True:
            with trio.move_on_after(ANSWER_SECONDS) as waiting:
                more = await said.receive_some()
            if waiting.cancelled_caught:
                return f"Google did not answer within {ANSWER_SECONDS:.0f} seconds"
            *lines, rest = (rest + more).split(b"\n")
            size += len(more)
            for line in lines:
                part = json.loads(line)
                if "why" in part:
                    return str(part["why"]) or "Google's answer makes no sense"
                if "end" in part:
                    return ""
                try:
                    sound = await trio.to_thread.run_sync(read_sound, base64.b64decode(part["mp3"]))
                except SoundUnreadable as error:
                    return f"Google's answer is no sound: {error.facts['why']}"
                await out.send(sound)
            if not more:
                return "its process ended in the middle"
            if size > BYTES:
                return "Google's answer does not end"


@cache
def _languages() -> tuple[str, ...]:
    from gtts.lang import tts_langs

    return tuple(tts_langs())


def _answer() -> None:
    """The process: read one sentence, print its sound."""
    from gtts import gTTS
    from gtts.tts import gTTSError

    ask = json.load(sys.stdin)
    try:
        for part in gTTS(ask["text"], tld=ask["tld"], lang=ask["lang"], slow=ask["slow"]).stream():
            _tell({"mp3": base64.b64encode(part).decode()})
        _tell({"end": True})
    except gTTSError as error:
        _tell({"why": f"Google was not reached or refused ({str(error).rstrip('.')})"})
    except (AssertionError, ValueError, RuntimeError) as error:  # an empty text; a language; a tone mark
        _tell({"why": " ".join(str(error).split())})


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _answer()
