from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dwnet.store import Store, open_store
from dwnet.store_errors import DiskFull, StoreBroken, StoreLocked
from dwnet.store_reader import Peer
from protocol.entry import Entry
from protocol.errors import LocalError
from protocol.kinds import Narrated
from protocol.ledger import Ledger
from tests.kit.chain import Chain, Hand


@pytest.fixture(params=[True, False], ids=["thread", "no thread"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with open_store(tmp_path / "story.db", create=True, threaded=request.param) as store:
        yield store


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def mira(chain: Chain) -> Hand:
    return chain.join("Mira")


def reopened(store: Store) -> Store:
    store.close()
    return open_store(store.path, create=False)


async def test_what_was_committed_comes_back_unit_by_unit(store: Store, chain: Chain, mira: Hand) -> None:
    chain.beat("Night fell.", Mira="Who is there?")
    units = [unit for unit in chain.units if unit[0].kind != "line"]
    await store.commit(units[:3])
    await store.commit(units[3:])
    assert list(store.load()) == units
    with reopened(store) as again:
        assert list(again.load()) == units
        assert [again.entry(entry.id) for entry in chain.entries] == chain.entries
        assert again.count() == len(chain.entries)


async def test_a_stored_story_makes_the_same_ledger(store: Store, chain: Chain, mira: Hand) -> None:
    chain.beat("Night fell.", Mira="Who is there?")
    chain.narrate("Between us.", mira, audience=[mira])
    await store.commit(chain.units)
    told, loaded = Ledger(chain.tag, mira.seal), Ledger(chain.tag, mira.seal)
    for unit in chain.units:
        told.take(unit)
    loaded.load(store.load())
    assert list(loaded.story.path()) == list(told.story.path())
    assert len(list(loaded.story.path())) == 3


async def test_a_line_stored_before_its_accept_is_not_repeated(store: Store, chain: Chain, mira: Hand) -> None:
    chain.beat("Night fell.", Mira="Who is there?")
    await store.commit(chain.units)
    *before, last = chain.units
    assert list(store.load()) == [*before, last[:1]]


async def test_an_accept_and_what_it_accepts_are_stored_both_or_neither(store: Store, chain: Chain, mira: Hand) -> None:
    chain.narrate("Night fell.", mira)
    chain.cue(mira)
    line = mira.line("Who is there?")
    await store.commit([unit for unit in chain.units if unit != (line,)])
    before = store.count()
    accept = chain.accept(line)
    strange = Chain(seed=2).genesis
    with pytest.raises(LocalError):
        await store.commit([accept, (strange,)])
    assert store.count() == before
    await store.commit([accept])
    assert list(store.load())[-1] == accept


async def test_both_of_two_entries_at_one_place_can_be_stored(store: Store, chain: Chain, mira: Hand) -> None:
    first = mira.line("It was the butler.")
    second = mira.twin(Narrated("It was the gardener.", (), "say"))
    await store.commit([*chain.units, (second,)])
    assert {first.id, second.id} <= {entry.id for unit in store.load() for entry in unit}
    assert store.stretch(mira.public, mira.run, first.seq, first.seq) == [first, second]


async def test_what_is_known_is_not_stored_twice(store: Store, chain: Chain) -> None:
    await store.commit(chain.units)
    await store.commit(chain.units)
    assert list(store.load()) == chain.units


async def test_a_story_takes_no_entry_of_another(store: Store, chain: Chain) -> None:
    await store.commit(chain.units)
    other = Chain(seed=2)
    with pytest.raises(LocalError):
        await store.commit(other.units)
    assert list(store.load()) == chain.units
    assert store.meta() == {"tag": chain.tag.hex()}


def everything_in(store: Store) -> bytes:
    files = [one for one in store.path.parent.iterdir() if one.name.startswith(store.path.name)]
    return b"".join(one.read_bytes() for one in files if not one.name.endswith("-shm"))


async def test_a_redacted_body_is_in_none_of_the_files(store: Store, chain: Chain) -> None:
    for number in range(30):
        chain.narrate(f"Night {number}.")
    secret = chain.narrate("Her name was Ottilie. " * 300)
    small = chain.narrate("It was Leopold.")
    await store.commit(chain.units)
    assert b"Ottilie" in everything_in(store) and b"Leopold" in everything_in(store)
    for told in (secret, small):
        await store.redact(told.id, chain.redact(told))
    assert b"Ottilie" not in everything_in(store) and b"Leopold" not in everything_in(store)
    with reopened(store) as again:
        bare = again.entry(secret.id)
        assert bare is not None and bare.redacted and bare.header == secret.header
        assert [unit[0].kind for unit in again.load()][-2:] == ["redact", "redact"]
        await again.commit([(secret,)])
        assert again.entry(secret.id) == bare
        assert b"Ottilie" not in everything_in(again)


async def test_a_reader_delays_scrubbing_but_does_not_prevent_it(store: Store, chain: Chain) -> None:
    secret = chain.narrate("Her name was Ottilie.")
    for number in range(5):
        chain.narrate(f"Night {number}.")
    await store.commit(chain.units)
    reading = store.load()
    next(reading)
    await store.redact(secret.id, chain.redact(secret))
    assert b"Ottilie" in everything_in(store)
    reading.close()  # type: ignore[attr-defined]
    await store.set_meta(port="8000")
    assert b"Ottilie" not in everything_in(store)


async def test_callers_that_wait_together_share_one_transaction(tmp_path: Path, chain: Chain) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=False) as store:
        ran: list[str] = []
        await store.commit(chain.units)
        await store.write(lambda db: db.set_trace_callback(ran.append))
        ran.clear()
        async with trio.open_nursery() as nursery:
            for number in range(100):
                entry = chain.narrate(f"Night {number}.")
                nursery.start_soon(store.commit, [(entry,)])
        assert ran.count("COMMIT") == 1
        assert store.count() == 101


@pytest.mark.parametrize("threaded", [True, False])
async def test_many_callers_are_all_served_and_each_keeps_its_order(tmp_path: Path, threaded: bool) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=threaded) as store:

        def put(name: str, number: int) -> Callable[[sqlite3.Connection], object]:
            row = (f"{name} {number:02}", number)
            return lambda db: db.execute("INSERT INTO peers VALUES (?, '[]', ?, x'')", row)

        async def caller(name: str) -> None:
            for number in range(40):
                await store.write(put(name, number))

        async with trio.open_nursery() as nursery:
            for name in "abcdefgh":
                nursery.start_soon(caller, name)
        rows = store.query("SELECT member FROM peers ORDER BY rowid")
        for name in "abcdefgh":
            assert [row[0] for row in rows if row[0][0] == name] == [f"{name} {number:02}" for number in range(40)]


async def test_what_was_asked_for_first_is_stored_first(store: Store, chain: Chain) -> None:
    for number in range(40):
        chain.narrate(f"Word {number}.")
    asked: list[Entry] = []
    remaining = list(chain.units)

    async def caller() -> None:
        unit = remaining.pop(0)
        asked.append(unit[0])
        await store.commit([unit])

    async with trio.open_nursery() as nursery:
        for _ in chain.units:
            nursery.start_soon(caller)
    assert [unit[0] for unit in store.load()] == asked


async def test_work_that_fails_is_undone_alone(store: Store) -> None:
    def failing(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO meta VALUES ('half', 'done')")
        raise ValueError("a mistake in the caller's own work")

    async def fail() -> None:
        with pytest.raises(ValueError, match="own work"):
            await store.write(failing)
        with pytest.raises(sqlite3.IntegrityError):
            await store.write(lambda db: db.execute("INSERT INTO meta VALUES ('port', NULL)"))
        with pytest.raises(sqlite3.OperationalError):
            await store.write(lambda db: db.execute("INSERT INTO nowhere VALUES (1)"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fail)
        nursery.start_soon(lambda: store.set_meta(port="8000", agent="tests/1"))
    assert store.meta() == {"port": "8000", "agent": "tests/1"}


async def test_who_is_cancelled_while_it_is_written_finds_it_written(tmp_path: Path, chain: Chain) -> None:
    with open_store(tmp_path / "story.db", create=True) as store:
        await store.commit(chain.units)
        with trio.CancelScope() as scope:

            def work(db: sqlite3.Connection) -> None:
                trio.from_thread.run_sync(scope.cancel)
                db.execute("INSERT INTO meta VALUES ('port', '8000')")

            await store.write(work)
            await trio.lowlevel.checkpoint()
        assert scope.cancelled_caught
        assert store.meta()["port"] == "8000"


async def test_who_is_cancelled_while_waiting_in_line_is_served_too(tmp_path: Path, chain: Chain) -> None:
    with open_store(tmp_path / "story.db", create=True) as store:
        waits = trio.CancelScope()

        def cancel_who_waits(db: sqlite3.Connection) -> None:
            async def wait_for_line() -> None:
                nursery.start_soon(wait)
                await trio.testing.wait_all_tasks_blocked()
                waits.cancel()

            trio.from_thread.run(wait_for_line)

        async def wait() -> None:
            with waits:
                await store.commit(chain.units)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            await store.write(cancel_who_waits)
        assert waits.cancelled_caught
        assert list(store.load()) == chain.units
        await store.set_meta(port="8000")


async def test_who_is_cancelled_before_has_written_nothing(store: Store, chain: Chain) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await store.commit(chain.units)
    assert scope.cancelled_caught
    assert store.count() == 0
    await store.commit(chain.units)
    assert store.count() == 1


async def test_without_a_thread_virtual_time_stands_still(
    tmp_path: Path, chain: Chain, autojump_clock: trio.testing.MockClock
) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=False) as store:
        await store.commit(chain.units)
        assert trio.current_time() == 0


def spoil_commit(db: sqlite3.Connection) -> None:
    """Make the coming COMMIT fail, as a disk that dies would: SQLite checks deferred references only there."""
    db.execute("CREATE TABLE elsewhere (about INTEGER REFERENCES entries (position) DEFERRABLE INITIALLY DEFERRED)")
    db.execute("INSERT INTO elsewhere VALUES (-1)")


async def test_after_a_failed_commit_nothing_is_taken_until_opened_again(store: Store, chain: Chain) -> None:
    await store.commit(chain.units)
    late = chain.narrate("Night fell.")
    with pytest.raises(StoreBroken):
        await store.write(spoil_commit)
    with pytest.raises(StoreBroken):
        await store.commit([(late,)])
    assert list(store.load()) == chain.units[:1]
    with reopened(store) as again:
        await again.commit([(late,)])
        assert list(again.load()) == chain.units


async def test_everyone_in_a_failed_transaction_is_told(tmp_path: Path, chain: Chain) -> None:
    with open_store(tmp_path / "story.db", create=True, threaded=False) as store:
        told: list[str] = []

        async def commit(entry: Entry) -> None:
            try:
                await store.commit([(entry,)])
            except StoreBroken as error:
                told.append(error.what)

        async def spoil() -> None:
            with pytest.raises(StoreBroken):
                await store.write(spoil_commit)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(spoil)
            for _ in range(5):
                nursery.start_soon(commit, chain.narrate("Night fell."))
        assert len(told) == 5
        assert store.count() == 0


async def test_a_full_disk_loses_nothing_and_room_mends_it(store: Store, chain: Chain) -> None:
    await store.commit(chain.units)
    pages = store.query("PRAGMA page_count")[0][0]
    await store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 3}").fetchall())
    long = chain.narrate("The sea was loud. " * 600)
    longer = [(chain.narrate("And louder. " * 900),), (chain.narrate("And louder. " * 900),)]
    await store.commit([(long,)])
    with pytest.raises(DiskFull):
        await store.commit(longer)
    assert list(store.load()) == chain.units[:2]
    await store.write(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    await store.commit(longer)
    assert list(store.load()) == chain.units


async def test_another_program_that_writes_is_waited_for_then_named(store: Store, chain: Chain) -> None:
    await store.commit(chain.units)
    await store.write(lambda db: db.execute("SELECT 1"))
    await store.write(lambda db: db.execute("PRAGMA busy_timeout = 1").fetchall())
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked):
        await store.set_meta(port="8000")
    other.close()
    await store.set_meta(port="8001")
    assert store.meta()["port"] == "8001"


async def test_a_closed_store_takes_nothing(store: Store, chain: Chain) -> None:
    store.close()
    with pytest.raises(StoreBroken):
        await store.commit(chain.units)


async def test_the_address_book_keeps_each_members_last_word(store: Store, mira: Hand, chain: Chain) -> None:
    old = Peer(mira.public, ("ws://10.0.0.2:8001",), None, b"old")
    new = Peer(mira.public, ("ws://10.0.0.3:8001", "ws://[::1]:8001"), 1_767_283_200_000, b"new")
    other = Peer(chain.narrator.public, (), 1, b"")
    for peer in (old, other, new):
        await store.keep_peer(peer)
    assert store.peers() == [new, other]


async def test_the_first_proof_against_an_author_is_kept(store: Store, chain: Chain, mira: Hand) -> None:
    first = mira.line("It was the butler.")
    second, third = (mira.twin(Narrated(text, (), "say")) for text in ("No.", "Yes."))
    await store.keep_fork_proof(first, second)
    await store.keep_fork_proof(first, third)
    (proof,) = store.fork_proofs()
    assert (proof.first.id, proof.second.id) == (first.id, second.id)
    ledger = Ledger(chain.tag)
    for unit in chain.units[:-1]:
        ledger.take(unit)
    assert ledger.take_fork(proof.first, proof.second)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.text(max_size=200), max_size=12),
    cuts=st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_whatever_is_committed_comes_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cuts: list[int]
) -> None:
    chain = Chain()
    mira = chain.join("Mira")
    for number, text in enumerate(texts):
        if number % 3 == 2:
            chain.narrate(text, mira, audience=[mira])
        else:
            chain.beat(text or "Silence.", Mira=text)
    units = [unit for unit in chain.units if unit[0].kind != "line"]

    async def commit(path: Path) -> None:
        with open_store(path, create=True, threaded=False) as store:
            at = number = 0
            while at < len(units):
                step = cuts[number % len(cuts)]
                await store.commit(units[at : at + step])
                at, number = at + step, number + 1
            assert list(store.load()) == units
        with open_store(path, create=False) as store:
            assert list(store.load()) == units

    trio.run(commit, tmp_path_factory.mktemp("store") / "story.db")
