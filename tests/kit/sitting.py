"""A person at the desk: a browser's page with the running narrator behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator

from dwnet import shipped
from narrator_app.phrases import say
from narrator_app.ui.desk import screens
from tests.kit.browser import Chromium, Tab
from tests.kit.hive import Hive, address_of
from tests.kit.program import Program

# What a node of the semantics tree and all below it say.
IN_IT = """e => [e, ...e.querySelectorAll("*")].flatMap(
  one => [one.getAttribute("aria-label"), one.childElementCount ? null : one.textContent]
).filter(Boolean).join("\\n")"""


class Sitting:
    """What somebody does who sits at the desk. ``desk`` is the process, ``tab`` what he sees of it."""

    def __init__(self, desk: Program, tab: Tab) -> None:
        self.desk = desk
        self.tab = tab

    @property
    def box(self) -> Locator:
        """Where the story is told."""
        return self.tab.identified("narration").get_by_role("textbox")

    def told_at_the_foot(self) -> str:
        """What the quiet bar says, "" while it is silent."""
        bar = self.tab.identified("bar")
        return str(bar.first.evaluate(IN_IT)) if bar.count() else ""

    def go(self, screen: str) -> None:
        """Go to another screen by its key, and wait until it is there."""
        key = f"Control+{list(screens()).index(screen) + 1}"

        def there() -> bool:
            if self.tab.identified(screen).count() == 0:
                self.tab.press(key)  # a page that is still drawing itself hears no keys
                self.tab.page.wait_for_timeout(300)
            return self.tab.identified(screen).count() > 0

        self.tab.wait(there, f"the screen {screen} is there")

    def write(self, text: str) -> None:
        """Write this into the box, letter by letter, and send it. What stood there goes."""

        def written() -> bool:
            if self.box.input_value() != text:  # the first letters fall on a page that is still being drawn
                self.tab.type(self.box, text)
                self.tab.page.wait_for_timeout(300)
            return self.box.input_value() == text

        self.tab.wait(written, "the letters are there")
        self.tab.press("Enter")

    def tell(self, text: str) -> int:
        """Tell this; the place in what the process said from which the answers come."""
        mark = self.desk.mark()
        self.write(text)
        self.tab.wait(lambda: self.desk.saw("narrated", mark), f"{text!r} is told")
        self.tab.see(text)
        return mark

    def wait(self, event: str, since: int = 0, **facts: object) -> dict[str, object]:
        """Wait for a happening while the page goes on living; it."""
        self.tab.wait(lambda: self.desk.saw(event, since, **facts), f"{event} {facts or ''}\n{self.desk.report()}")
        return self.desk.saw(event, since, **facts)[0]


@contextmanager
def sit_down(browser: Chromium, desk: Program, *, dark: bool = False) -> Iterator[Sitting]:
    """Open the desk in a page of its own."""
    with browser.tab(address_of(desk), dark=dark) as tab:
        yield Sitting(desk, tab)


def bring_in(sitting: Sitting, name: str) -> None:
    """Take a character of the sample cast into the story."""
    tab = sitting.tab
    sitting.go("cast")
    tab.click(tab.button(say("cast.samples")).first)
    tab.see(say("cast.samples_title"))
    present = {one["member"] for one in sitting.desk.saw("cast")}
    rest = [one for one in shipped.cast() if one not in present]
    tab.click(tab.button(say("cast.create")).nth(rest.index(name)))
    sitting.wait("cast", member=name)


def invite(sitting: Sitting, name: str) -> str:
    """Make a code for a character and copy it, as one does to send it to a friend."""
    tab = sitting.tab
    sitting.go("cast")
    mark = sitting.desk.mark()
    seat = next(one["seat"] for one in sitting.desk.saw("cast", member=name))
    tab.click(tab.identified(f"tile-{seat}").get_by_role("button", name=say("cast.invite")))
    code = str(sitting.wait("invite", mark, member=name)["code"])
    tab.clipboard()
    tab.click(say("cast.copy_code"))
    tab.wait(lambda: tab.clipboard() == code, "the code is copied")
    return code


def in_place(hive: Hive, sitting: Sitting, *names: str) -> dict[str, Program]:
    """Bring these in, each played by a friend who was invited."""
    peers = {}
    for name in names:
        bring_in(sitting, name)
        peers[name] = hive.peer(name, invite(sitting, name))
        sitting.wait("status", member=name, status="Online_Responsive")
    sitting.go("stage")
    return peers
