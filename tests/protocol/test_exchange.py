from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import blobs, limits
from protocol.blobs import Manifest, blob_id, check_chunk, manifest_of
from protocol.effects import Send
from protocol.encoding import Value, decode
from protocol.errors import RemoteError
from protocol.exchange import (
    Begin,
    BlobEffect,
    Exchange,
    Failed,
    Finish,
    Keep,
    Misbehaved,
    ServeChunks,
    ServeManifest,
    WriteChunk,
)
from protocol.limits import CHUNK, FRAME

_reckoned_once = lru_cache(maxsize=8)(manifest_of)  # it is asked for with every chunk
MANY = 5 * CHUNK + 17
ANY_SIZE = limits.BLOB


def blob_of(size: int) -> tuple[bytes, bytes]:
    """No two chunks are alike."""
    data = b"".join(at.to_bytes(4, "big") for at in range(size // 4 + 1))[:size]
    return blob_id(manifest_of(data)), data


@dataclass
class Source:
    """A peer that serves: honest unless told otherwise."""

    held: dict[bytes, bytes]
    silent: bool = False
    lies: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, link: int, message: list[Value]) -> list[bytes]:
        (effect,) = Exchange().received(link, message, 0.0)
        assert isinstance(effect, ServeManifest | ServeChunks)
        self.asked.append(type(effect).__name__)
        if self.silent:
            return []
        data = self.held.get(effect.blob)
        if data is None:
            return [blobs.none(effect.blob)]
        manifest = _reckoned_once(data)
        if isinstance(effect, ServeManifest):
            answer = [blobs.meta(effect.blob, manifest, effect.first)]
            return answer + ([self._chunk(effect.blob, 0)] if manifest.chunks == 1 else [])
        return [self._chunk(effect.blob, index) for index in range(effect.first, effect.first + effect.count)]

    def _chunk(self, blob: bytes, index: int) -> bytes:
        data = self.held[blob][index * CHUNK : (index + 1) * CHUNK]
        return blobs.chunk(blob, index, b"?" * len(data) if self.lies else data)


@dataclass
class Fetcher:
    """A node that fetches: its exchange, its disk, and links that deliver in order."""

    sources: dict[int, Source]
    exchange: Exchange = field(default_factory=Exchange)
    now: float = 0.0
    begun: dict[bytes, tuple[Manifest, dict[int, bytes]]] = field(default_factory=dict)
    whole: dict[bytes, bytes] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    blamed: list[Misbehaved] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    round_trips: int = 0

    def want(self, blob: bytes, links: list[int], size: int = ANY_SIZE) -> None:
        self.run(self.exchange.want(blob, size, links, self.now))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.run(self.exchange.tick(self.now))

    def run(self, effects: list[BlobEffect]) -> None:
        while effects:
            messages = self._perform(effects)
            self.round_trips += bool(messages)
            effects = []
            for link, data in messages:
                assert len(data) <= FRAME
                value = decode(data, FRAME)
                assert isinstance(value, list)
                for answer in self.sources[link].answer(link, value):
                    effects += self.receive(link, answer)

    def receive(self, link: int, data: bytes) -> list[BlobEffect]:
        assert len(data) <= FRAME
        value = decode(data, FRAME)
        assert isinstance(value, list)
        if value[0] == blobs.BlobType.CHUNK:
            self.in_flight -= 1
        return self.exchange.received(link, value, self.now)

    def _perform(self, effects: list[BlobEffect]) -> list[tuple[int, bytes]]:
        messages: list[tuple[int, bytes]] = []
        for effect in effects:
            match effect:
                case Send(link=link, data=data):
                    messages.append((link, data))
                    value = decode(data, FRAME)
                    if isinstance(value, list) and value[0] == blobs.BlobType.GET and isinstance(value[3], int):
                        self.in_flight += value[3]
                        self.most_in_flight = max(self.most_in_flight, self.in_flight)
                case Begin(blob=blob, manifest=manifest):
                    held = self.begun.setdefault(blob, (manifest, {}))[1]
                    messages += self._perform(self.exchange.begun(blob, held, self.now))
                case WriteChunk(blob=blob, index=index, data=data):
                    manifest, held = self.begun[blob]
                    assert check_chunk(manifest, index, data) and index not in held
                    held[index] = data
                case Finish(blob=blob):
                    self.whole[blob] = b"".join(data for _, data in sorted(self.begun[blob][1].items()))
                case Keep(blob=blob, data=data):
                    self.whole[blob] = data
                case Failed():
                    self.failed.append(effect)
                case Misbehaved():
                    self.blamed.append(effect)
        return messages


def test_a_blob_of_one_chunk_is_one_round_trip() -> None:
    blob, data = blob_of(20_000)
    fetcher = Fetcher({1: Source({blob: data})})
    fetcher.want(blob, [1])
    assert fetcher.whole == {blob: data}
    assert fetcher.sources[1].asked == ["ServeManifest"] and fetcher.round_trips == 1


def test_a_blob_with_more_leaves_than_a_message_holds_arrives_whole() -> None:
    blob, data = blob_of((limits.BLOB_LEAVES + 3) * CHUNK + 1)
    fetcher = Fetcher({1: Source({blob: data})})
    fetcher.want(blob, [1])
    assert fetcher.whole[blob] == data
    assert fetcher.sources[1].asked[:3] == ["ServeManifest", "ServeManifest", "ServeChunks"]


def test_no_more_is_asked_for_than_the_window() -> None:
    blob, data = blob_of(40 * CHUNK)
    fetcher = Fetcher({1: Source({blob: data})})
    fetcher.want(blob, [1])
    assert fetcher.whole[blob] == data
    assert fetcher.most_in_flight == limits.BLOB_WINDOW


def test_what_an_earlier_try_left_on_the_disk_is_not_asked_for_again() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({blob: data})})
    fetcher.begun[blob] = manifest_of(data), {at: data[at * CHUNK : (at + 1) * CHUNK] for at in (0, 2, 3, 5)}
    fetcher.want(blob, [1])
    assert fetcher.whole[blob] == data
    fetcher = Fetcher({1: Source({blob: data})}, begun=fetcher.begun)
    fetcher.want(blob, [1])
    assert fetcher.whole[blob] == data
    assert fetcher.sources[1].asked == ["ServeManifest"]


def test_a_source_that_lacks_it_is_followed_by_one_that_has_it() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({}), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    assert fetcher.whole[blob] == data and not fetcher.blamed


def test_where_nobody_has_it_the_want_fails_and_says_why() -> None:
    blob, _ = blob_of(5)
    fetcher = Fetcher({1: Source({}), 2: Source({})})
    fetcher.want(blob, [1, 2])
    assert fetcher.failed == [Failed(blob, "it is not there")]
    fetcher.want(blob, [])
    assert fetcher.failed[1:] == [Failed(blob, "nobody to ask")]


def test_a_failed_want_can_be_wanted_again() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({}), 2: Source({blob: data})})
    fetcher.want(blob, [1])
    fetcher.want(blob, [1, 2])
    assert fetcher.whole[blob] == data


@pytest.mark.parametrize("size", [100, MANY])
def test_a_silent_source_is_left_after_a_while(size: int) -> None:
    blob, data = blob_of(size)
    fetcher = Fetcher({1: Source({blob: data}, silent=True), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    fetcher.wait(limits.BLOB_SECONDS - 1)
    assert not fetcher.whole and not fetcher.sources[2].asked
    fetcher.wait(1)
    assert fetcher.whole[blob] == data


def test_a_source_that_falls_silent_midway_is_left_and_what_it_sent_is_kept() -> None:
    blob, data = blob_of(30 * CHUNK)
    first, second = Source({blob: data}), Source({blob: data})
    fetcher = Fetcher({1: first, 2: second})
    effects = fetcher.exchange.want(blob, ANY_SIZE, [1, 2], 0.0)
    for _ in range(4):
        messages, effects = fetcher._perform(effects), []
        for link, sent in messages:
            value = decode(sent, FRAME)
            assert isinstance(value, list)
            for answer in fetcher.sources[link].answer(link, value):
                effects += fetcher.receive(link, answer)
    fetcher._perform(effects)
    kept = len(fetcher.begun[blob][1])
    assert 0 < kept < 30
    fetcher.wait(limits.BLOB_SECONDS)
    assert fetcher.whole[blob] == data
    assert len(second.asked) <= -(-(30 - kept) // 2) + 1


def test_a_lost_link_is_replaced_at_once() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({blob: data}, silent=True), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    fetcher.run(fetcher.exchange.link_down(1, 0.0))
    assert fetcher.whole[blob] == data


def test_a_lost_link_is_not_asked_later() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({blob: data}, silent=True), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    fetcher.run(fetcher.exchange.link_down(2, 0.0))
    fetcher.wait(limits.BLOB_SECONDS)
    assert not fetcher.sources[2].asked and [one.blob for one in fetcher.failed] == [blob]


@pytest.mark.parametrize("size", [100, MANY])
def test_whoever_sends_wrong_bytes_is_named_and_nothing_of_them_is_written(size: int) -> None:
    blob, data = blob_of(size)
    fetcher = Fetcher({1: Source({blob: data}, lies=True), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    assert fetcher.whole[blob] == data
    assert {one.link for one in fetcher.blamed} == {1}


def test_no_chunk_is_taken_under_a_manifest_of_another_blob() -> None:
    blob, data = blob_of(MANY)
    _, other = blob_of(MANY + 1)
    fetcher = Fetcher({1: Source({blob: other}), 2: Source({blob: data})})
    fetcher.want(blob, [1, 2])
    assert fetcher.whole[blob] == data
    assert fetcher.sources[1].asked == ["ServeManifest"]
    assert fetcher.blamed == [Misbehaved(1, "a manifest of another blob")]


def test_a_page_that_is_not_full_is_refused() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({}, silent=True)})
    fetcher.want(blob, [1])
    manifest = manifest_of(data)
    fetcher.run(fetcher.receive(1, blobs.meta(blob, manifest._replace(leaves=manifest.leaves[:-32]), 0)))
    assert [one.link for one in fetcher.blamed] == [1]


def test_what_is_larger_than_allowed_is_not_fetched() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({blob: data})})
    fetcher.want(blob, [1], size=MANY - 1)
    assert not fetcher.begun and not fetcher.whole and not fetcher.blamed
    assert [one.blob for one in fetcher.failed] == [blob]
    fetcher.want(blob, [1], size=MANY)
    assert fetcher.whole[blob] == data


def test_a_good_chunk_that_comes_late_from_a_former_source_is_used() -> None:
    blob, data = blob_of(6 * CHUNK)
    slow, silent = Source({blob: data}), Source({blob: data}, silent=True)
    fetcher = Fetcher({1: slow, 2: silent})
    slow_answers = [blobs.chunk(blob, at, data[at * CHUNK : (at + 1) * CHUNK]) for at in range(6)]
    effects = fetcher.exchange.want(blob, ANY_SIZE, [1, 2], 0.0)
    fetcher._perform(effects)
    effects = fetcher.receive(1, blobs.meta(blob, manifest_of(data), 0))
    fetcher._perform(effects)
    fetcher.wait(limits.BLOB_SECONDS)
    for answer in slow_answers:
        fetcher.run(fetcher.receive(1, answer))
    assert fetcher.whole[blob] == data and not fetcher.blamed


def test_what_nobody_asked_for_is_ignored() -> None:
    blob, data = blob_of(MANY)
    exchange = Exchange()
    manifest = manifest_of(data)
    for sent in (blobs.meta(blob, manifest, 0), blobs.chunk(blob, 0, data[:CHUNK]), blobs.none(blob)):
        value = decode(sent, FRAME)
        assert isinstance(value, list) and exchange.received(1, value, 0.0) == []
        fetcher = Fetcher({1: Source({}, silent=True)})
        fetcher.want(blob, [1])
        assert fetcher.receive(2, sent) == []


def test_a_bounded_number_is_fetched_at_a_time_and_the_rest_follow() -> None:
    wanted = [blob_of(size) for size in range(1, 41)]
    silent = Source(dict(wanted), silent=True)
    fetcher = Fetcher({1: silent})
    for blob, _ in wanted:
        fetcher.want(blob, [1])
    assert len(silent.asked) == limits.BLOB_FETCHES
    silent.silent = False
    for _ in range(3):
        fetcher.wait(limits.BLOB_SECONDS)
    assert set(fetcher.whole) | {one.blob for one in fetcher.failed} == {blob for blob, _ in wanted}
    assert len(fetcher.whole) == 40 - limits.BLOB_FETCHES


def test_a_bounded_number_may_wait() -> None:
    exchange = Exchange()
    effects: list[BlobEffect] = []
    for number in range(limits.BLOBS_WANTED + limits.BLOB_FETCHES + 5):
        effects += exchange.want(number.to_bytes(32, "big"), 10, [1], 0.0)
    assert sum(isinstance(one, Failed) for one in effects) == 5


def test_a_blob_that_is_not_wanted_any_more_makes_room() -> None:
    wanted = [blob_of(size)[0] for size in range(1, limits.BLOB_FETCHES + 2)]
    exchange = Exchange()
    asked = [effect for blob in wanted for effect in exchange.want(blob, ANY_SIZE, [1], 0.0)]
    assert len(asked) == limits.BLOB_FETCHES
    (sent,) = exchange.drop(wanted[0], 0.0)
    assert isinstance(sent, Send) and wanted[-1] in sent.data


def test_wanting_twice_asks_once_and_remembers_the_new_source() -> None:
    blob, data = blob_of(MANY)
    fetcher = Fetcher({1: Source({blob: data}, silent=True), 2: Source({blob: data})})
    fetcher.want(blob, [1])
    fetcher.want(blob, [1, 2])
    assert fetcher.sources[1].asked == ["ServeManifest"] and not fetcher.sources[2].asked
    fetcher.wait(limits.BLOB_SECONDS)
    assert fetcher.whole[blob] == data


@pytest.mark.parametrize(
    "message",
    [
        [40, b"short", 0],
        [40, bytes(32)],
        [40, bytes(32), 0, 0],
        [42, bytes(32), 0, 0],
        [42, bytes(32), 0, limits.BLOB_WINDOW + 1],
        [42, bytes(32), 2**40, 1],
        [43, bytes(32), 0, b""],
        [43, bytes(32), 0, bytes(CHUNK + 1)],
        [41, bytes(32), 0, 0, b""],
        [41, bytes(32), 5, 0, bytes(32 * (limits.BLOB_LEAVES + 1))],
        [44, 5],
        [45, bytes(32)],
    ],
    ids=str,
)
def test_what_no_honest_node_says_is_refused(message: list[Value]) -> None:
    with pytest.raises(RemoteError):
        Exchange().received(1, message, 0.0)


@given(st.data())
def test_with_one_honest_source_among_any_others_the_blob_arrives(data: st.DataObject) -> None:
    blob, content = blob_of(data.draw(st.sampled_from([1, CHUNK, MANY, 12 * CHUNK + 1])))
    kinds = data.draw(st.lists(st.sampled_from(["silent", "liar", "lacks", "other"]), max_size=4))
    kinds.insert(data.draw(st.integers(0, len(kinds))), "honest")
    sources = {
        link: Source({} if kind == "lacks" else {blob: content + (b"!" if kind == "other" else b"")})
        for link, kind in enumerate(kinds)
    }
    for link, kind in enumerate(kinds):
        sources[link].silent, sources[link].lies = kind == "silent", kind == "liar"
    fetcher = Fetcher(sources)
    fetcher.want(blob, list(sources))
    for _ in kinds:
        fetcher.wait(limits.BLOB_SECONDS)
    assert fetcher.whole == {blob: content} and not fetcher.failed
    assert {kinds[one.link] for one in fetcher.blamed} <= {"liar", "other"}
