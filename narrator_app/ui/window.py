"""Where the desk opens: in a window of its own, or in the browser. Never one instead of the other without a word.

Rules of this file:
- The window is Flet's desktop client. It is used where it is, and fetched where it can be.
- All of this is called before the event loop runs, except :func:`show`, which may wait and belongs in a thread.
- What it has to say goes to stderr: stdout is for programs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dwnet.errors import NodeError
from dwnet.fetching import PATIENCE, megabytes
from dwnet.terminal import progress
from narrator_app.phrases import say
from narrator_app.preferences import Preferences
from narrator_app.ui import desktop_client

GLANCE_SECONDS = 1.0  # a browser that cannot start has ended by then
# By the names they have on Linux and on every PATH; the first that starts is taken.
BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "brave-browser", "brave", "vivaldi"),
)
_MAC = ("Google Chrome", "Microsoft Edge", "Brave Browser", "Chromium", "Vivaldi")
_WINDOWS = (
    ("Google", "Chrome", "Application", "chrome.exe"),
    ("Microsoft", "Edge", "Application", "msedge.exe"),
    ("BraveSoftware", "Brave-Browser", "Application", "brave.exe"),
)


@dataclass(frozen=True)
class Desktop:
    """The desk opens in a window of its own; Flet finds the client."""


@dataclass(frozen=True)
class Browser:
    """The desk opens in the browser. ``why`` is one sentence; "" when that is what was asked for."""

    why: str


Opens = Desktop | Browser


def choose(
    preferences: Preferences,
    *,
    web: bool,
    environ: Mapping[str, str],
    tell: Callable[[str], None],
    patience: float = PATIENCE,
) -> Opens:
    """Where the desk opens this time; the client is fetched on the way if it must be, within bounds.

    ``web``: --web was given. ``tell`` gets sentences for stderr. Ctrl-C while something is fetched means: in the
    browser, this time.
    """
    if web or preferences.opens_in == "browser":
        return Browser("")
    if why := _no_window(environ):
        return Browser(why)
    try:
        if not desktop_client.present(environ):
            _obtain(environ, tell, patience)
    except NodeError as error:
        return Browser(f"{error.what} {say('window.browser_instead')}")
    except KeyboardInterrupt:
        return Browser(say("window.skipped"))
    return Desktop()


def _no_window(environ: Mapping[str, str]) -> str:
    """Why no window can be shown here; "" when one can. Asked as Flet asks: it would serve the desk unguarded."""
    if environ.get("FLET_FORCE_WEB_SERVER", "").lower() in ("1", "true", "yes"):
        return say("window.forced")
    if sys.platform.startswith("linux") and not environ.get("DISPLAY"):
        return say("window.wayland_alone" if environ.get("WAYLAND_DISPLAY") else "window.no_display")
    return ""


def _obtain(environ: Mapping[str, str], tell: Callable[[str], None], patience: float) -> None:
    def begun(name: str, address: str, size: int) -> None:
        tell(
            say(
                "window.fetching",
                version=desktop_client.version(),
                name=name,
                size=megabytes(size),
                address=address,
                folder=desktop_client.folder(),
            )
        )

    tell(say("window.looking"))
    with progress(say("window.bar")) as came:
        desktop_client.obtain(environ, begun=begun, came=came, patience=patience)
    tell(say("window.fetched"))


# --- the browser ------------------------------------------------------------------------------------------------------


def show(
    url: str,
    environ: Mapping[str, str],
    once: Callable[[], str],
    *,
    usual: Callable[[str], bool] = webbrowser.open,
) -> str:
    """Open the desk in a browser, as a window without its bars where one can do that. Returns the sentence that says
    what happened, with the address ``url``.

    ``once`` gives an address that is good for one page: what stands on a command line can be read by every account of
    this machine. Waits up to a second per browser: call it in a thread.
    """
    if not _can_show(environ):
        return say("window.open_it", url=url)
    for browser in browsers(environ):
        if _stays([browser, f"--app={once()}"]):
            return say("window.opened", browser=Path(browser).stem, url=url)
    try:
        opened = usual(once())
    except (OSError, webbrowser.Error):
        opened = False
    return say("window.opened_usual" if opened else "window.open_it", url=url)


def _can_show(environ: Mapping[str, str]) -> bool:
    """Without a display, the browser that would be found is one for the terminal, which the desk cannot be shown in."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def browsers(environ: Mapping[str, str], platform: str = sys.platform) -> Iterator[str]:
    """The programs on this machine that show a page as a window of its own, in the order to try them."""
    if platform == "darwin":
        for name in _MAC:
            program = Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name
            if program.exists():
                yield str(program)
    elif platform == "win32":
        roots = [environ[one] for one in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if environ.get(one)]
        for parts in _WINDOWS:
            yield from (str(program) for root in roots if (program := Path(root, *parts)).exists())
    for name in BROWSERS:
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found is not None:
            yield found


def show_folder(place: str) -> bool:
    """Show a folder in the program that this computer has for it. False when there is none."""
    if sys.platform == "win32":
        command = ["explorer", place]
    else:
        command = ["open" if sys.platform == "darwin" else "xdg-open", place]
    if shutil.which(command[0]) is None or not _can_show(os.environ):
        return False
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return True


def _stays(command: Sequence[str]) -> bool:
    """Start a program on its own; False when it ends at once with an error. One that hands over to a browser that runs
    already ends well.
    """
    try:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return started.wait(GLANCE_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
