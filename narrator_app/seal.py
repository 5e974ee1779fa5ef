"""What a check has proved of a story, for people to see: held here, or in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dwnet.keeping import open_ledger
from dwnet.log_file import STEP, Progress, units_of, verify_file
from dwnet.settings import Settings
from dwnet.shipped import words
from dwnet.store_errors import StoreDamaged
from dwnet.store_reader import open_reader
from protocol import dwlog
from protocol.errors import LocalError
from protocol.identity import SigningKey, peer_id
from protocol.names import fingerprint
from protocol.verifier import Outcome, Report, Verifier

STATES = {
    Outcome.WHOLE: "whole",
    Outcome.TAMPERED: "tampered",
    Outcome.CUT_SHORT: "cut_short",
    Outcome.FORKED: "forked",
    Outcome.ANOTHER_STORY: "another_story",
}


@dataclass(frozen=True)
class Seal:
    """``state`` is one of STATES' words; ``what`` the finding in plain words. ``known``: it is a story that was
    expected, so it is proved whose it is and not only that it agrees with itself. ``narrator`` is a peer id; ``tag``
    and ``head`` are hexadecimal; ``words`` are the twelve of its fingerprint; ``written`` is when a file was, in ms
    since 1970, 0 for what is held here.
    """

    state: str
    what: str
    story: str = ""
    tag: str = ""
    narrator: str = ""
    head: str = ""
    words: tuple[str, ...] = ()
    entries: int = 0
    authors: int = 0
    known: bool = False
    written: int = 0

    @property
    def good(self) -> bool:
        """Whether all that is there can be trusted; of what was cut short, what is left can."""
        return self.state in ("whole", "forked")


def seal_of(report: Report) -> Seal:
    """A report as it is shown."""
    return Seal(
        STATES[report.outcome],
        report.sentence,
        report.name,
        report.tag.hex(),
        peer_id(report.narrator) if report.narrator else "",
        report.head.hex(),
        fingerprint(report.head, words()) if report.head else (),
        report.entries,
        len(report.authors),
        report.identity_checked,
        report.about.at if report.about is not None else 0,
    )


def check_file(path: Path, expected: str, progress: Progress) -> Seal:
    """Check a ``.dwlog``; ``expected`` is the tag of the story it shall be, "" when nobody knows. Blocks.

    :raises LogNewer, FileNotRead:
    """
    return seal_of(verify_file(path, bytes.fromhex(expected) or None, progress))


def check_folder(settings: Settings, progress: Progress) -> Seal:
    """Check a story as its folder holds it: every page of the file, and every entry as if it came from somebody else.
    Blocks.
    """
    try:
        with open_reader(settings.database) as reader:
            reader.check()
        ledger = open_ledger(settings)
    except StoreDamaged as error:
        return Seal("tampered", error.what)
    units, key, verifier = units_of(ledger), SigningKey.from_seed(bytes(32)), Verifier(ledger.tag)
    about = dwlog.Head(ledger.tag, key.public, "whole", 0)
    try:
        pieces = dwlog.write_log(key, about, ledger.canon.head, units, ledger.proofs.values())
        for done, piece in enumerate(pieces):
            verifier.feed(piece)
            if done % STEP == 0:
                progress(min(done, len(units)), len(units))
    except LocalError as error:
        what = f"What is held here makes no whole story: {error}."
        return Seal("tampered", what, ledger.story.name, ledger.tag.hex())
    return seal_of(verifier.finish())
