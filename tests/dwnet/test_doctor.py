from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
import trio

from dwnet import keyring, lock
from dwnet.doctor import Finding, examine
from dwnet.errors import NodeError
from dwnet.settings import Settings, narrator_settings, prepare


class NoVoice(NodeError):
    """There is no voice {name}.

    Install one.
    """


def settings(root: Path, port: int = 0) -> Settings:
    return narrator_settings({"data": root, "listen": f"127.0.0.1:{port}"}, {})


async def findings(told: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in await examine(told)}


async def test_a_machine_before_its_first_start_is_well_and_left_untouched(tmp_path: Path) -> None:
    found = await findings(settings(tmp_path / "root"))
    assert set(found) == {"python", "machine", "folder", "disk", "port", "keys", "database"}
    assert [finding for finding in found.values() if not finding.ok] == []
    assert not (tmp_path / "root").exists()


async def test_a_used_root_is_well(tmp_path: Path) -> None:
    told = settings(tmp_path)
    prepare(told)
    keyring.load_or_make(keyring.key_file(told.keys, "member"))
    with sqlite3.connect(told.database) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE entries (id BLOB)")
    database.close()
    found = await findings(told)
    assert [finding for finding in found.values() if not finding.ok] == []
    assert "1 whole" in found["keys"].what


async def test_every_trouble_has_a_remedy(tmp_path: Path) -> None:
    told = settings(tmp_path)
    prepare(told)
    keyring.load_or_make(keyring.key_file(told.keys, "member"))
    (told.keys / "member.key").chmod(0o644)
    told.database.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = await findings(settings(tmp_path, taken.getsockname()[1]))
    ill = {name: finding for name, finding in found.items() if not finding.ok}
    assert set(ill) == {"port", "keys", "database"}
    assert all(finding.remedy for finding in ill.values())
    assert told.database.read_bytes().startswith(b"SQLite format 3\0rubbish")


async def test_a_root_below_a_file_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = await findings(settings(tmp_path / "file" / "root"))
    assert not found["folder"].ok
    assert str(tmp_path / "file") in found["folder"].what


async def test_a_port_the_running_node_has_is_no_trouble(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, lock.writing(tmp_path):
        found = await findings(settings(tmp_path, taken.getsockname()[1]))
    assert found["port"].ok
    assert "running" in found["port"].what


async def test_engines_speak_for_themselves(tmp_path: Path) -> None:
    async def well() -> Finding:
        await trio.lowlevel.checkpoint()
        return Finding("writer", True, "Ready.")

    async def ill() -> Finding:
        await trio.lowlevel.checkpoint()
        raise NoVoice(name="Mira")

    found = await examine(settings(tmp_path), [("writer", well), ("voice", ill)])
    assert found[-2:] == [
        Finding("writer", True, "Ready."),
        Finding("voice", False, "There is no voice Mira.", "Install one."),
    ]


@pytest.mark.parametrize("size", [100, 4096, 5000])
async def test_a_database_cut_short_is_never_well(tmp_path: Path, size: int) -> None:
    told = settings(tmp_path)
    with sqlite3.connect(told.database) as database:
        database.execute("CREATE TABLE entries (id BLOB)")
        database.executemany("INSERT INTO entries VALUES (?)", [(b"x" * 1000,)] * 20)
    database.close()
    with told.database.open("rb+") as file:
        file.truncate(size)
    assert not (await findings(told))["database"].ok
