"""Which part of a recording a voice is taken from, as two sliders move it, in seconds; and how it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from narrator_app.phrases import say
from narrator_app.reference_voices import LONGEST, SHORTEST, Proposal

USUAL = 15.0  # seconds that are taken of a longer recording, until it is said otherwise
LEAST = 0.1  # seconds between the two ends, and what a slider moves by


@dataclass(frozen=True)
class SampleCut:
    """From ``start`` to ``end`` of ``whole`` seconds; 0 <= start < end <= whole."""

    start: float
    end: float
    whole: float

    def from_second(self, start: float) -> SampleCut:
        """It begins there; where that is behind its end, the end gives way."""
        start = min(max(start, 0.0), self.whole - LEAST)
        return replace(self, start=start, end=min(max(self.end, start + LEAST), self.whole))

    def to_second(self, end: float) -> SampleCut:
        """It ends there; where that is before its beginning, the beginning gives way."""
        end = max(min(end, self.whole), LEAST)
        return replace(self, start=max(min(self.start, end - LEAST), 0.0), end=end)

    @property
    def problem(self) -> str:
        """Why no voice can be taken from as much, "" if one can."""
        seconds = self.end - self.start
        if seconds < SHORTEST:
            return say("cast.sample_short", least=round(SHORTEST))
        return say("cast.sample_long", most=round(LONGEST)) if seconds > LONGEST else ""


def cut_of(proposal: Proposal) -> SampleCut:
    """Which part of a recording is looked at."""
    return SampleCut(proposal.start, proposal.end, proposal.sound.seconds)


def usual_cut(seconds: float) -> SampleCut:
    """What is proposed of a recording that long."""
    return SampleCut(0.0, min(seconds, USUAL), seconds)


def recording_words(seconds: float) -> str:
    """What is said while a voice is recorded and so much of it is there."""
    if seconds < SHORTEST:
        return say("cast.sample_recording_short", seconds=int(seconds), least=round(SHORTEST))
    return say("cast.sample_recording", seconds=int(seconds), most=round(LONGEST))
