"""A recording given to a character, and what its peer makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from dwnet.audio import CLIP_RATE, read_sound, silence
from dwnet.blob_store import BlobStore
from dwnet.clips import Clips
from dwnet.voice_sample import sample_of
from narrator_app.errors import CommandIncomplete
from narrator_app.reference_voices import ConsentMissing, Proposal, SampleUnfit
from peer.voice.reference import read_reference, references
from peer.voice_sample import VoiceSample
from protocol.sealing import decrypt_blob
from tests.kit.company import Evening, Person, open_desk
from tests.kit.sounds import pitch_of, samples_of, tone

SPOKEN = "My own voice, for this story. The narrator."


def recording(path: Path, seconds: float = 8.0, pitch: float = 200) -> Path:
    soundfile.write(path, samples_of(tone(pitch, seconds, rate=44_100)), 44_100)
    return path


def listen(person: Person) -> tuple[Path, list[str]]:
    """Its peer keeps recordings; the folder, and when another came."""
    folder, arrived = person.folder / "reference_voices", list[str]()
    clips = Clips(person.node, BlobStore(person.folder / "blobs"))
    person.nursery.start_soon(clips.run, person.node.subscribe())
    sample = VoiceSample(person.node, clips, person.seat, folder, lambda: arrived.append("came"))
    person.nursery.start_soon(sample.run, person.node.subscribe())
    return folder, arrived


async def give(evening: Evening, path: Path, how: str = "") -> None:
    await evening.type(f"/voice Pim '{path}' --consent '{SPOKEN}' {how}")


async def test_a_recording_reaches_its_characters_peer_and_is_a_voice_there(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        folder, arrived = listen(pim)
        await give(evening, recording(tmp_path / "me.wav"), "--from 1 --to 5.5")
        voice = evening.narrator.story.seats[pim.seat].voice
        await evening.company.until(lambda: arrived)
        ((name, path),) = references(folder).items()
        assert voice == f"xtts:{name}" and name.startswith("pim-")
        sound = read_reference(path)
        assert sound.rate == CLIP_RATE and sound.seconds == pytest.approx(4.5, abs=0.1)
        assert pitch_of(sound) == pytest.approx(200, abs=5)
        assert path.with_suffix(".txt").read_text() == SPOKEN + "\n"


async def test_nobody_else_can_hear_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim, tock = await evening.play("Pim"), await evening.play("Tock")
        _, arrived = listen(pim)
        others, nothing = listen(tock)
        await give(evening, recording(tmp_path / "me.wav"))
        await evening.company.until(lambda: arrived)
        entries = [one for one in tock.node.ledger.entries.values() if one.kind == "sample"]
        assert len(entries) == 1 and tock.node.ledger.opening(entries[0]) is None
        assert not nothing and not references(others)
        sample = sample_of(pim.node.ledger, pim.seat)
        assert sample is not None
        stored = BlobStore(evening.settings.blobs).read(sample.blob)
        assert b"fLaC" not in stored and SPOKEN.encode() not in b"".join(one.body for one in entries)
        assert read_sound(decrypt_blob(stored, sample.key)).seconds > 7


async def test_another_takes_its_place_and_one_that_is_taken_back_is_deleted(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        folder, arrived = listen(pim)
        await give(evening, recording(tmp_path / "me.wav"))
        await evening.company.until(lambda: len(arrived) == 1)
        first = set(references(folder))
        await give(evening, recording(tmp_path / "other.wav", pitch=300))
        await evening.company.until(lambda: len(arrived) == 2)
        assert len(references(folder)) == 1 and not first & set(references(folder))
        await evening.type("/voice Pim off")
        await evening.company.until(lambda: not list(folder.iterdir()))
        assert evening.narrator.story.seats[pim.seat].voice == ""


async def test_whoever_comes_to_the_seat_gets_it_and_a_restart_makes_up_for_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        pim = await evening.play("Pim")
        await give(evening, recording(tmp_path / "me.wav"))
        await evening.type("/invite Pim")
        code = evening.events("invite")[-1]["code"]
        again = await evening.company.accept_invite(code, "Pim again", pim.seat)
        folder, arrived = listen(again)
        await evening.company.until(lambda: arrived)
        assert len(references(folder)) == 1


@pytest.mark.parametrize(
    ("seconds", "how", "why"),
    [(2.0, "", "least"), (90.0, "", "most"), (8.0, "--from 7 --to 6", "silent"), (8.0, "--from 6", "least")],
)
async def test_what_is_unfit_is_refused_and_nothing_is_written(
    tmp_path: Path, seconds: float, how: str, why: str
) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        before = evening.narrator.node.ledger.canon.head
        with pytest.raises(SampleUnfit, match=why):
            await give(evening, recording(tmp_path / "me.wav", seconds), how)
        assert evening.narrator.node.ledger.canon.head == before


async def test_without_consent_without_sound_or_half_typed_nothing_is_written(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        path, nothing = recording(tmp_path / "me.wav"), tmp_path / "no.wav"
        nothing.write_bytes(b"no sound")
        before = evening.narrator.node.ledger.canon.head
        with pytest.raises(ConsentMissing):
            await evening.type(f"/voice Pim '{path}'")
        with pytest.raises(SampleUnfit):
            await evening.desk.voices.assign(1, nothing, consent=SPOKEN)
        for wrong in ("", f"'{path}' --from", f"'{path}' --from soon --consent x"):
            with pytest.raises(CommandIncomplete):
                await evening.type(f"/voice Pim {wrong}")
        assert evening.narrator.node.ledger.canon.head == before


async def test_of_what_is_looked_at_only_so_much_is_kept_the_newest_always(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narrator_app.reference_voices.PROPOSED", 4 * 2 * CLIP_RATE)
    async with open_desk(tmp_path) as evening:
        voices = evening.desk.voices
        for seat, seconds in ((1, 2.0), (2, 1.0), (1, 1.0), (3, 2.0), (4, 1.0), (5, 9.0)):
            voices.propose(seat, Proposal("me.wav", silence(seconds), 0.0, seconds))
            if seat == 4:
                assert [one for one in range(6) if voices.proposed(one)] == [1, 3, 4]
        assert [one for one in range(6) if voices.proposed(one)] == [5]


async def test_a_proposal_that_came_while_another_was_given_stays(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as evening:
        await evening.play("Pim")
        voices, first, second = evening.desk.voices, tone(200, 4), tone(300, 4)
        voices.propose(1, Proposal("first", first, 0.0, 4.0))
        voices.propose(1, Proposal("second", second, 0.0, 4.0))
        await voices.assign(1, first, consent=SPOKEN)
        assert voices.proposed(1) == Proposal("second", second, 0.0, 4.0)
        await voices.assign(1, second, consent=SPOKEN)
        assert voices.proposed(1) is None
