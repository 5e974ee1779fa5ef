from __future__ import annotations

import io
import json
import sys

import pytest
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text
from rich.console import Console

from dwnet.terminal import COLOURS, Terminal, colour_of, print_json

HOSTILE = "\x1b[2J\x1b]0;mine\x07Hi\x9b31m\r\x00 [red]you[/red] :smile: \u202eback"
CODES = set("\x1b\x9b\x07\x00\r\u202e")


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def terminal(screen: io.StringIO) -> Terminal:
    """A terminal nobody types in, with what it shows as plain text."""
    terminal = Terminal(interactive=False)
    terminal._console = Console(file=screen, highlight=False, markup=False, emoji=False, soft_wrap=True, width=80)
    return terminal


def test_whatever_is_shown_is_only_text(terminal: Terminal, screen: io.StringIO) -> None:
    terminal.narration(HOSTILE)
    terminal.line(HOSTILE, HOSTILE, HOSTILE)
    terminal.notice(HOSTILE)
    terminal.trouble(HOSTILE, HOSTILE)
    terminal.plain(HOSTILE)
    terminal.words(HOSTILE, "#ff0000", HOSTILE, done=True)
    shown = screen.getvalue()
    assert not set(shown) & CODES
    assert shown.count("[red]you[/red] :smile: back") == 9


def test_a_result_is_never_broken_into_lines() -> None:
    """An invite code is copied from the terminal, also from a narrow one."""
    screen, terminal = io.StringIO(), Terminal(interactive=True)
    terminal._console = Console(file=screen, width=20)
    terminal.plain("dwnet peer --invite dw1" + "q" * 80)
    assert screen.getvalue() == "dwnet peer --invite dw1" + "q" * 80 + "\n"


def test_words_stream_behind_their_name_and_end_their_line(terminal: Terminal, screen: io.StringIO) -> None:
    terminal.words("Mira", "", "Who ", done=False)
    assert screen.getvalue() == "Mira: Who "
    terminal.words("Mira", "", "is there?", done=False)
    terminal.words("Mira", "", "", done=True)
    assert screen.getvalue() == "Mira: Who is there?\n"
    assert terminal.end_words() is False


def test_words_of_two_at_a_time_are_never_mixed(terminal: Terminal, screen: io.StringIO) -> None:
    terminal.words("Mira", "", "Who ", done=False)
    terminal.words("Rusk", "", "Only me.", done=True)
    assert screen.getvalue() == "Mira: Who \nRusk: Only me.\n"


def test_what_comes_in_between_begins_a_line_of_its_own(terminal: Terminal, screen: io.StringIO) -> None:
    terminal.words("Mira", "", "Who ", done=False)
    terminal.notice("Rusk is here.")
    assert screen.getvalue() == "Mira: Who \nRusk is here.\n"


def test_an_end_without_words_shows_nothing(terminal: Terminal, screen: io.StringIO) -> None:
    terminal.words("Mira", "", "", done=True)
    assert screen.getvalue() == ""


def test_while_somebody_types_words_stand_in_the_prompt_cleaned(terminal: Terminal) -> None:
    terminal._session = _Session()  # type: ignore[assignment]
    terminal.words("Mira\x1b[1m", "#ff0000", "Who \x1b[2Jis [b]", done=False)
    shown = to_formatted_text(terminal._message("> ")())
    assert fragment_list_to_text(shown) == "Mira: Who is [b]\n> "


class _Session:
    """As much of a line editor as drawing a prompt anew takes."""

    app = property(lambda self: self)

    def invalidate(self) -> None:
        return


async def test_lines_are_read_to_the_end(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Night fell.\n\n" + "x" * 100_000))
    assert await terminal.read("> ", dict) == "Night fell."
    assert await terminal.read("> ", dict) == ""
    assert await terminal.read("> ", dict) == "x" * 100_000
    assert await terminal.read("> ", dict) is None


@pytest.mark.parametrize("colour", ["red", "", "\x1b[31m", "#12345", "#1234567", "#gggggg"])
def test_a_colour_that_is_none_is_replaced_by_one_that_goes_with_the_name(colour: str) -> None:
    assert colour_of("Mira", colour) in COLOURS
    assert colour_of("Mira", colour) == colour_of("Mira", "")


def test_a_colour_is_taken_as_it_is() -> None:
    assert colour_of("Mira", "#12aBef") == "#12aBef"


def test_a_happening_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"event": "line", "text": "a\nb 🦁 \x1b"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and json.loads(out) == {"event": "line", "text": "a\nb 🦁 \x1b"} and "\x1b" not in out
