"""Which voice a character has: this machine's choice, the card's, or one from the bank; and a card may change."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from dwnet.errors import NodeError
from dwnet.node import Draft
from dwnet.settings import ATTACHED, Settings, peer_settings
from peer.voice.bank import voice_for
from peer.voice.choice import choose_voice, follow_card
from peer.voice.contract import Speaker, Voice, format_voice, parse_voice
from protocol.kinds import Cast
from tests.kit.company import Company, Person


def told(folder: Path, voice: str | None = None) -> Settings:
    return peer_settings({"data": folder, "invite": "dw1x", "voice": voice}, {})


async def recast(company: Company, person: Person, voice: str, name: str = "Mira") -> None:
    await company.narrator.node.write(Draft(Cast(person.seat, "character", name, voice, "#8888aa", 50, b"", 0)))
    await company.until(
        lambda: (
            (person.node.ledger.story.seats[person.seat].voice, person.node.ledger.story.seats[person.seat].name)
            == (voice, name)
        )
    )


async def test_this_machine_chooses_before_the_card_and_the_card_before_the_bank(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        mira = await company.join("Mira")
        assert choose_voice(mira.node, mira.seat, told(tmp_path))[0] == voice_for(mira.seat), (
            "nobody has an engine called tone"
        )
        await recast(company, mira, "espeak:en-us+f5?pitch=70")
        assert choose_voice(mira.node, mira.seat, told(tmp_path))[0] == parse_voice("espeak:en-us+f5?pitch=70")
        assert choose_voice(mira.node, mira.seat, told(tmp_path, "espeak:de"))[0] == parse_voice("espeak:de")
        with pytest.raises(NodeError):
            choose_voice(mira.node, mira.seat, told(tmp_path, "tone:a"))
        nursery.cancel_scope.cancel()


async def test_a_card_sends_nothing_to_a_company_unless_the_owner_of_the_machine_says_so(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        mira = await company.join("Mira")
        await recast(company, mira, "gtts:fr")
        assert choose_voice(mira.node, mira.seat, told(tmp_path))[0] == voice_for(mira.seat)
        assert choose_voice(mira.node, mira.seat, told(tmp_path, "gtts:fr"))[0] == parse_voice("gtts:fr")
        monkeypatch.setenv(ATTACHED, "1")
        assert choose_voice(mira.node, mira.seat, told(tmp_path))[0] == parse_voice("gtts:fr"), "the narrator's own"
        nursery.cancel_scope.cancel()


async def test_a_card_that_changes_changes_the_voice_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        company = Company(tmp_path, nursery)
        await company.begin()
        mira = await company.join("Mira")
        heard: list[str] = []

        def change(voice: Voice, speaker: Speaker) -> None:
            heard.append(format_voice(voice))

        nursery.start_soon(follow_card, mira.node, mira.seat, told(tmp_path), change, mira.node.subscribe())
        await trio.testing.wait_all_tasks_blocked()
        await recast(company, mira, "espeak:de?pitch=70")
        await recast(company, mira, "espeak:de?pitch=70", name="Mira the Grey")
        await recast(company, mira, "")
        await trio.sleep(1)
        assert heard == ["espeak:de?pitch=70", format_voice(voice_for(mira.seat))]
        nursery.cancel_scope.cancel()
