"""A page of the desk without a browser: Flet's own ``Session`` and ``Page`` on a connection that is a list.

Every patch is really encoded, so that what cannot be sent fails here, and what is sent can be counted. What a client
would answer is answered; what a handler raises is raised where the test caused it. Use it from a plain test function::

    def test_a_click_counts() -> None:
        async def evening() -> None:
            async with open_page(main) as page:
                await page.click("Increment")
                assert "1" in page.texts()

        asyncio.run(evening())

The modules below ``flet.messaging`` are not public: the version of flet is pinned, and tests/kit/test_flet_page.py says
what we rely on.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import flet as ft
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.session import Session

from tests.kit.fake_connection import Answer, FakeConnection, Invoked, Patch, registration

Control = TypeVar("Control", bound=BaseControl)
Main = Callable[[ft.Page], Awaitable[None] | None]

PATIENCE = 60.0  # seconds; a bound for a busy machine, no claim about speed
SESSION_SECONDS = 60  # how long a page that lost its connection may come back
IDLE_ROUNDS = 50  # turns of the loop after which nothing that was ready to run is left


class FletPage:
    """One open page. Controls are found among what is visible, by type, by accessible name or by identifier."""

    def __init__(self, session: Session, connection: FakeConnection) -> None:
        self.session = session
        self.connection = connection
        self.page: ft.Page = session.page
        self.trouble: list[BaseException] = []

    # --- what is there -----------------------------------------------------------------------------------------------

    def walk(self, start: BaseControl | None = None, *, hidden: bool = False) -> Iterator[BaseControl]:
        """Every control below ``start`` (the page), parents first, in the order of their fields."""
        seen: set[int] = set()
        stack: list[Any] = [start or self.page]
        while stack:
            one = stack.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            if isinstance(one, BaseControl):
                if not hidden and getattr(one, "visible", True) is False:
                    continue
                yield one
            stack.extend(reversed(list(_inside(one))))

    def all(self, kind: type[Control], start: BaseControl | None = None, **facts: object) -> list[Control]:
        """Every visible control of this type with these properties; a property that is a function is asked."""
        return [one for one in self.walk(start) if isinstance(one, kind) and _fits(one, facts)]

    def one(self, kind: type[Control], start: BaseControl | None = None, **facts: object) -> Control:
        """The only such control."""
        found = self.all(kind, start, **facts)
        assert len(found) == 1, f"{len(found)} {kind.__name__} with {facts}\n{self.text()}"
        return found[0]

    def identified(self, identifier: str) -> ft.Semantics:
        """The ``ft.Semantics`` with this identifier."""
        return self.one(ft.Semantics, identifier=identifier)

    def has(self, identifier: str) -> bool:
        """Is there a visible ``ft.Semantics`` with this identifier?"""
        return bool(self.all(ft.Semantics, identifier=identifier))

    def named(self, name: str, start: BaseControl | None = None) -> BaseControl:
        """The only control with a handler of its own whose accessible name (label, text, icon's label) this is."""
        found = [one for one in self.walk(start) if _answers(one) and name in _names(self, one)]
        innermost = [
            one for one in found if not any(one in set(self.walk(outer)) - {outer} for outer in found)
        ] or found
        assert len(innermost) == 1, f"{len(innermost)} controls that answer to {name!r}\n{self.text(start)}"
        return innermost[0]

    def texts(self, start: BaseControl | None = None) -> list[str]:
        """Every visible text, spans joined."""
        return [_text(one) for one in self.walk(start) if isinstance(one, ft.Text)]

    def text(self, start: BaseControl | None = None) -> str:
        """All visible texts and values of fields, a line each: something to look for words in."""
        lines = []
        for one in self.walk(start):
            if isinstance(one, ft.Text):
                lines.append(_text(one))
            elif isinstance(one, ft.TextField):
                lines.append(one.value or "")
            elif isinstance(label := getattr(one, "content", None), str):
                lines.append(label)
        return "\n".join(lines)

    # --- what a person does ------------------------------------------------------------------------------------------

    async def fire(self, control: BaseControl, event: str, data: object = None) -> None:
        """What the client does when something happens to a control: ``on_<event>`` is called.

        :raises Exception: whatever the handler raised.
        """
        await self.session.dispatch_event(control._i, event, data)
        self.complain()

    async def click(self, what: BaseControl | str) -> None:
        """Click a control, or the one that bears this name."""
        control = self.named(what) if isinstance(what, str) else what
        assert not getattr(control, "disabled", False), f"{what} is disabled"
        await self.fire(control, "tap" if getattr(control, "on_click", None) is None else "click")

    async def type(self, field: ft.TextField | str, text: str) -> None:
        """Put this text into a field, as a whole."""
        control = self.named(field) if isinstance(field, str) else field
        assert isinstance(control, ft.TextField), f"{control} is no field"
        self.session.apply_patch(control._i, {"value": text})
        await self.fire(control, "change", text)

    async def submit(self, field: ft.TextField | str, text: str) -> None:
        """Type and press Enter."""
        control = self.named(field) if isinstance(field, str) else field
        assert isinstance(control, ft.TextField), f"{control} is no field"
        await self.type(control, text)
        await self.fire(control, "submit", text)

    async def press(
        self, key: str, *, ctrl: bool = False, shift: bool = False, alt: bool = False, meta: bool = False
    ) -> None:
        """Press a key anywhere on the page; ``key`` as Flet names it: "Escape", "Enter", "K"."""
        facts = {"key": key, "ctrl": ctrl, "shift": shift, "alt": alt, "meta": meta}
        await self.fire(self.page, "keyboard_event", facts)

    async def resize(self, width: float, height: float) -> None:
        """The window has this size now, in logical pixels."""
        self.session.apply_page_patch({"width": width, "height": height})
        await self.fire(self.page, "resize", {"width": width, "height": height})

    # --- what comes of it --------------------------------------------------------------------------------------------

    async def until(self, there: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
        """Wait until ``there`` says so.

        :raises AssertionError: after ``seconds``, with all that can be read on the page.
        """
        end = self.connection.loop.time() + seconds
        while not there():
            self.complain()
            if self.connection.loop.time() > end:
                raise AssertionError(f"not in {seconds:g} s: {what or inspect.getsource(there).strip()}\n{self.text()}")
            await asyncio.sleep(0.005)
        self.complain()

    async def idle(self) -> None:
        """Let everything run that is ready to."""
        for _ in range(IDLE_ROUNDS):
            await asyncio.sleep(0)
        self.complain()

    def complain(self) -> None:
        """:raises Exception: the first thing that went wrong in a handler since the last look."""
        if self.trouble:
            first, self.trouble = self.trouble[0], []
            self.connection.crashes.clear()
            raise first
        if self.connection.crashes:
            raise AssertionError(self.connection.crashes.pop(0))

    def mark(self) -> int:
        """This place in what was sent."""
        return len(self.connection.patches)

    def sent(self, since: int = 0) -> list[Patch]:
        """The patches sent since."""
        return self.connection.patches[since:]

    def bytes_since(self, mark: int = 0) -> int:
        """How many bytes those were, frames included."""
        return sum(one.size for one in self.sent(mark))

    @property
    def invoked(self) -> list[Invoked]:
        """What was called on the client."""
        return self.connection.invoked

    # --- its end -----------------------------------------------------------------------------------------------------

    async def disconnect(self) -> None:
        """The browser's socket is gone; the session waits for it to come back."""
        await self.session.disconnect(SESSION_SECONDS)
        self.complain()

    async def reconnect(self) -> None:
        """The browser is back, with the session's own controls."""
        self.connection.send_message(registration(self.session, self.session.page))
        await self.session.connect(self.connection)
        self.complain()

    async def close(self) -> None:
        """The session is over: ``on_disconnect`` and ``on_close`` are called."""
        if self.session.connection is not None:
            await self.session.disconnect(0)
        self.session.close()  # type: ignore[no-untyped-call]
        await asyncio.sleep(0)


class _Listening(logging.Handler):
    """Flet logs what a handler raised and tells the client its text; a test wants the thing itself."""

    def __init__(self, pages: list[FletPage]) -> None:
        super().__init__(logging.ERROR)
        self.pages = pages

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            for page in self.pages:
                page.trouble.append(record.exc_info[1])


@asynccontextmanager
async def open_page(
    main: Main,
    *,
    width: float = 1280,
    height: float = 800,
    dark: bool = False,
    web: bool = False,
    answers: Mapping[str, Answer] | None = None,
) -> AsyncIterator[FletPage]:
    """Open a page that ``main`` fills; it is closed on leaving.

    ``answers`` says what the client answers to methods by their names (``{"pick_files": [...]}``), None to all others.

    :raises Exception: whatever ``main`` raised.
    """
    with ThreadPoolExecutor(2) as executor:
        connection = FakeConnection(answers or {}, executor)
        session = Session(connection)
        connection.session = session
        page = FletPage(session, connection)
        listening = _Listening([page])
        logging.getLogger("flet").addHandler(listening)
        try:
            facts = {"route": "/", "width": width, "height": height, "platform": "linux", "web": web, "debug": False}
            session.apply_page_patch({**facts, "platform_brightness": "dark" if dark else "light"})
            snapshot = session.get_page_patch()  # type: ignore[no-untyped-call]
            connection.send_message(registration(session, snapshot))
            _context_page.set(session.page)
            context.reset_auto_update()  # type: ignore[no-untyped-call]
            began = main(session.page)
            if inspect.isawaitable(began):
                await began
            await session.after_event(session.page)
            page.complain()
            yield page
        finally:
            await page.close()
            logging.getLogger("flet").removeHandler(listening)


def _inside(one: object) -> Iterator[Any]:
    """The controls, and lists of them, that a control or list holds."""
    if isinstance(one, (list, tuple)):
        yield from (inner for inner in one if isinstance(inner, (BaseControl, list, tuple)))
    elif dataclasses.is_dataclass(one) and not isinstance(one, type):
        for field in dataclasses.fields(one):
            if field.name in ("_parent", "data") or field.metadata.get("skip"):
                continue
            inner = getattr(one, field.name, None)
            if isinstance(inner, (BaseControl, list, tuple)):
                yield inner


def _fits(one: BaseControl, facts: Mapping[str, object]) -> bool:
    return all(
        wanted(getattr(one, name, None)) if callable(wanted) else getattr(one, name, None) == wanted
        for name, wanted in facts.items()
    )


def _answers(one: BaseControl) -> bool:
    handlers = ("on_click", "on_tap", "on_change", "on_submit", "on_select")
    return any(getattr(one, name, None) is not None for name in handlers)


def _names(page: FletPage, one: BaseControl) -> set[str]:
    """What a screen reader may call a control: its own labels, or the words inside it."""
    names: set[str] = set()
    for inner in page.walk(one):
        own = [getattr(inner, name, None) for name in ("label", "semantics_label", "content", "text")]
        names.update(text for text in own if isinstance(text, str) and text)
        if isinstance(inner, ft.Text):
            names.add(_text(inner))
        if inner is not one and _answers(inner):
            names -= _names(page, inner)
    tooltip = getattr(one, "tooltip", None)
    if isinstance(tooltip, str):
        names.add(tooltip)
    return names


def _text(one: ft.Text) -> str:
    return (one.value or "") + "".join(_span(span) for span in one.spans or [])


def _span(one: ft.TextSpan) -> str:
    return (one.text or "") + "".join(_span(span) for span in one.spans or [])
