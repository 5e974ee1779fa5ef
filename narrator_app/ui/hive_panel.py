"""What is looked at in the hive: one member with what can be done about it, or this computer and the story's log.

Rules of this file:
- Closing a seat is asked for once more in its place; nothing stands in the way of the story.
- What is shown for long (ids, fingerprints) can be copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from narrator_app.phrases import say
from narrator_app.ui.hive_graph import tone_colour
from narrator_app.ui.mind_panel import MindDeeds, mind_part
from narrator_app.ui.palette import Palette
from narrator_app.ui.parts import action, chip, heading, icon_button, label, read_out
from narrator_app.views.hive import UNKNOWN, LogHealth, Own, Row
from narrator_app.views.hive_graph import Tone
from narrator_app.views.mind import MindView

TITLE = 122  # pixels of the names in front of values
COPYING = 24
Past = Sequence[tuple[str, Tone, str]]


@dataclass(frozen=True)
class Deeds:
    """What the panel can have done: about the member that is looked at, and copying a text with what it is called."""

    probe: Callable[[], None]
    invite: Callable[[], None]
    close: Callable[[], None]
    copy: Callable[[str, str], None]
    mind: Callable[[bool], None]
    learn: Callable[[str], None]
    choose: Callable[[str, bool], None]


class HivePanel:
    """The panel on one page."""

    def __init__(self, palette: Palette, deeds: Deeds) -> None:
        self._palette = palette
        self._deeds = deeds
        self._key: tuple[object, ...] = ()
        self.is_asking = False
        self.box = ft.Container(padding=ft.Padding.symmetric(vertical=12, horizontal=16))
        self.control = ft.Semantics(content=self.box, identifier="hive-panel", container=True)

    def show_member(self, row: Row, past: Past) -> None:
        """Show one member."""
        key = (row, tuple(past), self.is_asking)
        if key != self._key:
            self._put(key, self._member(row, past))

    def show_mind(self, view: MindView) -> None:
        """Show what a member has learned."""
        if (view,) != self._key:
            deeds = MindDeeds(self._deeds.learn, self._deeds.choose, lambda: self._deeds.mind(False))
            self._put((view,), mind_part(self._palette, view, deeds))

    def show_own(self, own: Own, log: LogHealth) -> None:
        """Show this computer and the log."""
        key = (own, log)
        if key != self._key:
            self._put(key, self._self(own, log))

    def ask(self, is_asking: bool) -> None:
        """Ask once more before a seat is closed, or no longer."""
        self.is_asking = is_asking

    def _put(self, key: tuple[object, ...], content: ft.Control) -> None:
        self._key = key
        self.box.content = content
        self.box.update()

    # --- a member ---------------------------------------------------------------------------------------------------

    def _member(self, row: Row, past: Past) -> ft.Control:
        palette = self._palette
        top = ft.Row(
            [
                heading(palette, row.name, 19),
                chip(palette, row.status, tone_colour(palette, row.tone)),
                label(palette, say("hive.code_since", code=row.code, time=row.since), size=12),
            ],
            spacing=10,
            wrap=True,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
        told = [one for one in (row.why, row.remedy) if one]
        words = read_out(ft.Text(" ".join(told), size=palette.size(13), color=palette.text, selectable=True))
        facts = ft.Row(
            [
                self._fact(say("hive.fact_model"), row.model),
                self._fact(say("hive.fact_adapter"), row.adapter),
                self._fact(say("hive.fact_voice"), row.voice),
                self._fact(say("hive.fact_first_token"), row.first_token),
                self._fact(say("hive.fact_peer"), row.words or UNKNOWN, row.peer),
            ],
            wrap=True,
            spacing=24,
            run_spacing=6,
        )
        lines: list[ft.Control] = [top, words, facts]
        if past:
            lines.append(self._history(past))
        lines.append(self._asking(row) if self.is_asking else self._actions(row))
        return ft.Column(lines, spacing=10, tight=True)

    def _history(self, past: Past) -> ft.Control:
        palette = self._palette
        steps = [
            ft.Row(
                [
                    ft.Container(width=8, height=8, border_radius=4, bgcolor=tone_colour(palette, tone)),
                    ft.Text(word, size=palette.size(12), color=palette.text),
                    label(palette, when.split(". ")[0].rstrip("."), size=12),
                ],
                spacing=6,
                tight=True,
                tooltip=when,
            )
            for word, tone, when in past
        ]
        return ft.Row([label(palette, say("hive.before"), size=12), *steps], wrap=True, spacing=16, run_spacing=4)

    def _actions(self, row: Row) -> ft.Control:
        palette, deeds = self._palette, self._deeds
        probing = say("hive.probing") if row.is_probed else say("hive.probe")
        return ft.Row(
            [
                action(
                    palette,
                    probing,
                    lambda event: deeds.probe(),
                    icon=ft.Icons.MONITOR_HEART_OUTLINED,
                    key="P",
                    disabled=row.is_probed or not row.can_probe,
                ),
                action(
                    palette,
                    say("hive.invite"),
                    lambda event: deeds.invite(),
                    icon=ft.Icons.PERSON_ADD_OUTLINED,
                    key="I",
                ),
                action(
                    palette,
                    say("mind.open"),
                    lambda event: deeds.mind(True),
                    icon=ft.Icons.PSYCHOLOGY_OUTLINED,
                    key="M",
                ),
                action(
                    palette,
                    say("hive.close"),
                    lambda event: deeds.close(),
                    icon=ft.Icons.BLOCK,
                    key="Del",
                    kind="danger",
                    disabled=not row.can_close,
                ),
            ],
            wrap=True,
            spacing=8,
            run_spacing=8,
        )

    def _asking(self, row: Row) -> ft.Control:
        palette = self._palette
        return ft.Row(
            [
                ft.Text(say("hive.close_ask", name=row.name), size=palette.size(14), color=palette.text),
                action(palette, say("hive.close_yes"), lambda event: self._deeds.close(), key="Del", kind="danger"),
                action(palette, say("hive.close_no"), lambda event: self._keep(row), key="Esc", kind="filled"),
            ],
            wrap=True,
            spacing=8,
            run_spacing=8,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )

    def _keep(self, row: Row) -> None:
        self.is_asking = False
        self._put((), self._member(row, ()))

    # --- this computer ----------------------------------------------------------------------------------------------

    def _self(self, own: Own, log: LogHealth) -> ft.Control:
        palette = self._palette
        story = [
            heading(palette, say("hive.log_title"), 16),
            self._line(say("hive.fact_copies"), log.copies, ink=palette.ok if log.is_safe else palette.warn),
            self._line(say("hive.fact_checkpoint"), log.checkpoint),
            self._line(say("hive.fact_entries"), log.entries),
            self._line(say("hive.fact_fingerprint"), log.fingerprint, (log.head, say("hive.copy_head"))),
        ]
        computer = [
            heading(palette, say("hive.own_title"), 16),
            self._line(say("hive.fact_takes"), own.usage),
            *(
                self._line(hint, address, (address, say("hive.copy_address", address=address)))
                for address, hint in own.addresses
            ),
            label(palette, own.reach, size=12),
        ]
        return ft.Row(
            [ft.Column(lines, spacing=5, expand=parts) for lines, parts in ((story, 6), (computer, 5))],
            spacing=24,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )

    def _line(self, name: str, value: str, copied: tuple[str, str] = ("", ""), *, ink: str = "") -> ft.Control:
        """A name, its value, and a button that copies something with its title."""
        palette = self._palette
        title = label(palette, name, size=12)
        title.width = palette.size(TITLE)
        parts: list[ft.Control] = [
            title,
            ft.Text(value, size=palette.size(13), color=ink or palette.text, expand=True),
        ]
        if copied[0]:
            parts.append(self._copying(*copied, name))
        return ft.Row(parts, spacing=8, vertical_alignment=ft.CrossAxisAlignment.START)

    def _fact(self, name: str, value: str, copied: str = "") -> ft.Control:
        palette = self._palette
        column = ft.Column(
            [label(palette, name, size=12), ft.Text(value, size=palette.size(13), color=palette.text)],
            spacing=0,
            tight=True,
        )
        if not copied:
            return column
        return ft.Row([column, self._copying(copied, say("hive.copy_peer"), name)], spacing=4, tight=True)

    def _copying(self, text: str, title: str, what: str) -> ft.Control:
        button = icon_button(
            self._palette, ft.Icons.CONTENT_COPY, title, lambda event: self._deeds.copy(text, what), size=14
        )
        button.width = button.height = COPYING
        button.padding = 0
        return button
