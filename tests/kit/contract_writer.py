"""What every writer must do. A subclass gives the fixture ``writer``, loaded; its tests are these."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace

import pytest
import trio

from peer.writer.contract import Scene, Writer, Written
from tests.kit.scenes import STORM, line, scene, told


@dataclass
class Heard:
    """What came of one call of ``write``."""

    pieces: list[str] = field(default_factory=list)
    written: Written | None = None


async def hear(writer: Writer, asked: Scene) -> Heard:
    """Let the writer write, and listen to all of it."""
    heard = Heard()
    send, receive = trio.open_memory_channel[str](0)

    async def listen() -> None:
        async for piece in receive:
            heard.pieces.append(piece)

    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(listen)
        heard.written = await writer.write(asked, send)
        await send.aclose()
    return heard


class WriterContract:
    """The tests. Replies differ from run to run, so nothing is claimed about their words."""

    async def test_the_pieces_are_the_reply(self, writer: Writer) -> None:
        heard = await hear(writer, scene())
        assert heard.written is not None
        shown = "".join(heard.pieces)
        whole = heard.written.text.removesuffix("…")
        assert shown.startswith(whole), "what counts was shown first"
        assert "" not in heard.pieces
        if heard.written.stopped != "length":
            assert shown == heard.written.text

    async def test_a_reply_is_one_line_without_control_characters_or_labels(self, writer: Writer) -> None:
        for turns in ((STORM,), (STORM, line("Rusk", "Mira, who is that?"))):
            heard = await hear(writer, scene(*turns))
            assert heard.written is not None
            text = heard.written.text
            assert not [c for c in text if unicodedata.category(c) == "Cc"]
            assert "<|" not in text and not text.startswith(("Mira:", "Rusk:", "Narrator:"))
            assert text == text.strip()

    async def test_the_numbers_of_a_reply_agree(self, writer: Writer) -> None:
        written = (await hear(writer, scene(reply_tokens=40))).written
        assert written is not None
        assert 0 < written.tokens <= 40
        assert 0 <= written.first_token_seconds <= written.seconds
        assert written.stopped in ("end", "length", "cut")

    async def test_a_cap_is_kept(self, writer: Writer) -> None:
        written = (await hear(writer, scene(reply_tokens=3))).written
        assert written is not None and written.tokens <= 3

    async def test_the_first_piece_comes_while_the_rest_is_still_to_come(self, writer: Writer) -> None:
        send, receive = trio.open_memory_channel[str](0)
        done = False

        async def write() -> None:
            nonlocal done
            await writer.write(scene(), send)
            done = True

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            assert await receive.receive()
            assert not done
            nursery.cancel_scope.cancel()

    async def test_a_hushed_writer_writes_again(self, writer: Writer) -> None:
        for _ in range(2):
            send, receive = trio.open_memory_channel[str](0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(writer.write, scene(), send)
                await receive.receive()
                nursery.cancel_scope.cancel()
        written = (await hear(writer, scene(STORM, line("Mira", "Who goes there?"), told("No answer.")))).written
        assert written is not None and written.text

    async def test_a_writer_nobody_listens_to_stops(self, writer: Writer) -> None:
        send, receive = trio.open_memory_channel[str](0)
        await receive.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await writer.write(scene(), send)
        assert (await hear(writer, scene())).written

    async def test_reading_ahead_may_be_cut_off(self, writer: Writer) -> None:
        long = scene(*(told(f"Day {day}: the sea lies still, and nothing comes.") for day in range(20)))
        with trio.move_on_after(0):
            await writer.preread(long)
        await writer.preread(scene())
        assert (await hear(writer, scene())).written

    async def test_writing_while_reading_ahead_works(self, writer: Writer) -> None:
        long = scene(*(told(f"Night {night}: a light on the water, far away.") for night in range(20)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.preread, long)
            heard = await hear(writer, scene())
        assert heard.written and heard.written.text

    async def test_a_scene_without_turns_can_be_answered(self, writer: Writer) -> None:
        assert (await hear(writer, replace(scene(), turns=()))).written

    async def test_a_narration_of_any_length_can_be_answered(self, writer: Writer) -> None:
        endless = told("The road goes on, over hill and under hill. " * 450)
        assert (await hear(writer, scene(endless, reply_tokens=12))).written

    async def test_a_probe_disturbs_nothing(self, writer: Writer) -> None:
        await writer.probe()
        assert (await hear(writer, scene())).written
        await writer.probe()

    async def test_it_has_a_name_and_lacks_nothing(self, writer: Writer) -> None:
        await writer.load()
        assert writer.name
        assert writer.missing() is None
