"""What the Library does when it is told to: every deed is an intent or work on the shelf, and the quiet bar has the way
back where there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import flet as ft

from narrator_app.evenings import Open
from narrator_app.library import SpokenLine
from narrator_app.long_work import Errand
from narrator_app.narrator import Happening
from narrator_app.phrases import say
from narrator_app.run import Evening
from narrator_app.stories import Brought, Spine, Stories
from narrator_app.ui.library_away import Progress, Wish, file_name
from narrator_app.views.library import SealView, SpineView, seal_view

if TYPE_CHECKING:
    from narrator_app.ui.library_screen import LibraryScreen

LOG_FILES = ["dwlog"]
Told = Callable[[int, int], None]


class LibraryDeeds:
    """The hands of one Library screen. One thing that takes a while at a time."""

    def __init__(self, screen: LibraryScreen) -> None:
        self.screen = screen
        self.desk = screen.desk
        self.stories = Stories(screen.desk.evenings.settings)
        self.seal: SealView | None = None
        self.sealed = ""  # what the seal is about
        self._errand: Errand | None = None

    @property
    def evening(self) -> Evening:
        """The story that is open; the shell shows this screen only while there is one."""
        evening = self.desk.evening
        assert evening is not None, "a story is open"
        return evening

    # --- stories ----------------------------------------------------------------------------------------------------

    def open(self, story: SpineView, entry: str = "") -> None:
        """Open another story, and then look at its stage, at this line if one is named."""
        self._open(story.key, entry)

    def _open(self, name: str, entry: str = "") -> None:
        desk, evenings = self.desk, self.desk.evenings

        def happened(one: Happening) -> None:
            if one["event"] == "state" and isinstance(evenings.state, Open):
                unlisten()
                desk.soon(lambda: desk.go("stage", entry))

        unlisten = evenings.listen(happened)
        evenings.open(name)

    def begin(self, name: str) -> str:
        """Begin a story of this name; what is wrong with the name, "" if nothing."""
        wrong = self._wrong(name)
        if not wrong:
            self._open(name)
        return wrong

    def rename(self, name: str) -> str:
        """Call the open story otherwise; what is wrong with the name, "" if nothing."""
        former = self.evening.desk.narrator.story.name
        if name == former:
            return ""
        wrong = self._wrong(name, former)
        if not wrong:
            rename = self.evening.desk.shelf.rename
            self.desk.do(
                lambda: rename(name),
                lambda: self._told(say("library.renamed", name=name), lambda: rename(former)),
            )
        return wrong

    def _wrong(self, name: str, former: str = "") -> str:
        if not name:
            return say("library.needs_name")
        taken = {one.summary.name.casefold() for one in self.screen.spines} - {former.casefold()}
        return say("library.name_taken") if name.casefold() in taken else ""

    def archive(self, story: SpineView, on: bool) -> None:
        """Put a story away, or back on the shelf."""
        spine = self.screen.spine(story)
        if spine is not None:
            told = (
                say("library.put_away_done", name=story.name) if on else say("library.put_back_done", name=story.name)
            )

            async def undo() -> None:
                await self.stories.archive(spine, not on)
                self.screen.load()

            self.desk.do(lambda: self.stories.archive(spine, on), lambda: self._told(told, undo))

    # --- places -----------------------------------------------------------------------------------------------------

    def keep_place(self, name: str) -> None:
        """Name the place where the story stands, and write its file."""
        desk = self.evening.desk

        async def keep() -> None:
            await desk.intents.checkpoint(name)
            await desk.shelf.keep_checkpoint(name)

        self.desk.do(keep, lambda: self.desk.tell(say("library.place_kept", name=name)))

    def go_to(self, passage: bytes, title: str) -> None:
        """The story goes on from there; what is left is a branch, and undoing is going back to it."""
        revision, left = self.evening.desk.intents.revision, list[str]()

        async def go() -> None:
            left.append(await revision.go_to(passage))

        def told() -> None:
            if left[0]:
                self._told(say("library.went", title=title, branch=left[0]), lambda: revision.rewind(left[0]))
            else:
                self.desk.tell(say("library.went_none", title=title))

        self.desk.do(go, told)

    def read(self, entry: str) -> None:
        """Look at a line on the stage."""
        self.desk.go("stage", entry)

    def load_lines(self, entry: str = "") -> None:
        """Bring the passages of the story that is looked at, which is not open."""
        story, lines = self.screen.chosen, list[SpokenLine]()
        spine = self.screen.spine(story)
        if spine is not None:

            async def read() -> None:
                lines.extend(await self.stories.lines(spine))

            def done() -> None:
                if self.screen.is_on_page() and self.screen.chosen.key == story.key:
                    self.screen.reading.show(story.tag, lines, entry)

            self.desk.do(read, done)

    def adopt(self, event: object = None) -> None:
        """Join the lines of an earlier evening that came to light."""
        self.desk.do(self.evening.desk.intents.adopt, self.screen.load)

    # --- what takes a while -----------------------------------------------------------------------------------------

    def stop(self) -> bool:
        """Call off what is being done. True if there was anything."""
        if self._errand is None:
            return False
        self._errand.call_off()
        return True

    def _run(self, work: Callable[[Told], Awaitable[object]], progress: Progress, done: Callable[[], None]) -> None:
        if self._errand is not None:
            self.desk.tell(say("library.busy"), say("library.busy_hint"))
            return
        errand = self._errand = Errand()
        progress.begin()

        def show(part: int, whole: int) -> None:
            if self.screen.is_on_page():
                progress.show(part, whole)

        async def run() -> None:
            try:
                await errand.run(lambda: work(show))
            finally:
                self._errand = None
                if self.screen.is_on_page():
                    progress.end()

        self.desk.do(run, lambda: self.desk.tell(say("library.stopped")) if errand.called_off else done())

    def write(self, wish: Wish) -> None:
        """Write the story that is looked at."""
        story = self.screen.chosen
        spine = self.screen.spine(story)
        if spine is None:
            return
        progress = self.screen.away.progress
        if wish.path is not None:
            path = wish.path
            done = say("library.written", path=path)
            self._run(lambda told: self._export(spine, wish, path, told), progress, lambda: self.desk.tell(done))
            return
        name, data = file_name(story.name, wish.suffix), list[bytes]()

        async def fetch(told: Told) -> None:
            async with self.stories.for_now(b"", name) as path:
                await self._export(spine, wish, path, told)
                data.append(await self.stories.bytes_of(path))

        self._run(fetch, progress, lambda: self._hand_over(name, data[0]))

    async def _export(self, spine: Spine, wish: Wish, path: Path, told: Told) -> None:
        evening = self.desk.evening
        if evening is not None and spine.summary.tag == evening.home.node.ledger.tag.hex():
            shelf = evening.desk.shelf
            await shelf.export(wish.form, path, with_whispers=wish.whispers, progress=told)
        else:
            await self.stories.export(spine, wish.form, path, with_whispers=wish.whispers, progress=told)

    def _hand_over(self, name: str, data: bytes) -> None:
        async def save() -> None:
            await ft.FilePicker().save_file(file_name=name, src_bytes=data)

        self.desk.page.run_task(save)
        self.desk.tell(say("library.downloaded", name=name))

    def check(self) -> None:
        """Check the story that is looked at, as it lies on the disk."""
        story, seals = self.screen.chosen, list[SealView]()
        spine = self.screen.spine(story)
        if spine is not None:

            async def check(told: Told) -> None:
                seals.append(seal_view(await self.stories.verify(spine, told)))

            about = say("library.sealed_story", name=story.name)
            self._run(check, self.screen.sealing.progress, lambda: self._proved(seals[0], about))

    async def check_file(self, event: object = None) -> None:
        """Ask for a file, and check it."""
        seals = list[SealView]()

        async def check(path: Path, told: Told) -> None:
            seals.append(seal_view(await self.stories.verify_file(path, progress=told)))

        await self._with_file(
            check,
            self.screen.sealing.progress,
            lambda name: self._proved(seals[0], say("library.sealed_file", name=name)),
        )

    def _proved(self, seal: SealView, about: str) -> None:
        self.seal, self.sealed = seal, about
        self.screen.refresh()

    async def bring_in(self, event: object = None) -> None:
        """Ask for a signed log, and bring its story in."""
        brought = list[Brought]()

        async def bring(path: Path, told: Told) -> None:
            brought.append(await self.stories.bring_in(path, told))

        await self._with_file(bring, self.screen.bringing, lambda name: self._brought_in(brought[0]))

    def _brought_in(self, brought: Brought) -> None:
        name = brought.spine.summary.name
        hint = "" if brought.spine.ours else say("library.brought_foreign")
        if brought.seal.state == "cut_short":
            hint = f"{say('library.brought_cut_short')} {hint}".strip()
        self.desk.tell(say("library.brought", name=name, entries=f"{brought.added:,}"), hint)
        self.screen.load(choose=name)

    async def _with_file(
        self, work: Callable[[Path, Told], Awaitable[object]], progress: Progress, done: Callable[[str], None]
    ) -> None:
        files = await ft.FilePicker().pick_files(
            dialog_title=say("library.pick_log"),
            file_type=ft.FilePickerFileType.CUSTOM,
            allowed_extensions=LOG_FILES,
            with_data=self.desk.page.web,
        )
        progress.control.update()
        if not files:
            return
        name, path, data = files[0].name, files[0].path, files[0].bytes

        async def run(told: Told) -> None:
            if data is not None:
                async with self.stories.for_now(data, name) as copy:
                    await work(copy, told)
            elif path:
                await work(Path(path), told)

        self._run(run, progress, lambda: done(name))

    def _told(self, what: str, undo: Callable[[], Awaitable[object]]) -> None:
        self.desk.tell(what, undo=undo)
        self.screen.load()
