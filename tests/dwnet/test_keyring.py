from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet import keyring


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = keyring.key_file(tmp_path / "keys", "member")
    made = keyring.load_or_make(path)
    assert len(made) == 32
    assert keyring.load_or_make(path, draw=lambda size: b"x" * size) == made
    assert keyring.load(path) == made
    assert os.listdir(path.parent) == ["member.key"]


def test_purposes_have_keys_of_their_own(tmp_path: Path) -> None:
    keys = [keyring.load_or_make(keyring.key_file(tmp_path, purpose)) for purpose in ("member", "sealing")]
    assert keys[0] != keys[1]


def test_no_key_is_none_and_makes_nothing(tmp_path: Path) -> None:
    assert keyring.load(tmp_path / "keys" / "member.key") is None
    assert not (tmp_path / "keys").exists()


def test_a_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    keyring.load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    keyring.load_or_make(path)
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(keyring.KeyOpenToOthers, match=f"{mode:04o}") as refused:
            keyring.load_or_make(path)
        assert "chmod 600" in refused.value.hint


@given(st.binary(max_size=64).filter(lambda kept: len(kept) != 32))
def test_a_file_of_another_size_is_refused_and_left_alone(kept: bytes) -> None:
    path = Path("member.key")
    path.write_bytes(kept)
    path.chmod(0o600)
    with pytest.raises(keyring.KeyDamaged, match=f"{len(kept)} bytes"):
        keyring.load_or_make(path)
    assert path.read_bytes() == kept


def test_a_key_that_cannot_be_read_is_never_no_key(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    path.mkdir()
    with pytest.raises(keyring.KeyUnreadable, match=r"member\.key"):
        keyring.load_or_make(path)


def test_a_key_that_cannot_be_kept_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(keyring.KeyUnreadable):
        keyring.load_or_make(tmp_path / "file" / "member.key")
    with pytest.raises(keyring.KeyNotKept):
        keyring.load_or_make(Path("/proc/nowhere/member.key"))


def test_a_draft_left_by_a_crash_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    (tmp_path / "member.key.abc.new").write_bytes(b"half")
    assert len(keyring.load_or_make(path)) == 32


def test_another_process_that_was_first_wins(tmp_path: Path) -> None:
    path = tmp_path / "member.key"

    def draw_slowly(size: int) -> bytes:
        keyring.load_or_make(path, draw=lambda size: b"f" * size)
        return b"s" * size

    assert keyring.load_or_make(path, draw=draw_slowly) == b"f" * 32


def test_threads_that_ask_at_once_get_one_key(tmp_path: Path) -> None:
    path = tmp_path / "member.key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: keyring.load_or_make(path), range(32)))) == 1


def test_an_api_key_is_one_private_word(tmp_path: Path) -> None:
    path = tmp_path / "api_key"
    assert keyring.read_api_key(path) is None
    path.write_text("sk-123\n")
    path.chmod(0o600)
    assert keyring.read_api_key(path) == "sk-123"
    path.chmod(0o644)
    with pytest.raises(keyring.KeyOpenToOthers):
        keyring.read_api_key(path)


@pytest.mark.parametrize("kept", [b"", b"\n", b"two words", b"two\nlines", b"\xff", b"a\x00b", b"k" * 4097])
def test_what_is_no_api_key_is_refused(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "api_key"
    path.write_bytes(kept)
    path.chmod(0o600)
    with pytest.raises(keyring.ApiKeyDamaged, match="api_key") as refused:
        keyring.read_api_key(path)
    assert "sk-" not in refused.value.what
