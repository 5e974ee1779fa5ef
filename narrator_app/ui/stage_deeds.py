"""What can be done with one row: buttons beside it, the same by keyboard, and the fields that open in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from dwnet.text import marked
from narrator_app.phrases import say
from narrator_app.revision import Revision
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, outline
from narrator_app.ui.stage_row import StoryRow, story_style
from narrator_app.views.stage import Row, beat_of

if TYPE_CHECKING:
    from narrator_app.ui.shell import PageDesk

PLAY, PLAY_BEAT, RETAKE, NEXT_TAKE, EDIT, BACK, MARK, COPY = "P", "L", "R", "T", "E", "B", "M", "C"


@dataclass(frozen=True)
class Deed:
    """One thing to do: the key it has, its name, its picture."""

    key: str
    name: str
    icon: ft.IconData


def deeds_for(row: Row, *, audible: bool, playing: bool) -> list[Deed]:
    """What can be done with a row now. ``audible``: there is a loudspeaker; ``playing``: this row is being said."""
    found = []
    if playing:
        found.append(Deed(PLAY, "stop", ft.Icons.STOP_CIRCLE_OUTLINED))
    elif row.has_sound and audible:
        found.append(Deed(PLAY, "play", ft.Icons.PLAY_ARROW_OUTLINED))
    if audible and (row.has_sound or not row.is_line):
        found.append(Deed(PLAY_BEAT, "play_beat", ft.Icons.PLAYLIST_PLAY))
    if row.is_line:
        found.append(Deed(RETAKE, "retake", ft.Icons.REFRESH))
    if row.takes > 1:
        found.append(Deed(NEXT_TAKE, "next_take", ft.Icons.LAYERS_OUTLINED))
    if not row.hidden:
        found += [Deed(EDIT, "edit", ft.Icons.EDIT_OUTLINED), Deed(COPY, "copy", ft.Icons.CONTENT_COPY_OUTLINED)]
    found += [Deed(BACK, "back", ft.Icons.HISTORY), Deed(MARK, "mark", ft.Icons.BOOKMARK_ADD_OUTLINED)]
    return found


class Deeds:
    """Does them, through the desk's intents. ``closed`` is called when a field that stood in a row is gone again."""

    def __init__(self, desk: PageDesk, closed: Callable[[], None]) -> None:
        self.desk = desk
        self.playing = b""  # the entry that is being said once more
        self._closed = closed
        self._clipboard = ft.Clipboard()
        self._editing: StoryRow | None = None
        self._save: Callable[[], None] = lambda: None

    @property
    def audible(self) -> bool:
        """There is a loudspeaker on the machine the story runs on."""
        return self.desk.evening is not None and not self.desk.evening.silent

    @property
    def editing(self) -> StoryRow | None:
        """The row in which a field is open."""
        return self._editing

    def offered(self, row: StoryRow) -> list[Deed]:
        """What can be done with a row now."""
        return deeds_for(row.row, audible=self.audible, playing=bool(self.playing) and self.playing == row.row.entry)

    def buttons(self, row: StoryRow) -> ft.Row:
        """The buttons of a row."""
        buttons: list[ft.Control] = [
            _small(self.desk.palette, deed, self._doer(deed.key, row)) for deed in self.offered(row)
        ]
        return ft.Row(buttons, spacing=0, run_spacing=0, wrap=True)

    def do(self, key: str, row: StoryRow) -> bool:
        """Do what a key stands for with a row; False when it stands for nothing there."""
        evening = self.desk.evening
        if evening is None or key not in {one.key for one in self.offered(row)}:
            return False
        entry, revision = row.row.entry, evening.desk.intents.revision
        match key:
            case "P" if self.playing == entry:
                evening.stage.stop_replay()
            case "P":
                self._say_again([entry])
            case "L":
                self._say_again(beat_of(evening.desk.narrator.story, entry))
            case "R":
                self._going(lambda: revision.retake(entry), say("stage.retaken"), say("stage.retaken_before"))
            case "B":
                self._going(lambda: revision.go_back(entry), say("stage.there_already"), say("stage.went_back"))
            case "T":
                self._next_take(row.row)
            case "E":
                self._edit(row)
            case "M":
                self._mark(row)
            case "C":
                self.desk.page.run_task(self._clipboard.set, marked(row.row.spans))
                self.desk.tell(say("stage.copied"))
        return True

    def pressed(self, key: ft.KeyboardEvent) -> bool:
        """A key while a field is open in a row."""
        if self._editing is None:
            return False
        if key.key == "Escape":
            self.close()
            return True
        if key.key == "Enter" and key.ctrl:
            self._save()
            return True
        return False

    def close(self) -> None:
        """Put the words back in place of the field."""
        row, self._editing = self._editing, None
        if row is not None:
            row.replace_text(None)
            self._closed()

    def _doer(self, key: str, row: StoryRow) -> Callable[[object], None]:
        def did(event: object) -> None:
            quietly()
            self.do(key, row)

        return did

    def _say_again(self, entries: list[bytes]) -> None:
        evening = self.desk.evening

        async def say_again() -> None:
            if evening is not None:
                evening.stage.replay(entries)

        self.desk.do(say_again)

    def _going(self, work: Callable[[], Awaitable[str]], stayed: str, went: str) -> None:
        """Do what may leave a branch behind, and offer the way back."""
        left: list[str] = []

        async def go() -> None:
            left.append(await work())

        def told() -> None:
            branch = left[0]
            if branch:
                self.desk.tell(
                    went, say("stage.left_behind", branch=branch), undo=lambda: self._revision().rewind(branch)
                )
            else:
                self.desk.tell(stayed)

        self.desk.do(go, told)

    def _revision(self) -> Revision:
        evening = self.desk.evening
        assert evening is not None
        return evening.desk.intents.revision

    def _next_take(self, row: Row) -> None:
        number, former = row.take % row.takes + 1, row.take
        self.desk.do(
            lambda: self._revision().choose(row.entry, number),
            lambda: self.desk.tell(
                say("stage.take_stands", take=number, takes=row.takes),
                undo=lambda: self._revision().choose(row.entry, former),
            ),
        )

    # --- fields in a row --------------------------------------------------------------------------------------------

    def _edit(self, row: StoryRow) -> None:
        palette, entry, former = self.desk.palette, row.row.entry, row.row.spans
        field = ft.TextField(
            value=marked(former),
            multiline=True,
            autofocus=True,
            text_style=story_style(palette),
            border=outline(palette),
            content_padding=12,
        )

        def save() -> None:
            words = field.value or ""
            self.desk.do(lambda: self._revision().edit(entry, words), told)

        def told() -> None:
            self.close()
            self.desk.tell(say("stage.reworded"), undo=lambda: self._revision().reword(entry, former))

        self._ask(row, field, say("stage.save"), save)

    def _mark(self, row: StoryRow) -> None:
        palette, entry = self.desk.palette, row.row.entry
        field = ft.TextField(
            label=say("stage.place_name"),
            autofocus=True,
            text_size=palette.size(15),
            border=outline(palette),
            on_submit=lambda event: save(),
        )

        def save() -> None:
            name = field.value or ""

            async def mark() -> None:
                evening = self.desk.evening
                if evening is not None:
                    kept = await evening.desk.intents.revision.mark(entry, name)
                    await evening.desk.shelf.keep_checkpoint(kept)

            self.desk.do(mark, lambda: told(name))

        def told(name: str) -> None:
            self.close()
            self.desk.tell(say("stage.marked", name=name))

        self._ask(row, field, say("stage.set_mark"), save, words=True)

    def _ask(
        self, row: StoryRow, field: ft.TextField, saves: str, save: Callable[[], None], *, words: bool = False
    ) -> None:
        """Open a field in a row, with the words above it or in their place."""
        self.close()
        self._editing, self._save = row, save
        palette = self.desk.palette
        done = action(palette, saves, lambda event: save(), key="Ctrl+Enter", kind="filled")
        leave = action(palette, say("stage.leave"), lambda event: self.close(), key="Esc")
        buttons = ft.Row([done, leave], spacing=8)
        stretched = ft.CrossAxisAlignment.STRETCH
        form = ft.Column([field, buttons], spacing=8, tight=True, horizontal_alignment=stretched)
        row.replace_text(ft.Row([ft.Container(form, expand=True)]), keep=words)
        self.desk.page.run_task(field.focus)


def quietly() -> None:
    """This handler changes nothing by itself: Flet need not look through the whole page for what it may have done."""
    ft.context.disable_auto_update()  # type: ignore[no-untyped-call]


def _small(palette: Palette, deed: Deed, on_click: Callable[[object], None]) -> ft.IconButton:
    name = say(f"stage.deed_{deed.name}")
    return ft.IconButton(
        ft.Icon(deed.icon, semantics_label=name, size=palette.size(17), color=palette.muted),
        tooltip=f"{name} (Alt+{deed.key})",
        on_click=on_click,
        width=28,
        height=28,
        padding=0,
    )
