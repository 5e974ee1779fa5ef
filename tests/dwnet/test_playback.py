from __future__ import annotations

import subprocess
import sys
from array import array

import pytest
import trio
import trio.testing

from dwnet.audio import CLIP_RATE, Sound, silence
from dwnet.playback import QUEUE, NoAudioDevice, Player, TooManySounds, open_player
from tests.kit.sounds import tone

HERE = "null"  # miniaudio's device that takes samples in real time and lets nobody hear them


async def test_a_sound_is_reported_when_it_was_heard_in_full() -> None:
    async with open_player(HERE) as player:
        assert player.why_silent is None
        assert await player.play(tone(440, 0.3)) == pytest.approx(0.3)
        assert player.heard_seconds == pytest.approx(0.3)


async def test_a_sound_of_another_rate_is_heard_too() -> None:
    async with open_player(HERE) as player:
        assert await player.play(tone(440, 0.1, rate=16_000)) == pytest.approx(0.1, abs=0.001)


async def test_queued_sounds_follow_each_other_in_order_and_without_a_gap() -> None:
    player = Player()  # stands in for the device itself: asks for samples as the device's thread does
    sounds = [Sound(bytes([number, 1]) * 700, CLIP_RATE) for number in range(1, 6)]
    for sound in sounds:
        player.queue(sound)
    taken = b"".join(player._take(960) for _ in range(5))
    assert taken[: 5 * 1400] == b"".join(sound.pcm for sound in sounds)
    assert not any(taken[5 * 1400 :])


async def test_a_softer_player_is_softer_and_takes_the_same_time() -> None:
    player = Player()
    samples = array("h", [1000, -1000, 20_000, -32_768] * 120)
    for loudness, expected in ((0.5, [500, -500, 10_000, -16_384]), (0.0, [0, 0, 0, 0])):
        player.loudness = loudness
        player.queue(Sound(samples.tobytes(), CLIP_RATE))
        assert array("h", player._take(480)).tolist() == expected * 120
        assert player.seconds_left() < 0.2


async def test_hush_ends_every_wait_and_the_player_plays_on_afterwards() -> None:
    heard: list[float] = []

    async def listen(player: Player) -> None:
        heard.append(await player.play(tone(440, 20)))

    async with open_player(HERE) as player:
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(listen, player)
                while player.heard_seconds == 0:
                    await trio.lowlevel.checkpoint()
                player.hush()
            assert len(heard) == 3 and 0 < sum(heard) < 10
            assert player.heard_seconds == pytest.approx(sum(heard))
            assert await player.play(tone(440, 0.1)) == pytest.approx(0.1)


async def test_a_cancelled_wait_takes_its_sound_out_and_the_next_moves_up() -> None:
    async with open_player(HERE) as player:
        with trio.fail_after(60):
            waiting = player.queue(tone(440, 20))
            following = player.queue(tone(440, 0.1))
            with trio.move_on_after(0.05) as scope:
                await waiting.heard()
            assert scope.cancelled_caught
            assert await following.heard() == pytest.approx(0.1)


async def test_closing_the_player_ends_what_still_sounds() -> None:
    with trio.fail_after(60):
        async with open_player(HERE) as player:
            playing = player.queue(tone(440, 20))
        assert await playing.heard() < 10


async def test_an_empty_sound_is_over_at_once() -> None:
    async with open_player(HERE) as player:
        assert await player.play(silence(0)) == 0


async def test_the_queue_is_bounded() -> None:
    player = Player()
    for _ in range(QUEUE):
        player.queue(tone(440, 0.01))
    with pytest.raises(TooManySounds):
        player.queue(tone(440, 0.01))


@pytest.mark.skipif(sys.platform == "darwin", reason="coreaudio is the backend that must be missing")
async def test_without_a_device_the_player_says_so_and_every_sound_counts_as_heard() -> None:
    async with open_player("coreaudio") as player:
        assert isinstance(player.why_silent, NoAudioDevice)
        assert "no audio device" in str(player.why_silent)
        with trio.fail_after(60):
            assert await player.play(tone(440, 60)) == pytest.approx(60)
        assert player.heard_seconds == pytest.approx(60)


async def test_a_device_that_stops_asking_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    player = Player()
    assert await player.play(tone(440, 1)) == 0
    assert player.why_silent is not None and "stopped" in str(player.why_silent)
    assert await player.play(tone(440, 1)) == 1


def test_looking_for_a_device_writes_nothing_to_the_terminal() -> None:
    code = "import trio; from dwnet.playback import open_player; trio.run(open_player().__aenter__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"", b"")
