"""The embedded recogniser's own process: pocketsphinx holds Python's lock while it thinks, so it thinks here.

In: messages of one letter, a length (u32, little-endian) and as many bytes. ``a``: sound, 16 kHz s16le; ``e``: the
utterance ends; ``h``: a hint, JSON with ``lines`` and ``vocabulary``. Out: one JSON object per line: ``ready``,
``partial``, ``final`` with ``confidence``, ``hinted``. It ends when its input does.

Two searches hear every utterance: the general one, and one that knows only the scene's words. The better score wins.
"""

from __future__ import annotations

import json
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from narrator_app.ear.phones import phones
from narrator_app.ear.samples import Dither

HEADER = struct.Struct("<cI")
MOST = 16 * 1024 * 1024  # bytes of one message; a minute of sound has two million
RATE = 16_000  # Hz
PARTIAL = RATE // 4  # frames of sound between two looks at the words so far
SCENE_WINS = 1.07  # of the general search's score a frame; measured: in-scene speech 1.07 to 2.1, other speech below
COUPLED = 400  # words between which the general model's likelihoods are taken over; squared, a second of work
LIKENESS = 5.0  # what those weigh, as if each word had been seen so often
_RARE = 1e-4  # likelihood of a word that the general model does not know, such as a name
_DISCOUNT = 0.5
WAYS = 4  # to say a word; the general dictionary knows no more


class Searches:
    """The two searches, and the utterance they are in."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder
        self.general: Any = Decoder(samprate=RATE, loglevel="FATAL")
        self.scene: Any = None
        self._live = False
        self._since = 0
        self._said = ""
        self._dither = Dither()

    @property
    def _both(self) -> list[Any]:
        return [self.general] if self.scene is None else [self.general, self.scene]

    def hear(self, pcm: bytes) -> str | None:
        """Take sound (s16le); the words so far, when they are others than before."""
        if not self._live:
            self._live, self._since, self._said, self._dither = True, 0, "", Dither()
            for one in self._both:
                one.start_utt()
        pcm = self._dither.under(pcm)
        for one in self._both:
            one.process_raw(pcm)
        self._since += len(pcm) // 2
        if self._since < PARTIAL:
            return None
        self._since = 0
        words, _ = self._best()
        if words == self._said:
            return None
        self._said = words
        return words

    def end(self) -> tuple[str, float]:
        """The whole utterance: its words, and how sure they are (0 to 1)."""
        if not self._live:
            return "", 0.0
        self._live = False
        for one in self._both:
            one.end_utt()
        return self._best()

    def _best(self) -> tuple[str, float]:
        found, near = self.general.hyp(), self.scene.hyp() if self.scene is not None else None
        if near is not None and near.hypstr and (found is None or near.score >= SCENE_WINS * found.score):
            found = near
        if found is None or not found.hypstr:
            return "", 0.0
        words = " ".join(word for word in found.hypstr.split() if word[0] not in "<[+")
        return words, max(0.0, min(1.0, found.prob)) ** (1 / max(1, len(words.split())))

    def hint(self, lines: list[list[str]], vocabulary: list[str]) -> int:
        """Know the scene's words from now on; how many the search has."""
        if not vocabulary:
            self.scene = None
            return 0
        said = {word: self._said_as(word) for word in vocabulary}
        known = [word for word in vocabulary if said[word]]
        if not known:
            self.scene = None
            return 0
        lines = [line for line in lines if set(known).issuperset(line)]
        with tempfile.TemporaryDirectory(prefix="dwnet-scene-") as folder:
            # With a dictionary of its own the search is there in 10 ms; with the general one it takes seconds.
            dictionary, model = Path(folder) / "scene.dict", Path(folder) / "scene.arpa"
            dictionary.write_text("".join(row for word in known for row in said[word]), encoding="ascii")
            self._write_model(lines, known, str(model))
            self.scene = self._decoder(samprate=RATE, loglevel="FATAL", lm=str(model), dict=str(dictionary))
        return len(known)

    def _said_as(self, word: str) -> list[str]:
        """A word's lines in a dictionary, one for each way to say it; none when nobody knows how."""
        spellings = (word, *(f"{word}({number})" for number in range(2, WAYS + 1)))
        found = {one: known for one in spellings if (known := self.general.lookup_word(one))}
        if not found and (guessed := phones(word)):
            found = {word: guessed}
        return [f"{spelling} {ways}\n" for spelling, ways in found.items()]

    def _write_model(self, lines: list[list[str]], words: list[str], path: str) -> None:
        """Likelihoods of words in a row: those of the scene's sentences, and, so that its words are also understood in
        sentences that were never said, those of the general model among these words.
        """
        from pocketsphinx.lm import ArpaBoLM

        text = "".join(f"{' '.join(line)}\n" for line in lines)
        model = ArpaBoLM(text=text, add_start=True, case="lower", discount_mass=_DISCOUNT)
        general, in_log10 = self.general.get_lm("_default"), self.general.get_logmath().log_to_log10
        coupled = words[:COUPLED]
        for word in (*words, "<s>", "</s>"):
            model.grams_1[word] += LIKENESS
        for first in ("<s>", *coupled):
            likely = {after: max(_RARE, 10 ** in_log10(general.prob([after, first]))) for after in (*coupled, "</s>")}
            whole = sum(likely.values())
            for after, one in likely.items():
                if one > whole / 1_000:
                    model.grams_2[first][after] += LIKENESS * one / whole
        model.compute()
        if not model.write_file(path):
            raise OSError(f"{path} could not be written")


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer messages until there are no more."""
    searches = Searches()

    def put(**facts: object) -> None:
        sink.write(json.dumps(facts).encode() + b"\n")
        sink.flush()

    put(ready=True)
    while len(header := source.read(HEADER.size)) == HEADER.size:
        kind, length = HEADER.unpack(header)
        if length > MOST or len(body := source.read(length)) < length:
            return
        match kind:
            case b"a":
                if (words := searches.hear(body)) is not None:
                    put(partial=words)
            case b"e":
                words, confidence = searches.end()
                put(final=words, confidence=round(confidence, 4))
            case b"h":
                told = json.loads(body)
                put(hinted=searches.hint(told["lines"], told["vocabulary"]))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
