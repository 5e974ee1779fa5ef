"""The desk's own window opens where and as large as it was left."""

from __future__ import annotations

import flet as ft

from narrator_app.preferences import LOWEST, NARROWEST, Looks

WIDTH, HEIGHT = 1280, 860  # pixels, the first time


def remember_place(page: ft.Page, looks: Looks) -> None:
    """Put the window of a desktop page where it was last, and keep where it goes."""
    window, now = page.window, looks.now
    window.min_width, window.min_height = NARROWEST, LOWEST
    window.width, window.height = now.width or WIDTH, now.height or HEIGHT
    if now.left is not None and now.top is not None:
        window.left, window.top = now.left, now.top
    window.maximized = now.maximized

    def moved(event: ft.WindowEvent[ft.Page]) -> None:
        if event.type in (ft.WindowEventType.RESIZED, ft.WindowEventType.MOVED) and not window.maximized:
            looks.change(width=window.width, height=window.height, left=window.left, top=window.top)
        elif event.type in (ft.WindowEventType.MAXIMIZE, ft.WindowEventType.UNMAXIMIZE):
            looks.change(maximized=event.type is ft.WindowEventType.MAXIMIZE)

    window.on_event = moved
