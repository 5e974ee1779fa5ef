"""Colours and sizes. Every text stands at 4.5:1 or more on what it is written on (WCAG 2.1, 1.4.3); a test holds it."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import flet as ft

READABLE = 4.5  # contrast of text, WCAG 2.1 AA
STORY, STORY_ITALIC = "Story", "Story Italic"  # the families the shell registers
FONTS = {STORY: "SourceSerifPro-Regular.ttf", STORY_ITALIC: "SourceSerifPro-It.ttf"}


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``, and the scale of its text."""

    dark: bool
    page: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    danger: str
    ok: str
    warn: str
    scale: float = 1.0

    def size(self, base: float) -> float:
        """A text size in logical pixels at the scale the narrator chose."""
        return round(base * self.scale, 1)

    def speaker(self, colour: str) -> str:
        """A character's colour, made as light or dark as it must be to be read on the page and on panels."""
        hue, light, saturation = _hls(colour)
        step = 0.02 if self.dark else -0.02
        for _ in range(50):
            candidate = _hex(colorsys.hls_to_rgb(hue, light, saturation))
            if min(contrast(candidate, one) for one in (self.page, self.panel, self.raised)) >= READABLE:
                return candidate
            light = min(1.0, max(0.0, light + step))
        return self.text


def light(scale: float = 1.0) -> Palette:
    """Ink on warm paper."""
    return Palette(
        False, "#faf7f1", "#ffffff", "#f2ede3", "#dcd4c4", "#24211b", "#655e51", "#8a5412", "#ffffff", "#a8322a",
        "#246b45", "#7a5200", scale,
    )  # fmt: skip


def dark(scale: float = 1.0) -> Palette:
    """Lamplight at night."""
    return Palette(
        True, "#14161b", "#1b1e25", "#252933", "#373d4a", "#ece7dd", "#aaa497", "#e3a857", "#1b1408", "#f08a7e",
        "#6cc295", "#e8c05f", scale,
    )  # fmt: skip


def theme(palette: Palette) -> ft.Theme:
    """The same colours for what Flet draws by itself."""
    scheme = ft.ColorScheme(
        primary=palette.accent,
        on_primary=palette.on_accent,
        secondary=palette.warn,
        tertiary=palette.ok,
        error=palette.danger,
        surface=palette.page,
        on_surface=palette.text,
        on_surface_variant=palette.muted,
        surface_container_lowest=palette.page,
        surface_container_low=palette.panel,
        surface_container=palette.panel,
        surface_container_high=palette.raised,
        surface_container_highest=palette.raised,
        outline=palette.muted,
        outline_variant=palette.line,
    )
    return ft.Theme(color_scheme=scheme, visual_density=ft.VisualDensity.COMFORTABLE)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _rgb(colour: str) -> tuple[float, float, float]:
    """A card's colour may be anything; what is not ``#rrggbb`` counts as a middle grey."""
    digits = colour.removeprefix("#")
    try:
        value = int(digits, 16) if len(digits) == 6 else 0x808080
    except ValueError:
        value = 0x808080
    return (value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255


def _hls(colour: str) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls(*_rgb(colour))


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)
