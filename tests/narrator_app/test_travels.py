"""A character leaves the story as a file, with what it has learned, and comes into another with it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from trio.testing import MockClock

from dwnet.card import Card, check_card, read_card, write_card
from dwnet.card_picture import is_png, plain_picture
from dwnet.card_reading import CardFieldWrong
from dwnet.card_showing import show_card
from dwnet.node import Draft
from dwnet.shipped import card as shipped_card
from dwnet.whole_file import FileNotWritten
from narrator_app.errors import CommandIncomplete, NoSuchCharacter
from narrator_app.travels import AdapterNotTheCards, CardFormUnknown
from protocol.kinds import Evolved
from protocol.shapes import Score
from tests.kit.company import Evening, open_desk
from tests.kit.students import Student, enrol
from tests.kit.trainings import School

ADAPTER = b"an adapter" * 20_000  # several chunks
NAME = hashlib.sha256(ADAPTER).digest()
PIM = read_card(shipped_card("Pim")).having(pronunciation={"Siobhan": "shivawn"}, goals="To see the egg hatch.")


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    async with open_desk(tmp_path / "there") as evening:
        yield evening


def notices(evening: Evening) -> str:
    return "\n".join(str(one["what"]) for one in evening.events("notice"))


async def learned(evening: Evening) -> Student:
    """Pim, who has learned, and whose narrator holds a copy of it."""
    student = await enrol(evening.company, await evening.play("Pim"), School(ADAPTER))
    await evening.type("Night fell.")
    await evening.until("accepted", member="Pim")
    await evening.type("/evolve Pim")
    await evening.until("evolved", member="Pim", version=1)
    await evening.company.until(lambda: evening.desk.minds.facts(student.person.seat).safe > len(ADAPTER))
    return student


async def test_a_card_leaves_as_the_story_has_it_now(
    evening: Evening, tmp_path: Path, autojump_clock: MockClock
) -> None:
    seat = await evening.desk.casting.cast(PIM)
    changed = replace(PIM, name="Pim the Brave", personality="fearless").having(colour="#aa3300", actions="softly")
    await evening.desk.casting.change(seat, changed)
    path = tmp_path / "far" / "Pim.json"
    await evening.type(f'/card Pim the Brave "{path}"')
    assert read_card(path.read_bytes()) == changed and read_card(path.read_bytes()).mind is None
    assert not [one for one in check_card(path.read_bytes()) if one.severity == "error"]
    assert evening.events("exported")[-1]["path"] == str(path) and notices(evening) == ""
    assert [one.name for one in path.parent.iterdir()] == ["Pim.json"]


async def test_as_a_picture_it_carries_its_portrait(
    evening: Evening, tmp_path: Path, autojump_clock: MockClock
) -> None:
    casting = evening.desk.casting
    await casting.cast(PIM, await casting.portraits.keep(plain_picture("#aa3300")))
    await casting.cast(replace(PIM, name="Plain"))
    for name in ("Pim", "Plain"):
        path = tmp_path / f"{name}.png"
        await evening.type(f'/card {name} "{path}"')
        assert is_png(path.read_bytes()) and read_card(path.read_bytes()) == replace(PIM, name=name)
    async with open_desk(tmp_path / "here") as elsewhere:
        for name in ("Pim", "Plain"):
            await elsewhere.type(f'/cast "{tmp_path / name}.png"')
        pim, plain = elsewhere.narrator.story.seats.values()
        assert pim.portrait in elsewhere.desk.casting.portraits.at_hand and plain.portrait == b""


async def test_what_it_has_learned_lies_beside_the_card(
    evening: Evening, tmp_path: Path, autojump_clock: MockClock
) -> None:
    await learned(evening)
    path = tmp_path / "Pim.json"
    await evening.type(f'/card Pim "{path}"')
    mind = read_card(path.read_bytes()).mind
    assert mind is not None and (mind.adapter, mind.model, mind.version) == (NAME, "small", 1)
    assert dict(show_card(read_card(path.read_bytes())))["Mind"] == f"version 1, {NAME.hex()[:8]}, trained on small"
    assert mind.base == hashlib.sha256(b"a model").digest() and Score("loss", 2_300, 1_700) in mind.scores
    assert (tmp_path / f"Pim.{NAME.hex()[:8]}.gguf").read_bytes() == ADAPTER
    assert "goes along beside the card" in notices(evening)
    await evening.type("/mind Pim base")
    await evening.type(f'/card Pim "{tmp_path / "bare.json"}"')
    assert read_card((tmp_path / "bare.json").read_bytes()).mind is None


async def test_without_a_copy_here_it_is_said_that_it_stays_behind(
    evening: Evening, tmp_path: Path, autojump_clock: MockClock
) -> None:
    pim = await evening.play("Pim")
    await pim.node.write(Draft(Evolved(NAME, bytes(32), "small", b"", b"", 60, (), (), 1, "better")))
    await evening.until("evolved", member="Pim")
    path = tmp_path / "Pim.json"
    await evening.type(f'/card Pim "{path}"')
    mind = read_card(path.read_bytes()).mind
    assert mind is not None and mind.adapter == NAME
    assert "does not go along" in notices(evening) and not list(tmp_path.glob("*.gguf"))


async def test_what_cannot_leave_is_refused_and_nothing_is_written(
    evening: Evening, tmp_path: Path, autojump_clock: MockClock
) -> None:
    await evening.type("/cast Pim")
    await evening.type("/invite Vera --role listener")
    for line, error in (
        ("/card Pim", CommandIncomplete),
        (f'/card Pim "{tmp_path / "Pim.txt"}"', CardFormUnknown),
        (f'/card Vera "{tmp_path / "Vera.json"}"', NoSuchCharacter),
        (f'/card Nobody "{tmp_path / "Nobody.json"}"', NoSuchCharacter),
        ("/card Pim /dev/full/Pim.json", FileNotWritten),
    ):
        with pytest.raises(error) as caught:
            await evening.type(line)
        assert caught.value.hint
    assert not list(tmp_path.glob("*.*")) and not evening.events("exported")


@pytest.mark.parametrize(
    "mind",
    [
        "a mind",
        {"adapter": "12", "base": "", "model": "m", "version": 1},
        {"adapter": "0" * 64, "base": 7, "model": "m", "version": 1},
        {"adapter": "0" * 64, "base": "", "model": "m" * 129, "version": 1},
        {"adapter": "0" * 64, "base": "", "model": "m", "version": -1},
        {"adapter": "0" * 64, "base": "", "model": "m", "version": 1, "scores": {"loss": [1]}},
        {"adapter": "0" * 64, "base": "", "model": "m", "version": 1, "scores": {"loss": [1, float("1e300")]}},
        {"adapter": "0" * 64, "base": "", "model": "m", "version": 1, "scores": {str(n): [1, 1] for n in range(99)}},
    ],
)
def test_a_card_that_names_no_readable_mind_is_refused_with_a_remedy(mind: object) -> None:
    written = write_card(Card("Pim").having(mind=mind))
    with pytest.raises(CardFieldWrong) as caught:
        read_card(written)
    assert "mind" in caught.value.what and caught.value.hint


# --- into another story ----------------------------------------------------------------------------------------------


@pytest.fixture
async def card(evening: Evening, tmp_path: Path, autojump_clock: MockClock) -> Path:
    """Pim's card, saved from the story it learned in."""
    await learned(evening)
    path = tmp_path / "Pim.json"
    await evening.type(f'/card Pim "{path}"')
    return path


async def invited(evening: Evening) -> Student:
    """Somebody takes Pim's seat who can learn, with the model that he learned on."""
    await evening.type("/invite Pim")
    return await enrol(
        evening.company, await evening.company.accept_invite(evening.events("invite")[-1]["code"], "Pim", 1)
    )


def file_of(student: Student) -> Path:
    path = student.performer.versions.path_of(NAME)
    assert path is not None
    return path


async def test_cast_elsewhere_it_speaks_with_what_it_learned_and_can_leave_again(
    card: Path, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path / "here") as evening:
        await evening.type(f'/cast "{card}"')
        assert "comes along" in notices(evening)
        student = await invited(evening)
        await evening.company.until(lambda: student.performer.versions.worn == NAME)
        assert file_of(student).read_bytes() == ADAPTER
        await evening.type("/mind Pim")
        told = await evening.until("evolved", member="Pim", version=1)
        assert told["speaks"] and not told["promoted"] and told["scores"]["loss"] == [2.3, 1.7]
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")
        await evening.type("/mind Pim base")
        await evening.company.until(lambda: student.performer.versions.worn == b"")
        await evening.type("/mind Pim 1")
        await evening.type(f'/card Pim "{tmp_path / "again.json"}"')
        assert (tmp_path / "again.json").read_bytes() == card.read_bytes()
        assert (tmp_path / f"again.{NAME.hex()[:8]}.gguf").read_bytes() == ADAPTER


async def test_it_speaks_wherever_the_story_goes_until_it_learns_here(
    card: Path, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_desk(tmp_path / "here") as evening:
        await evening.type("The wind rose.")
        await evening.type("/checkpoint dusk")
        await evening.type("Night fell.")
        await evening.type(f'/cast "{card}"')
        await evening.type("/rewind dusk")
        student = await invited(evening)
        await evening.company.until(lambda: student.performer.versions.worn == NAME)
        student.school.adapter = b"a newer one"
        await evening.type("And then day broke.")
        await evening.until("accepted", member="Pim")
        await evening.type("/evolve Pim")
        await evening.until("evolved", member="Pim", version=2)
        newer = hashlib.sha256(b"a newer one").digest()
        await evening.company.until(lambda: student.performer.versions.worn == newer)


async def test_nobody_else_can_open_what_it_brings_along(card: Path, tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_desk(tmp_path / "here") as evening:
        tock = await evening.play("Tock")
        await evening.type(f'/cast "{card}"')
        await evening.company.until(lambda: any(one.kind == "brought" for one in tock.node.ledger.entries.values()))
        (entry,) = (one for one in tock.node.ledger.entries.values() if one.kind == "brought")
        assert tock.node.ledger.opening(entry) is None
        stored = [one for one in evening.settings.blobs.rglob("*") if one.is_file()]
        assert stored and all(b"an adapter" not in one.read_bytes() for one in stored)


async def test_under_another_name_the_adapter_is_found_and_another_one_is_refused(
    card: Path, tmp_path: Path, autojump_clock: MockClock
) -> None:
    (beside,) = tmp_path.glob("*.gguf")
    async with open_desk(tmp_path / "here") as evening:
        beside.write_bytes(ADAPTER + b"!")
        with pytest.raises(AdapterNotTheCards) as caught:
            await evening.type(f'/cast "{card}"')
        assert caught.value.hint and not evening.events("cast")
        beside.rename(tmp_path / f"an old friend.{NAME.hex()[:8]}.gguf").write_bytes(ADAPTER)
        moved = card.rename(tmp_path / "Pim from the lighthouse.json")
        await evening.type(f'/cast "{moved}"')
        assert "comes along" in notices(evening)


async def test_without_its_file_it_comes_with_the_bare_model_and_that_is_said(
    card: Path, tmp_path: Path, autojump_clock: MockClock
) -> None:
    (beside,) = tmp_path.glob("*.gguf")
    beside.unlink()
    async with open_desk(tmp_path / "here") as evening:
        await evening.type(f'/cast "{card}"')
        assert "does not come along" in notices(evening)
        student = await invited(evening)
        file_of(student).parent.mkdir(parents=True)
        file_of(student).write_bytes(ADAPTER)
        student.performer.rethink()
        await evening.type("Night fell.")
        await evening.until("accepted", member="Pim")
        assert student.performer.versions.worn == b"", "a file alone is a stranger's"


async def test_on_another_model_it_is_refused_by_the_hash_and_says_why(
    card: Path, tmp_path: Path, autojump_clock: MockClock
) -> None:
    read = read_card(card.read_bytes())
    assert read.mind is not None
    elsewhere = replace(read.mind, base=hashlib.sha256(b"another model").digest(), model="another")
    card.write_bytes(write_card(read.having(mind=elsewhere.to_own())))
    async with open_desk(tmp_path / "here") as evening:
        await evening.type(f'/cast "{card}"')
        student = await invited(evening)
        await evening.company.until(lambda: "trained on another model" in student.performer.versions.why)
        assert student.performer.versions.worn == b""
