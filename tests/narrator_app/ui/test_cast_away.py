"""A character's card leaves from the Cast screen: to a place that is chosen, or into the browser."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from dwnet.card import read_card, write_card
from dwnet.card_mind import CardMind
from dwnet.card_picture import plain_picture
from narrator_app.casting import Casting
from narrator_app.phrases import say
from narrator_app.travels import Parting
from protocol import minds
from tests.narrator_app.ui.test_cast import PIM, Cast, cast_open


async def chosen(cast: Cast) -> None:
    await cast.cast(PIM)
    await cast.page.press("Arrow Down")


def test_in_the_window_the_card_is_written_where_one_chooses(tmp_path: Path) -> None:
    async def evening() -> None:
        path = tmp_path / "Pim.json"
        async with cast_open(tmp_path, answers={"save_file": str(path)}) as cast:
            await chosen(cast)
            await cast.page.press("F")
            await cast.page.until(lambda: say("cast.card_saved", path=path) in cast.said())
            assert read_card(path.read_bytes()) == PIM

    asyncio.run(evening())


def test_a_place_that_is_not_chosen_writes_nothing_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, answers={"save_file": str(tmp_path / "Pim.txt")}) as cast:
            await chosen(cast)
            await cast.page.press("F")
            await cast.page.until(lambda: "JSON or as a PNG picture" in cast.said())
            assert not (tmp_path / "Pim.txt").exists()

    asyncio.run(evening())


def test_in_a_browser_the_card_is_handed_over_with_its_portrait(tmp_path: Path) -> None:
    async def evening() -> None:
        async with cast_open(tmp_path, web=True) as cast:
            blobs: list[bytes] = []

            async def bring() -> None:
                blobs.append(await cast.casting.portraits.keep(plain_picture("#aa3300")))
                await cast.casting.cast(PIM, blobs[0])

            await cast.tell(bring)
            await cast.page.until(lambda: cast.page.has("tile-1"))
            await cast.page.press("Arrow Down")
            await cast.page.press("F")
            saved = cast.page.connection.invoked
            await cast.page.until(lambda: any(one.name == "save_file" for one in saved))
            handed = next(one.arguments for one in saved if one.name == "save_file")
            assert handed["file_name"] == "Pim.png" and read_card(handed["src_bytes"]) == PIM
            await cast.page.until(lambda: say("library.downloaded", name="Pim.png") in cast.said())

    asyncio.run(evening())


def test_in_a_browser_what_it_has_learned_is_handed_over_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mind = CardMind(hashlib.sha256(b"an adapter").digest(), bytes(32), "small", 2, ())

    async def parting(self: Casting, seat: int, form: str) -> Parting:
        return Parting("Pim", b"its card", mind, b"an adapter")

    async def evening() -> None:
        async with cast_open(tmp_path, web=True) as cast:
            await chosen(cast)
            monkeypatch.setattr(Casting, "parting", parting)
            await cast.page.press("F")
            await cast.page.until(lambda: "goes along beside the card" in cast.said())
            saved = [one.arguments for one in cast.page.connection.invoked if one.name == "save_file"]
            handed = {one["file_name"]: one["src_bytes"] for one in saved}
            assert handed == {"Pim.json": b"its card", mind.beside(Path("Pim.json")).name: b"an adapter"}

    asyncio.run(evening())


def test_in_the_window_what_it_has_learned_comes_along_from_beside_the_card(tmp_path: Path) -> None:
    mind = CardMind(hashlib.sha256(b"an adapter").digest(), bytes(32), "small", 2, ())
    path = tmp_path / "Pim.json"
    path.write_bytes(write_card(PIM.having(mind=mind.to_own())))
    file = {"id": 1, "name": path.name, "size": 1, "path": str(path), "bytes": path.read_bytes()}

    async def evening() -> None:
        async with cast_open(tmp_path / "story", answers={"pick_files": [file]}) as cast:
            page, ledger = cast.page, cast.evening.desk.narrator.node.ledger
            mind.beside(path).write_bytes(b"something else")
            await page.press("M")
            await page.press("O", alt=True)
            await page.until(lambda: "is not the adapter that this card names" in cast.said())
            mind.beside(path).write_bytes(b"an adapter")
            await page.press("O", alt=True)
            await page.until(lambda: "comes along" in page.text(cast.panel()))
            await page.click(say("cast.create"))
            await page.until(lambda: cast.names == ["Pim"])
            assert minds.mind(ledger, 1).adapter == mind.adapter and minds.backups(ledger, 1)

    asyncio.run(evening())


def test_pasted_it_says_that_what_it_has_learned_does_not_come_along(tmp_path: Path) -> None:
    mind = CardMind(bytes([1]) * 32, bytes(32), "small", 2, ())

    async def evening() -> None:
        async with cast_open(tmp_path) as cast:
            await cast.page.press("M")
            text = write_card(PIM.having(mind=mind.to_own())).decode()
            await cast.page.type(cast.field(say("cast.import_paste")), text)
            await cast.page.click(say("cast.import_read"))
            await cast.page.until(lambda: say("cast.mind_stays") in cast.page.text(cast.panel()))
            await cast.page.click(say("cast.create"))
            await cast.page.until(lambda: cast.names == ["Pim"])
            assert minds.mind(cast.evening.desk.narrator.node.ledger, 1).adapter == b""

    asyncio.run(evening())
