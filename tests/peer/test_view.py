from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from dwnet.node import Draft
from dwnet.stage import Words
from peer.view import View
from protocol.kinds import NARRATOR, Accepted
from tests.kit.company import Company, Person
from tests.kit.scripted_writer import ScriptedWriter

HOSTILE = "\x1b[2JHi\x9b31m \u202e[red]you"


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        yield company
        nursery.cancel_scope.cancel()


def watch(person: Person, *, json: bool) -> View:
    view = View(json=json)
    view.node = person.node
    person.nursery.start_soon(view.run, person.node.subscribe())
    return view


async def tell(company: Company, *, whisper_to: Person | None = None) -> None:
    """A beat in which Mira answers with hostile text, accepted."""
    mira = company.people[1]
    audience = (NARRATOR, whisper_to.seat) if whisper_to else None
    await company.narrate(f"Night fell. {HOSTILE}", mira, audience=audience)
    await company.cue(mira, audience=audience)
    await company.until(lambda: mira.lines)
    line = mira.lines[-1]
    narrator = company.narrator.node
    await company.until(lambda: line.id in narrator.ledger.story.offered)
    await narrator.write(Draft(Accepted(line.author), (line.id,), None, (line,)))


def told(out: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in out.splitlines()]


async def test_the_story_is_shown_as_text(
    company: Company, capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    mira, vera = await company.join("Mira"), await company.join("Vera", role="listener")
    watch(vera, json=False)
    await company.perform(mira, ScriptedWriter(["I hear it."]))
    await tell(company)
    await company.until(lambda: len(list(vera.node.ledger.story.path())) == 2)
    await trio.sleep(1)
    out = capsys.readouterr().out
    assert out == "Night fell. Hi31m [red]you\nMira: I hear it.\n"


async def test_for_programs_it_is_json_without_codes(
    company: Company, capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    mira, vera = await company.join("Mira"), await company.join("Vera", role="listener")
    view = watch(vera, json=True)
    view.happen("link", peer="12D3", member="Mira", up=True)
    await company.perform(mira, ScriptedWriter(["I hear it."]))
    await tell(company)
    await company.until(lambda: len(list(vera.node.ledger.story.path())) == 2)
    await trio.sleep(1)
    link, first, second = told(capsys.readouterr().out)
    assert link["event"] == "link" and link["up"] is True and link["at"].endswith("Z")
    assert (first["event"], first["member"], first["text"]) == ("line", "Narrator", "Night fell. Hi31m [red]you")
    assert (second["event"], second["member"], second["text"]) == ("line", "Mira", "I hear it.")


async def test_a_whisper_to_another_leaves_no_trace(
    company: Company, capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    mira, vera = await company.join("Mira"), await company.join("Vera", role="listener")
    watch(vera, json=True)
    await company.perform(mira, ScriptedWriter(["I hear it."]))
    await tell(company, whisper_to=mira)
    await company.until(lambda: len(list(vera.node.ledger.story.path())) == 2)
    await trio.sleep(1)
    assert capsys.readouterr().out == ""


async def test_words_that_streamed_are_not_told_twice(
    company: Company, capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    mira, vera = await company.join("Mira"), await company.join("Vera", role="listener")
    view = watch(vera, json=False)
    await company.narrate("Night fell.", mira)
    entry = await company.cue(mira)
    await company.until(lambda: entry.id in vera.node.ledger.story.cues)
    cue = vera.node.ledger.story.cues[entry.id]
    view.shown(Words(cue, mira.seat, "I hear ", False))
    view.shown(Words(cue, mira.seat, "it.", False))
    view.shown(Words(cue, mira.seat, "", True))
    await company.perform(mira, ScriptedWriter(["I hear it."]))
    await company.until(lambda: mira.lines)
    line = mira.lines[-1]
    await company.until(lambda: line.id in company.narrator.node.ledger.story.offered)
    await company.narrator.node.write(Draft(Accepted(line.author), (line.id,), None, (line,)))
    await company.until(lambda: len(list(vera.node.ledger.story.path())) == 2)
    await trio.sleep(1)
    assert capsys.readouterr().out == "Night fell.\nMira: I hear it.\n"
