"""An old copy of the narrator's folder is put back and started: nothing told is lost, nothing forked."""

from __future__ import annotations

import shutil

from tests.kit.hive import Hive, Program, port_of

FIRST, SECOND, THIRD = "The first evening.", "The second evening.", "The third evening."


def two_evenings(hive: Hive, *names: str) -> tuple[int, list[tuple[str, str]]]:
    """Tell an evening, copy the narrator's folder, tell another, put the copy back. Nobody runs then.

    The port everybody knows, and the story as it was told.
    """
    narrator = hive.narrate()
    port = port_of(narrator)
    peers = hive.join(narrator, *names)
    mark = narrator.type(FIRST)
    for name in names:
        hive.answer(narrator, name, mark)
    assert narrator.leave() == 0
    shutil.copytree(hive.folder("narrator"), hive.root / "backup")

    narrator = hive.narrate(listen=f"127.0.0.1:{port}")
    for name in names:
        narrator.wait("status", member=name, status="Online_Responsive")
    mark = narrator.type(SECOND)
    for name in names:
        hive.answer(narrator, name, mark)
    told = hive.story()
    assert len(told) == 2 + 2 * len(names), narrator.report()
    assert narrator.leave() == 0
    for peer in peers.values():
        assert peer.stop() == 0
    shutil.rmtree(hive.folder("narrator"))
    shutil.copytree(hive.root / "backup", hive.folder("narrator"))
    return port, told


def restored(hive: Hive, port: int) -> Program:
    return hive.narrate(listen=f"127.0.0.1:{port}")


def test_with_all_peers_there_the_lost_evening_joins_by_itself(quick: Hive) -> None:
    port, told = two_evenings(quick, "Pim", "Tock")
    narrator = restored(quick, port)
    peers = {name: quick.peer(name) for name in ("Pim", "Tock")}
    narrator.wait("notice", what=lambda what: "joined again" in what)
    assert quick.story() == told
    for name in peers:
        narrator.wait("status", member=name, status="Online_Responsive")
    mark = narrator.type(THIRD)
    for name in peers:
        quick.answer(narrator, name, mark)
    assert quick.story()[: len(told)] == told and ("Narrator", THIRD) in quick.story()
    assert narrator.leave() == 0
    for name in ("narrator", *peers):
        assert quick.whole(name) and not quick.forked(name)
    assert quick.story("Pim") == quick.story("Tock") == quick.story()


def test_with_one_stale_and_one_good_peer_it_joins_when_the_good_one_comes(quick: Hive) -> None:
    port, told = two_evenings(quick, "Pim", "Tock")
    # Tock's folder is of the first evening too: it knows nothing of the second.
    narrator = restored(quick, port)
    pim = quick.peer("Pim")
    narrator.wait("notice", what=lambda what: "joined again" in what)
    assert quick.story() == told
    pim.wait("joined")
    assert narrator.leave() == 0
    assert quick.whole() and not quick.forked()


def test_with_no_peer_the_story_goes_on_and_the_lost_evening_waits_to_be_adopted(quick: Hive) -> None:
    port, told = two_evenings(quick, "Pim")
    narrator = restored(quick, port)
    mark = narrator.type(THIRD)
    narrator.wait("narrated", mark)
    assert ("Narrator", SECOND) not in quick.story()

    pim = quick.peer("Pim")
    pim.wait("joined")
    narrator.wait("branch")
    narrator.wait("notice", what=lambda what: "/adopt" in what)
    assert ("Narrator", THIRD) in quick.story() and ("Narrator", SECOND) not in quick.story()
    narrator.type("/adopt")
    narrator.wait("notice", what=lambda what: "joined to the story" in what)
    assert {SECOND, THIRD} <= {text for _, text in quick.story()}
    assert set(told) <= set(quick.story())
    assert narrator.leave() == 0
    for name in ("narrator", "Pim"):
        assert quick.whole(name) and not quick.forked(name)
    assert pim.stop() == 0
    assert quick.story("Pim") == quick.story()


def test_a_set_aside_evening_can_still_be_adopted_after_a_restart(quick: Hive) -> None:
    port, _ = two_evenings(quick, "Pim")
    narrator = restored(quick, port)
    narrator.wait("narrated", narrator.type(THIRD))
    quick.peer("Pim")
    narrator.wait("branch")
    assert narrator.leave() == 0
    narrator = restored(quick, port)
    assert ("Narrator", SECOND) not in quick.story()
    narrator.type("/adopt")
    narrator.wait("notice", what=lambda what: "joined to the story" in what)
    assert ("Narrator", SECOND) in quick.story()


def test_an_old_database_beside_newer_keys_is_found_out_before_anybody_connects(quick: Hive) -> None:
    port, _ = two_evenings(quick, "Pim")
    # Only the database was put back: the mark beside the keys is of the second evening.
    narrator = restored(quick, port)
    narrator.wait("narrated", narrator.type("A word more, so that the mark is ahead of the copy."))
    assert narrator.leave() == 0
    for suffix in ("", "-wal", "-shm"):
        (quick.folder("narrator") / f"dream_weaver.db{suffix}").unlink(missing_ok=True)
    shutil.copy(quick.root / "backup" / "dream_weaver.db", quick.folder("narrator") / "dream_weaver.db")
    narrator = restored(quick, port)
    narrator.wait("notice", what=lambda what: "older" in what)


def test_an_old_invite_is_not_granted_again_by_a_restored_narrator(quick: Hive) -> None:
    narrator = quick.narrate()
    port = port_of(narrator)
    (code,) = quick.cast(narrator, "Pim").values()
    assert narrator.leave() == 0
    shutil.copytree(quick.folder("narrator"), quick.root / "backup")
    narrator = restored(quick, port)
    pim = quick.peer("Pim", code)
    pim.wait("joined")
    narrator.wait("joined")
    assert pim.stop() == 0 and narrator.leave() == 0
    shutil.copy(quick.root / "backup" / "dream_weaver.db", quick.folder("narrator") / "dream_weaver.db")
    for suffix in ("-wal", "-shm"):
        (quick.folder("narrator") / f"dream_weaver.db{suffix}").unlink(missing_ok=True)

    narrator = restored(quick, port)
    thief = quick.peer("thief", code)
    assert thief.ended() == 3
    assert "older copy" in thief.saw("error")[0]["what"]


def test_two_live_copies_of_one_story_and_the_later_stops_and_says_why(quick: Hive) -> None:
    narrator = quick.narrate()
    quick.join(narrator, "Pim")
    quick.answer(narrator, "Pim", narrator.type(FIRST))
    shutil.copytree(quick.folder("narrator"), quick.folder("copy"), ignore=shutil.ignore_patterns("writing.lock"))
    copy = quick.narrate("copy")
    assert copy.ended() == 3, copy.report()
    assert "another machine" in copy.saw("error")[0]["what"]
    quick.answer(narrator, "Pim", narrator.type(SECOND))
    assert quick.whole() and not quick.forked()
