"""All stories of a data root as they stand on the shelf: listed, searched, put away, checked and brought in, whether
one of them is being told or not.

Rules of this file:
- A story is read beside whoever tells it, and never changed. Only bringing one in from a file writes, and only where
  nobody else does.
- A damaged story is on the shelf too, with what is wrong with it; it never hides the others, and never looks empty.
- Everything here that takes a while is done in a thread.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dwnet import keyring, lock
from dwnet.blob_store import BlobStore
from dwnet.errors import NodeError
from dwnet.keeping import import_into, open_ledger, own_key
from dwnet.log_file import Progress, verify_file
from dwnet.settings import Settings
from dwnet.store_reader import open_reader
from dwnet.whole_file import writing
from narrator_app.book import spoken_lines
from narrator_app.forms import Source, form_named
from narrator_app.library import Found, SpokenLine, look_through, search
from narrator_app.long_work import in_thread
from narrator_app.places import fresh_place, places
from narrator_app.seal import Seal, check_file, check_folder, seal_of
from narrator_app.summary import Summary, kept_summary, summary_of
from protocol.identity import SigningKey
from protocol.verifier import Outcome

ARCHIVED = "archived"  # an empty file in a story's folder: this machine's own mark, which nobody else hears of
FOUND_EACH = 20  # lines that a search over the whole shelf gives of one story
READ_THROUGH = 8  # stories without an index that are kept in memory while somebody searches
READABLE = (Outcome.WHOLE, Outcome.CUT_SHORT, Outcome.FORKED)


class StoryIsOpen(NodeError):
    """“{name}” is being told, and nothing can be brought into a story meanwhile.

    Open another story first, or end the program that tells this one; then bring the file in again.
    """


class NotBroughtIn(NodeError):
    """{path} was not brought in. {why}

    Nothing was changed. Get another copy of the file from whoever holds the story.
    """

    exit_code = 1


@dataclass(frozen=True)
class Spine:
    """A story on the shelf. ``size`` in bytes is that of its file; ``open``: somebody tells it now; ``ours``: its
    narrator's key is here. ``trouble`` and ``hint`` say why it can't be read, then ``summary`` knows only a name.
    """

    settings: Settings
    summary: Summary
    size: int = 0
    open: bool = False
    archived: bool = False
    ours: bool = True
    trouble: str = ""
    hint: str = ""


@dataclass(frozen=True)
class FoundIn:
    """What a search found in one story of the shelf."""

    spine: Spine
    lines: tuple[Found, ...]


@dataclass(frozen=True)
class Brought:
    """A file that was brought in: what its check proved, how many entries were new, and where the story stands now."""

    seal: Seal
    added: int
    spine: Spine


class Stories:
    """The shelf of one data root."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._folded: dict[Path, Summary] = {}  # of stories that keep no summary yet: those nobody opened here
        self._read: dict[Path, tuple[SpokenLine, ...]] = {}  # of such stories, to be searched as somebody types

    async def spines(self) -> list[Spine]:
        """Every story, the first one's first."""
        return await in_thread(lambda step: self._spines())

    async def archive(self, spine: Spine, on: bool) -> None:
        """Put a story away, or back. Nothing of it is changed.

        :raises FileNotWritten:
        """
        mark = spine.settings.root / ARCHIVED
        with writing(mark):
            if on:
                mark.touch()
            else:
                mark.unlink(missing_ok=True)

    async def search(self, words: str) -> list[FoundIn]:
        """The lines that hold all these words, story by story. What was put away is looked through too."""
        return await in_thread(lambda step: self._search(words, step))

    async def lines(self, spine: Spine) -> tuple[SpokenLine, ...]:
        """All that can be read of a story, in its order.

        :raises StoreDamaged:
        """
        return await in_thread(lambda step: tuple(spoken_lines(open_ledger(spine.settings).story)))

    async def verify(self, spine: Spine, progress: Progress | None = None) -> Seal:
        """Check every signature, link and right of a story as it lies on this disk."""
        return await in_thread(lambda step: check_folder(spine.settings, step), progress)

    async def verify_file(self, path: Path, expected: str = "", progress: Progress | None = None) -> Seal:
        """Check a ``.dwlog``. ``expected`` is the tag of the story it shall be; else any of the shelf will do.

        :raises LogNewer, FileNotRead:
        """

        def work(step: Progress) -> Seal:
            seal = check_file(path, expected, step)
            on_shelf = {spine.summary.tag for spine in self._spines()}
            return replace(seal, known=seal.known or (not expected and seal.tag in on_shelf))

        return await in_thread(work, progress)

    async def export(
        self, spine: Spine, form: str, path: Path, *, with_whispers: bool = False, progress: Progress | None = None
    ) -> str:
        """Write a story that need not be open; a sentence on what is not in it. Raises what
        :meth:`narrator_app.shelf.Shelf.export` does.
        """
        chosen, where = form_named(form), spine.settings

        def work(step: Progress) -> str:
            source = Source(open_ledger(where), own_key(where), BlobStore(where.blobs), with_whispers)
            return chosen.take(source)(path, step)

        return await in_thread(work, progress)

    async def bring_in(self, path: Path, progress: Progress | None = None) -> Brought:
        """Bring a story in from a ``.dwlog``: as another story on the shelf, or what is missing into the one it is.

        :raises NotBroughtIn: when it can't be trusted.
        :raises StoryIsOpen, LogNewer, FileNotRead, DiskFull:
        """
        return await in_thread(lambda step: self._bring_in(path, step), progress)

    @asynccontextmanager
    async def for_now(self, data: bytes, name: str) -> AsyncIterator[Path]:
        """A file of these bytes while entered: what a browser handed over, or is to be handed."""
        with TemporaryDirectory(prefix="dwnet-") as folder:
            path = Path(folder) / (Path(name).name or "story")
            await in_thread(lambda step: path.write_bytes(data))
            yield path

    async def bytes_of(self, path: Path) -> bytes:
        """A whole file."""
        return await in_thread(lambda step: path.read_bytes())

    # --- in a thread ------------------------------------------------------------------------------------------------

    def _spines(self) -> list[Spine]:
        spines = [self._spine(one) for one in places(self.settings) if one.database.exists()]
        return [one for one in spines if one is not None]

    def _spine(self, settings: Settings) -> Spine | None:
        archived, held = (settings.root / ARCHIVED).exists(), lock.holder(settings.root) is not None
        size = settings.database.stat().st_size
        try:
            with open_reader(settings.database) as reader:
                first = next(reader.load(), None)
                if first is None:
                    return None
                summary = kept_summary(reader) or self._fold(settings, reader.count())
            return Spine(settings, summary, size, held, archived, _is_ours(settings, first[0].author))
        except NodeError as error:
            unread = Summary(settings.root.name, "", 0, 0)
            return Spine(settings, unread, size, held, archived, False, error.what, error.hint)

    def _fold(self, settings: Settings, entries: int) -> Summary:
        known = self._folded.get(settings.database)
        if known is None or known.entries != entries:
            known = self._folded[settings.database] = summary_of(open_ledger(settings))
        return known

    def _search(self, words: str, step: Progress) -> list[FoundIn]:
        found, spines = [], self._spines()
        for done, spine in enumerate(spines):
            step(done, len(spines))
            lines = self._lines_of(spine, words) if not spine.trouble else []
            if lines:
                found.append(FoundIn(spine, tuple(lines)))
        return found

    def _lines_of(self, spine: Spine, words: str) -> list[Found]:
        """From the story's own index; one that nobody opened here has none, and is read through."""
        with open_reader(spine.settings.database) as reader:
            if kept_summary(reader) is not None:
                return search(reader, words, FOUND_EACH)
        database = spine.settings.database
        if database not in self._read:
            self._read[database] = tuple(spoken_lines(open_ledger(spine.settings).story))
            while len(self._read) > READ_THROUGH:
                del self._read[next(iter(self._read))]
        return look_through(self._read[database], words, FOUND_EACH)

    def _bring_in(self, path: Path, step: Progress) -> Brought:
        report = verify_file(path, None, lambda done, size: step(done, 2 * size))
        if report.outcome not in READABLE or not report.narrator:
            raise NotBroughtIn(path=path, why=report.sentence)
        where = self._place_for(report.tag.hex(), report.narrator, report.name)
        if lock.holder(where.root) is not None:
            raise StoryIsOpen(name=report.name)
        self._read.pop(where.database, None)
        added = import_into(where, path, report, lambda done, size: step(size + done, 2 * size))
        spine = self._spine(where)
        assert spine is not None, "what was just brought in is there"
        return Brought(seal_of(report), added, spine)

    def _place_for(self, tag: str, narrator: bytes, name: str) -> Settings:
        """Where this very story lies, else where its narrator's key is and no story, else a folder of its own."""
        for spine in self._spines():
            if spine.summary.tag == tag:
                return spine.settings
        for one in places(self.settings):
            if not one.database.exists() and _is_ours(one, narrator):
                return one
        return fresh_place(self.settings, name)


def _is_ours(settings: Settings, narrator: bytes) -> bool:
    """Whether the key that signs as this narrator lies in a story's folder."""
    seeds = [keyring.load(file) for file in sorted(settings.keys.glob("member*.key"))]
    return any(SigningKey.from_seed(seed).public == narrator for seed in seeds if seed is not None)
