"""What a hint becomes, how names are said, where breath is taken."""

from __future__ import annotations

import numpy as np
import pytest

from dwnet.audio import Sound, concatenate, silence
from narrator_app.ear.contract import EarUnknown, parse_ear
from narrator_app.ear.phones import arpabet, phones
from narrator_app.ear.scene_words import WORDS, plain, scene_words, sentences_of, spelt
from narrator_app.ear.voice_activity import breaths, spoken_seconds
from tests.kit.spoken import RATE, roomy, spoken


def test_words_are_plain() -> None:
    assert plain("“Élodie’s LAMP—don't touch it!” 42 你好") == ["elodie's", "lamp", "don't", "touch", "it"]
    assert sentences_of("Who? Me!  “Yes.” he said\n\nDone") == ["Who?", "Me!", "“Yes.”", "he said", "Done"]


def test_a_scene_has_its_names_and_its_most_frequent_words() -> None:
    many = [
        f"the {'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}{'uvwxyzabcd'[n // 100 % 10]}" for n in range(3_000)
    ]
    scene = scene_words([*many, "the end"], ["Old Tock"])
    assert scene.vocabulary[:3] == ("old", "tock", "the")
    assert len(scene.vocabulary) <= WORDS
    assert ("the", "end") in scene.lines


def test_words_are_spelt_as_people_write_them() -> None:
    assert spelt("i said i'll go with old tock", ["Tock", "the Old"]) == "I said I'll go with Old Tock"
    assert spelt("", []) == ""


@pytest.mark.parametrize(("word", "said"), [("grimbold", "G R IH M B OW L D"), ("thought", "TH AO T")])
def test_names_are_said_by_the_recognisers_letters(word: str, said: str) -> None:
    assert phones(word) == said


def test_what_has_no_letter_is_left_out() -> None:
    assert arpabet("ˈtʃ™əl") == "CH AH L"
    assert phones("") == ""


def test_an_ear_is_written_as_engine_and_name() -> None:
    assert parse_ear("whisper:small.en", ("sphinx", "whisper")) == ("whisper", "small.en")
    for odd in ("", "sphinx", "ears:en", "whisper:", "sphinx: x", "whisper:a\nb"):
        with pytest.raises(EarUnknown, match="There is no ear"):
            parse_ear(odd, ("sphinx", "whisper"))


async def test_speech_is_told_from_silence_and_noise() -> None:
    said = await spoken("The old wizard walks slowly into the dark forest.")
    noise = np.random.default_rng(0).normal(size=3 * RATE) * 30
    assert spoken_seconds(said) > 1.5
    assert spoken_seconds(silence(3, RATE)) == 0
    assert spoken_seconds(Sound(noise.astype("<i2").tobytes(), RATE)) == 0


async def test_a_long_sound_is_cut_where_breath_is_taken() -> None:
    said = await spoken("The old wizard walks slowly into the dark forest.", pause=0.0)
    gap = silence(1.0, RATE)
    whole = roomy(concatenate([said, gap] * 6, RATE), 0.2)
    parts = breaths(whole, 3.0, 20.0)
    assert len(parts) == 6 + (parts[-1].seconds < 3)
    assert b"".join(one.pcm for one in parts)[: len(whole.pcm)] == whole.pcm
    assert all(one.seconds <= 1.05 for one in breaths(whole, 0.5, 1.0))
