"""Debian's Chromium at the desk: Flutter draws on a canvas, so everything is found and done by its semantics tree, the
one a screen reader reads.

Playwright's synchronous interface keeps an asyncio loop in the thread that started it: end the browser (leave
``chromium``) before that thread runs a loop of its own. Tests use it from plain functions and fixtures of a module.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, TimeoutError, sync_playwright

PACKAGE = "chromium"
PATIENCE = 120.0  # seconds; a bound for a busy machine, no claim about speed
HAND_MS = 150  # between coming to a button and pressing it; a hand takes longer
TYPED = 3  # times at most
MESSAGES = 200  # of the console that are kept
WRONGLY_DRAWN = "must be provided and visible"  # what Flet draws in red in the place of a control that it cannot draw
# Nothing leaves this machine, and it runs where tests run: as root, in containers, without a GPU.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip

# What everything that can be read on the page says. A node that has children says its own words in aria-label.
WORDS = """() => {
  const host = document.querySelector("flt-semantics-host");
  if (!host) return "";
  const said = [];
  for (const one of host.querySelectorAll("flt-semantics, flt-semantics span, input, textarea")) {
    if (one.value) said.push(one.value);
    const label = one.getAttribute("aria-label");
    if (label) said.push(label);
    if (!one.querySelector("flt-semantics") && one.tagName !== "SPAN" && one.textContent) said.push(one.textContent);
  }
  return said.join("\\n");
}"""

# What stands in a field; null for what is none.
VALUE = "e => (e.matches('input, textarea') ? e : e.querySelector('input, textarea'))?.value ?? null"
HAS_CURSOR = "e => e.matches(':focus') || !!e.querySelector(':focus')"

# Notes when a key went down and when words could first be read, both by the page's own clock: the semantics of a frame
# are written in the same task as its picture is handed to the screen.
OBSERVER = """() => {
  const seen = { keys: [], words: {}, wanted: [] };
  window.dreamweaver = seen;
  addEventListener("keydown", event => seen.keys.push([event.key, performance.timeOrigin + performance.now()]), true);
  const host = document.querySelector("flt-semantics-host");
  const look = () => {
    if (!seen.wanted.length) return;
    const now = performance.timeOrigin + performance.now();
    let text = null;
    seen.wanted = seen.wanted.filter(wanted => {
      if (text === null) {
        text = host.textContent;
        for (const one of host.querySelectorAll("[aria-label]")) text += "\\n" + one.getAttribute("aria-label");
      }
      if (!text.includes(wanted)) return true;
      seen.words[wanted] = now;
      return false;
    });
  };
  seen.look = look;
  new MutationObserver(look).observe(host, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-label"],
  });
}"""

AWAIT = "words => { window.dreamweaver.wanted.push(...words); window.dreamweaver.look(); }"


class Tab:
    """One page in the browser, its semantics awake."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.messages.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if len(self.messages) < MESSAGES:
            self.messages.append(f"{message.type}: {message.text}")

    def wake(self) -> None:
        """Ask Flutter for the semantics tree, as a screen reader does, and wait for the first of it."""
        placeholder = self.page.locator("flt-semantics-placeholder")
        host = self.page.locator("flt-semantics-host flt-semantics").first
        self.wait(lambda: placeholder.count() or host.count(), "the page has drawn itself")
        if placeholder.count():
            placeholder.evaluate("e => e.click()")  # one pixel, outside of what can be clicked
        host.wait_for(state="attached", timeout=PATIENCE * 1000)

    # --- what is there -----------------------------------------------------------------------------------------------

    def words(self) -> str:
        """All that can be read on the page now."""
        return str(self.page.evaluate(WORDS))

    def says(self, text: str) -> bool:
        """Can this be read now?"""
        return text in self.words()

    def see(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until this can be read."""
        self.wait(lambda: self.says(text), f"{text!r} can be read", seconds)

    def miss(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until this can no longer be read."""
        self.wait(lambda: not self.says(text), f"{text!r} can be read no longer", seconds)

    def identified(self, identifier: str) -> Locator:
        """The node with this identifier of ``ft.Semantics``."""
        return self.page.locator(f'[flt-semantics-identifier="{identifier}"]')

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """The button with this accessible name; a text is part of it."""
        return self.page.get_by_role("button", name=name)

    def field(self, name: str | re.Pattern[str]) -> Locator:
        """The field with this label."""
        return self.page.get_by_role("textbox", name=name)

    def wait(self, there: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait until ``there`` says so; it is asked often.

        :raises AssertionError: after ``seconds``, with everything on the page.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if there():
                    return
            except Error:  # a page that is navigating has no document to ask
                pass
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not in {seconds:g} s: {what}\n{self.report()}")

    def report(self) -> str:
        """Everything there is to know when something went wrong."""
        try:
            words = self.words()
        except Error as error:
            words = f"(the page does not answer: {error})"
        console = "\n".join(self.messages[-20:])
        return f"--- the page ---\n{words}\n--- its console ---\n{console}"

    # --- what a person does ------------------------------------------------------------------------------------------

    def click(self, what: str | re.Pattern[str] | Locator) -> None:
        """Go to this, or to the button with this name, and click it. Panes of glass over it are no hindrance."""
        target = self.button(what) if isinstance(what, (str, re.Pattern)) else what
        self.wait(lambda: target.count() > 0, f"{what} is there")
        target.first.hover(force=True, timeout=PATIENCE * 1000)
        self.page.wait_for_timeout(HAND_MS)
        target.first.click(force=True, timeout=PATIENCE * 1000)

    def type(self, field: str | re.Pattern[str] | Locator, text: str) -> None:
        """Put the cursor into a field and type instead of what stands there, key by key. Letters that fall on a page
        that is still being drawn are lost: whoever sees that types again.
        """
        target = self.field(field) if isinstance(field, (str, re.Pattern)) else field
        for _ in range(TYPED):
            self._type(target, f"the field {field} is there", text)
            self.page.wait_for_timeout(HAND_MS)
            if self._stands_in(target) in (None, text):
                return

    def _stands_in(self, target: Locator) -> str | None:
        """The letters in a field; None for what is no field, or has gone."""
        try:
            value: str | None = target.first.evaluate(VALUE, timeout=1000) if target.count() else None
        except TimeoutError:
            return None
        return value

    def _type(self, target: Locator, what: str, text: str) -> None:
        self.wait(lambda: target.count() > 0, what)

        def has_cursor() -> bool:
            if not target.first.evaluate(HAS_CURSOR):  # the first click may fall on a menu that is still going
                target.first.click(force=True, timeout=PATIENCE * 1000)
                self.page.wait_for_timeout(HAND_MS)
            return bool(target.first.evaluate(HAS_CURSOR))

        self.wait(has_cursor, "the cursor")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, keys: str) -> None:
        """Press keys by Playwright's names: ``Control+K``, ``Enter``."""
        self.page.keyboard.press(keys)

    def reload(self) -> None:
        """As by F5; the semantics are woken again."""
        self.page.reload(wait_until="commit")
        self.wake()

    def clipboard(self) -> str:
        """What was copied last."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))

    # --- pictures and times ------------------------------------------------------------------------------------------

    def picture(self, path: Path) -> Path:
        """A screenshot. One that does not come is asked for once more: Chromium without a GPU sometimes loses one."""
        try:
            self.page.screenshot(path=path)
        except TimeoutError:
            self.page.screenshot(path=path)
        return path

    def observe(self) -> None:
        """Begin to note, in the page, when keys go down and when awaited words can be read."""
        self.page.evaluate(OBSERVER)

    def await_words(self, *words: str) -> None:
        """These words are looked for now and whenever the page changes."""
        self.page.evaluate(AWAIT, list(words))

    def seen_at(self, words: str, seconds: float = PATIENCE) -> float:
        """When awaited words could be read first, in seconds since 1970 by the page's clock."""
        self.wait(lambda: self.page.evaluate("words => words in window.dreamweaver.words", words), words, seconds)
        return float(self.page.evaluate("words => window.dreamweaver.words[words]", words)) / 1000

    def pressed_at(self) -> float:
        """When the last key went down, in seconds since 1970 by the page's clock."""
        return float(self.page.evaluate("() => window.dreamweaver.keys.at(-1)[1]")) / 1000


class Chromium:
    """A running browser; every tab has a profile of its own, as in a private window."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    @contextmanager
    def tab(
        self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False, wake: bool = True
    ) -> Iterator[Tab]:
        """Open an address. ``wake=False`` is for pages that are not ours."""
        with self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        ) as context:
            tab = Tab(context.new_page())
            tab.page.goto(url, wait_until="commit", timeout=PATIENCE * 1000)
            if wake:
                tab.wake()
            yield tab
            with suppress(Error):  # a page that was closed, or is going elsewhere, has nothing more to say
                assert WRONGLY_DRAWN not in tab.words(), tab.report()


def find_chromium() -> str | None:
    """Where the browser is, None when this machine has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(executable: str) -> Iterator[Chromium]:
    """Start Chromium without a window; it ends on leaving."""
    with sync_playwright() as playwright:
        with playwright.chromium.launch(
            executable_path=executable, headless=True, args=list(ARGUMENTS), timeout=PATIENCE * 1000
        ) as browser:
            yield Chromium(browser)
