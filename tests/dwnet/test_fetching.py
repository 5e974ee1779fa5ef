from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import trio

from dwnet.fetching import ATTEMPTS, NoRoomToFetch, NotFetched, amount, fetch, megabytes
from tests.kit.file_server import Behaviour, serving

DATA = bytes(range(256)) * 2_000
MOST = 10_000_000


async def get(behaviour: Behaviour, path: Path, **options: Any) -> None:
    with serving(behaviour) as url:
        await fetch(url, path, **{"most": MOST, **options})


async def test_a_file_comes_whole_and_is_told_of_as_it_comes(tmp_path: Path) -> None:
    path, begun, came = tmp_path / "new folder" / "client.tar.gz", list[int](), list[tuple[int, int]]()
    await get(Behaviour(DATA), path, begun=begun.append, came=lambda have, total: came.append((have, total)))
    assert path.read_bytes() == DATA
    assert begun == [len(DATA)] and came[-1] == (len(DATA), len(DATA)) and sorted(came) == came
    assert list(path.parent.iterdir()) == [path]


async def test_a_connection_that_is_cut_goes_on_where_it_ended(tmp_path: Path) -> None:
    behaviour, begun = Behaviour(DATA, cuts=[100_000, 50_000]), list[int]()
    await get(behaviour, tmp_path / "file", begun=begun.append)
    assert (tmp_path / "file").read_bytes() == DATA
    assert behaviour.asked == ["", "bytes=100000-", "bytes=150000-"] and begun == [len(DATA)]


async def test_what_an_earlier_try_left_is_not_asked_for_again(tmp_path: Path) -> None:
    behaviour = Behaviour(DATA, cuts=[1000, *[0] * ATTEMPTS])
    with pytest.raises(NotFetched, match="broke off"):
        await get(behaviour, tmp_path / "file")
    assert (tmp_path / "file.part").read_bytes() == DATA[:1000] and not (tmp_path / "file").exists()
    again = Behaviour(DATA)
    await get(again, tmp_path / "file")
    assert again.asked == ["bytes=1000-"] and (tmp_path / "file").read_bytes() == DATA


async def test_a_line_that_is_always_cut_is_given_up_at_last(tmp_path: Path) -> None:
    with pytest.raises(NotFetched, match=f"{ATTEMPTS} times"):
        await get(Behaviour(DATA, cuts=[10] * 50), tmp_path / "file")


async def test_a_server_that_gives_no_parts_gives_it_from_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"another beginning")
    await get(Behaviour(DATA, ranges=False), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


async def test_a_part_that_was_whole_already_only_gets_its_name(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(DATA)
    await get(Behaviour(DATA), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


async def test_a_part_longer_than_the_file_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(DATA + b"more")
    with pytest.raises(NotFetched, match="changed there"):
        await get(Behaviour(DATA), tmp_path / "file")
    await get(Behaviour(DATA), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Behaviour(b"gone", status=404), "404 Not Found"),
        (Behaviour(b"busy", status=503), "503"),
        (Behaviour(b""), "cannot be it"),
        (Behaviour(DATA, length=MOST + 1), "cannot be it"),
        (Behaviour(DATA, says_length=False), "cannot be it"),
        (Behaviour(DATA, silent=True), "nothing came for 0.2 seconds"),
        (Behaviour(DATA, cuts=[0]), "broke off"),
        (Behaviour(DATA, length=len(DATA) + 5), "512000 bytes came instead of 512005"),
    ],
)
async def test_what_cannot_be_had_is_said_and_leaves_nothing_under_its_name(
    tmp_path: Path, behaviour: Behaviour, why: str
) -> None:
    with pytest.raises(NotFetched) as caught:
        await get(behaviour, tmp_path / "file", patience=0.2 if behaviour.silent else 10.0)
    assert why in caught.value.what and "127.0.0.1" in caught.value.what and caught.value.hint
    assert not (tmp_path / "file").exists()


async def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NotFetched, match="cannot be reached"):
        await fetch(f"http://127.0.0.1:{port}/file", tmp_path / "file", most=MOST)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/file", "http://[", "nonsense"])
async def test_what_is_no_address_is_said(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotFetched, match="no address"):
        await fetch(url, tmp_path / "file", most=MOST)


class NoAnswer(trio.abc.HostnameResolver):
    """A resolver whose server is silent."""

    async def getaddrinfo(self, *_: object, **__: object) -> Any:
        await trio.sleep_forever()

    async def getnameinfo(self, *_: object, **__: object) -> Any:
        await trio.sleep_forever()


async def test_a_name_that_is_looked_up_for_ever_does_not_keep_anybody(tmp_path: Path) -> None:
    trio.socket.set_custom_hostname_resolver(NoAnswer())
    with pytest.raises(NotFetched, match="nothing came"):
        await fetch("http://far.example/file", tmp_path / "file", most=MOST, patience=0.05)


async def test_an_answer_from_elsewhere_is_followed(tmp_path: Path) -> None:
    with serving(Behaviour(DATA)) as there:
        await get(Behaviour(b"", elsewhere=there), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


async def test_a_disk_without_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=len(DATA) * 4))
    with pytest.raises(NoRoomToFetch) as caught:
        await get(Behaviour(DATA), tmp_path / "file", room=5, begun=begun.append)
    assert "2.6 MB are needed" in caught.value.what
    assert begun == [] and list(tmp_path.iterdir()) == []
    await get(Behaviour(DATA), tmp_path / "file", room=4)


async def test_who_gives_up_waiting_keeps_what_came(tmp_path: Path) -> None:
    with trio.CancelScope() as patience:
        await get(Behaviour(DATA), tmp_path / "file", came=lambda have, total: patience.cancel())
    assert patience.cancelled_caught and not (tmp_path / "file").exists()
    part = (tmp_path / "file.part").read_bytes()
    assert part and DATA.startswith(part)


def test_sizes_are_said_as_people_say_them() -> None:
    assert [megabytes(one) for one in (0, 1_500_000, 23_400_000)] == ["0.0", "1.5", "23"]
    said = [amount(one) for one in (0, 386_000_000, 999_400_000, 999_600_000, 7_477_000_000, 21_988_000_000)]
    assert said == ["0.0 MB", "386 MB", "999 MB", "1.0 GB", "7.5 GB", "22 GB"]
