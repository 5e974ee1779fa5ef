"""The terminal: story text that streams, and a line to type in that is never garbled by it.

Rules of this file:
- Everything shown passes dwnet.text.clean: text from peers can't move a cursor or set a colour.
- While somebody types, a line that streams stands above the input as part of its prompt, and is printed for good when
  it is complete. Without a prompt it streams straight to the screen.
- stdout is for the story, stderr for everything else.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import trio

from dwnet.text import clean, clean_piece

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import AnyFormattedText
    from rich.console import Console

COLOURS = ("#d98e04", "#2f9e8f", "#b5651d", "#8e7cc3", "#c2557a", "#4f86c6", "#7a9a01", "#c0504d")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Terminal:
    """Shows a story on a terminal, or as plain text where there is none."""

    def __init__(self, *, interactive: bool) -> None:
        self.interactive = interactive
        self._console: Console | None = None
        self._session: PromptSession[str] | None = None
        self._streaming: tuple[str, str, str] | None = None

    @property
    def console(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=not self.interactive)
        return self._console

    # --- the story --------------------------------------------------------------------------------------------------

    def narration(self, text: str) -> None:
        """What the narrator tells."""
        self._print(clean(text), "italic")

    def words(self, name: str, colour: str, piece: str, *, done: bool) -> None:
        """A piece of a line as it is written; ``done`` ends it."""
        shade = colour_of(name, colour)
        if self._streaming is not None and self._streaming[0] != name:
            self.end_words()  # somebody else's words, late or at the same time
        if self._streaming is None:
            if not piece:
                return
            self._streaming = (name, shade, "")
            if self._session is None:
                self.console.print(self._styled(f"{clean(name)}: ", f"bold {shade}"), end="")
        _, _, sofar = self._streaming
        self._streaming = (name, shade, sofar + clean_piece(piece))
        if self._session is None:
            self.console.print(self._styled(clean_piece(piece), shade), end="")
            self.console.file.flush()
        else:
            self._session.app.invalidate()
        if done:
            self.end_words()

    def end_words(self) -> bool:
        """Close a line that streams; whether there was one."""
        if self._streaming is None:
            return False
        name, shade, text = self._streaming
        self._streaming = None
        if self._session is None:
            self.console.print()
        else:
            self.line(name, shade, text)
        return True

    def line(self, name: str, colour: str, text: str) -> None:
        """A whole line at once."""
        from rich.text import Text

        shade = colour_of(name, colour)
        whole = Text(f"{clean(name)}: ", style=f"bold {shade}")
        whole.append(clean(text), style=f"not bold {shade}")
        self._end_open()
        self.console.print(whole)

    def notice(self, text: str) -> None:
        """A remark of the program's."""
        self._print(clean(text), "dim")

    def trouble(self, what: str, hint: str) -> None:
        """Something went wrong: what, and what to do."""
        self._print(clean(f"{what}\n{hint}"), "yellow")

    def plain(self, text: str) -> None:
        """A result, as it is: never broken into lines, so that it can be copied whole."""
        self._end_open()
        self.console.print(self._styled(clean(text), ""), soft_wrap=True)

    def _print(self, text: str, style: str) -> None:
        self._end_open()
        self.console.print(self._styled(text, style))

    def _end_open(self) -> None:
        if self._streaming is not None and self._session is None:
            self._streaming = None
            self.console.print()

    def _styled(self, text: str, style: str) -> Any:
        from rich.text import Text

        return Text(text, style=style)

    # --- typing -----------------------------------------------------------------------------------------------------

    async def read(self, prompt: str, complete: Callable[[], Mapping[str, str]]) -> str | None:
        """The next line typed; None at the end of input (Ctrl-D). ``complete`` gives words to complete and what they
        mean.

        :raises KeyboardInterrupt: on Ctrl-C.
        """
        if not self.interactive:
            line = await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
            return line.rstrip("\n") if line else None
        if self._session is None:
            self._session = self._new_session(complete)
        session = self._session
        message = self._message(prompt)
        try:
            return await trio.to_thread.run_sync(lambda: session.prompt(message), abandon_on_cancel=True)
        except EOFError:
            return None

    def typing(self) -> AbstractContextManager[object]:
        """While this is entered, what is printed appears above the line being typed."""
        if not self.interactive:
            return nullcontext()
        from prompt_toolkit.patch_stdout import patch_stdout

        return patch_stdout(raw=True)

    def _message(self, prompt: str) -> Callable[[], AnyFormattedText]:
        def parts() -> AnyFormattedText:
            shown: list[tuple[str, str]] = []
            if self._streaming is not None:
                name, shade, text = self._streaming
                shown = [(f"bold {shade}", f"{clean(name)}: "), (shade, clean(text)), ("", "\n")]
            return [*shown, ("", prompt)]

        return parts

    def _new_session(self, complete: Callable[[], Mapping[str, str]]) -> PromptSession[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings
        from prompt_toolkit.keys import Keys

        class Words(Completer):
            def get_completions(self, document: Any, complete_event: Any) -> Any:
                before = document.get_word_before_cursor(WORD=True)
                if before.startswith(("/", "@")):
                    for word, meaning in complete().items():
                        if word.lower().startswith(before.lower()):
                            yield Completion(word, -len(before), display_meta=meaning)

        keys = KeyBindings()
        # Nobody asked for the mouse; a colour code that somebody types looks like one, and ends in a traceback.
        keys.add(Keys.Vt100MouseEvent)(lambda event: None)
        return PromptSession(
            completer=Words(), history=InMemoryHistory(), complete_while_typing=True, key_bindings=keys
        )


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while something comes: tell it how many bytes there are by now, and of how many.

    Without a terminal it shows nothing.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(clean(what), total=None)
        yield lambda have, total: bars.update(task, completed=have, total=total)


def colour_of(name: str, colour: str) -> str:
    """A character's own colour, or one that always goes with its name."""
    if _HEX.fullmatch(colour):
        return colour
    return COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]


def print_json(happening: Mapping[str, Any]) -> None:
    """One happening, one line on stdout."""
    sys.stdout.write(json.dumps(happening, ensure_ascii=False) + "\n")
    sys.stdout.flush()
