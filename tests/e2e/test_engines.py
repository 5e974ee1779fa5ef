"""A character whose writer is missing, broken, slow or refuses: the story goes on, and everybody is told why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.hive import Hive, free_port
from tests.kit.quick_writer import QuickWriter


def joined_but_failing(hive: Hive, writer: str, *words: str) -> None:
    """The character joins, its narrator is told what is wrong, its cue is missed with that reason, and nobody stops."""
    narrator = hive.narrate()
    (code,) = hive.cast(narrator, "Pim").values()
    peer = hive.peer("Pim", code, writer=writer)
    peer.wait("joined")
    status = narrator.wait("status", member="Pim", status="Error_API")
    assert all(one.casefold() in status["why"].casefold() for one in words), status
    assert status["remedy"]
    mark = narrator.type("Pim, are you well?")
    missed = narrator.wait("missed", mark, member="Pim")
    assert "cannot answer" in missed["why"]
    assert peer.process.poll() is None and "Traceback" not in peer.errors
    narrator.wait("narrated", narrator.type("It goes on."), text="It goes on.")


def test_a_model_file_that_is_missing(hive: Hive) -> None:
    missing = hive.root / "nowhere.gguf"
    joined_but_failing(hive, str(missing), "nowhere.gguf")


def test_a_model_file_that_is_no_model(hive: Hive) -> None:
    false = hive.root / "false.gguf"
    false.write_bytes(b"this is no model at all" * 1_000)
    joined_but_failing(hive, str(false), "false.gguf")


def test_a_model_file_that_is_cut_short(hive: Hive) -> None:
    from peer.writer.model_file import embedded_model

    cut = hive.root / "cut.gguf"
    cut.write_bytes(Path(str(embedded_model())).read_bytes()[:1_000_000])
    joined_but_failing(hive, str(cut), "cut.gguf")


def test_an_endpoint_where_nobody_answers(hive: Hive) -> None:
    joined_but_failing(hive, f"http://127.0.0.1:{free_port()}/v1", "127.0.0.1")


def test_an_endpoint_that_sends_rubbish(hive: Hive, writer: QuickWriter) -> None:
    writer.models_answer = b"<html>\x1b[31mwelcome</html>"
    joined_but_failing(hive, writer.url, "models")


def test_an_endpoint_that_refuses_the_key_is_not_shown_it(hive: Hive, writer: QuickWriter) -> None:
    writer.key = "the right one"
    keys = hive.folder("Pim") / "keys"
    keys.mkdir(parents=True)
    (keys / "api_key").touch(mode=0o600)
    (keys / "api_key").write_text("sk-the-wrong-one")
    joined_but_failing(hive, writer.url, "key")
    said = "".join(str(one.events) + one.errors for one in hive.programs)
    assert "sk-the-wrong-one" not in said
    assert b"sk-the-wrong-one" not in b"".join(one.read_bytes() for one in hive.folder("Pim").glob("story.db*"))


def test_an_endpoint_that_fails_and_recovers(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    writer.status = 500
    mark = narrator.type("Pim, are you well?")
    narrator.wait("status", mark, member="Pim", status="Error_API")
    assert "cannot answer" in narrator.wait("missed", mark, member="Pim")["why"]
    writer.status = 200
    quick.answer(narrator, "Pim", narrator.type("Pim, and now?"))
    narrator.wait("status", mark, member="Pim", status="Online_Responsive")


@pytest.mark.slow
def test_an_endpoint_that_never_answers_is_given_up(quick: Hive, writer: QuickWriter) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim", "Tock")
    writer.gate.clear()
    mark = narrator.type("@Pim, then @Tock: are you well?")
    narrator.wait("missed", mark, member="Pim")
    writer.gate.set()
    quick.answer(narrator, "Tock", mark)
