from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwnet.settings import (
    NoSeat,
    RootNotFolder,
    RootNotWritable,
    SeveralSeats,
    narrator_settings,
    peer_roots,
    peer_settings,
    prepare,
    remember_port,
    remember_seat,
    user_folder,
)
from dwnet.told import CONFIGURABLE, ENVIRONMENT, BadSetting, SettingsUnreadable, UnknownSetting


def configure(root: Path, text: str) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / "config.toml").write_text(text, encoding="utf-8")


def seated(root: Path, character: str) -> Path:
    (root / "keys").mkdir(parents=True)
    remember_seat(peer_settings({"data": root}, {}), character)
    return root


def test_a_flag_wins_over_the_environment_over_dotenv_over_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    flags: dict[str, object] = {"data": tmp_path, "dial": "flag"}
    environ = {"SERVER_URL": "environment"}

    def dial(flags: dict[str, object], environ: dict[str, str]) -> str | None:
        return peer_settings(flags, environ).dial

    configure(tmp_path, 'dial = "file"')
    Path(".env").write_text("SERVER_URL=dotenv\n")
    assert dial(flags, environ) == "flag"
    flags["dial"] = None
    assert dial(flags, environ) == "environment"
    assert dial(flags, {}) == "dotenv"
    Path(".env").unlink()
    assert dial(flags, {}) == "file"
    configure(tmp_path, "")
    assert dial(flags, {}) is None


def test_the_names_people_know_keep_working_for_a_narrator(tmp_path: Path) -> None:
    values = {variable: str(tmp_path / key) for key, variable in ENVIRONMENT["narrator"].items()}
    told = narrator_settings({}, values)
    assert told.root == tmp_path / "data"
    assert told.database == tmp_path / "database"
    assert told.models == tmp_path / "models"
    assert told.checkpoints == tmp_path / "checkpoints"
    assert told.speech == tmp_path / "speech"


def test_the_names_people_know_keep_working_for_a_peer(tmp_path: Path) -> None:
    told = peer_settings(
        {},
        {
            "DREAMWEAVER_CLIENT_DATA_PATH": str(tmp_path),
            "DREAMWEAVER_CLIENT_MODELS_PATH": str(tmp_path / "m"),
            "CLIENT_PC_ID": "attic",
            "CLIENT_TOKEN": "dw1code",
            "SERVER_URL": "ws://10.0.0.1:8000",
            "CLIENT_HOST": "127.0.0.1",
            "CLIENT_PORT": "9001",
            "TTS_HOME": str(tmp_path / "t"),
        },
    )
    assert (told.root, told.models, told.speech) == (tmp_path, tmp_path / "m", tmp_path / "t")
    assert told.reference_voices == tmp_path / "m" / "tts" / "reference_voices"  # one character's, and not shared
    assert (told.name, told.invite, told.dial) == ("attic", "dw1code", "ws://10.0.0.1:8000")
    assert (told.host, told.ports) == ("127.0.0.1", (9001,))


def test_without_a_word_everything_lies_in_the_user_folder(nobodys_home: Path) -> None:
    told = narrator_settings({}, {})
    assert told.root == user_folder() / "narrator"
    assert told.root.is_relative_to(nobodys_home)
    assert told.database == told.root / "dream_weaver.db"
    assert told.audio == told.root / "audio"
    assert told.ports == (8000,)
    assert not told.root.exists()


def test_one_invite_has_one_folder_and_another_invite_another() -> None:
    first, again, other = (peer_settings({"invite": code}, {}) for code in ("dw1abc", " DW1ABC", "dw1xyz"))
    assert first.root == again.root
    assert first.root != other.root
    assert first.database == first.root / "story.db"
    assert first.audio == first.root / "temp_audio"


def test_a_named_peer_lives_in_a_folder_of_its_name() -> None:
    assert peer_settings({"name": "Mira", "invite": "dw1abc"}, {}).root == user_folder() / "peers" / "Mira"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "c:d", "é" * 101])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match="name"):
        peer_settings({"name": name, "invite": "dw1abc"}, {})


def test_the_only_seat_is_taken_without_asking() -> None:
    root = seated(user_folder() / "peers" / "0123", "Mira")
    assert peer_settings({}, {}).root == root


def test_no_seat_and_several_seats_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoSeat) as none:
        peer_settings({}, {})
    assert "--invite" in none.value.hint
    with pytest.raises(NoSeat):
        peer_settings({"data": tmp_path}, {})
    seated(user_folder() / "peers" / "0123", "Tobin")
    seated(user_folder() / "peers" / "4567", "Mira")
    (user_folder() / "peers" / "refused" / "keys").mkdir(parents=True)
    with pytest.raises(SeveralSeats) as several:
        peer_settings({}, {})
    assert several.value.what.index("Mira") < several.value.what.index("Tobin")
    assert "refused" not in several.value.what
    assert [root.name for root in peer_roots({})] == ["4567", "0123"]


def test_listen_takes_host_and_port(tmp_path: Path) -> None:
    assert narrator_settings({"data": tmp_path, "listen": "127.0.0.1:9"}, {}).ports == (9,)
    told = narrator_settings({"data": tmp_path, "listen": "[::1]:0"}, {})
    assert (told.host, told.ports) == ("::1", (0,))


@pytest.mark.parametrize("listen", ["8000", "host", "host:", ":8000", "host:many", "host:65536", "host:-1"])
def test_a_wrong_listen_names_the_flag(tmp_path: Path, listen: str) -> None:
    with pytest.raises(BadSetting, match="--listen") as refused:
        narrator_settings({"data": tmp_path, "listen": listen}, {})
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("port", ["eight", "-1", "65536", "8000.0"])
def test_a_wrong_port_names_the_variable(tmp_path: Path, port: str) -> None:
    with pytest.raises(BadSetting, match="CLIENT_PORT"):
        peer_settings({"data": tmp_path, "invite": "x"}, {"CLIENT_PORT": port})


@pytest.mark.parametrize(
    ("line", "key"), [("port = true", "port"), ("name = 3", "name"), ('voice = "a\\u001bb"', "voice")]
)
def test_a_wrong_value_names_the_key_and_the_file(tmp_path: Path, line: str, key: str) -> None:
    configure(tmp_path, line)
    with pytest.raises(BadSetting, match=f'"{key}" in .*config.toml'):
        narrator_settings({"data": tmp_path}, {})


def test_a_misspelt_key_is_refused_with_the_ones_there_are(tmp_path: Path) -> None:
    configure(tmp_path, 'writter = "x.gguf"')
    with pytest.raises(UnknownSetting, match="writter") as refused:
        narrator_settings({"data": tmp_path}, {})
    assert "writer" in refused.value.hint


@pytest.mark.parametrize("rubbish", [b"name = ", b"\xff\xfe", b"\x00"])
def test_an_unreadable_settings_file_is_never_an_empty_one(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(rubbish)
    with pytest.raises(SettingsUnreadable, match=r"config\.toml"):
        narrator_settings({"data": tmp_path}, {})


def test_every_configurable_key_is_a_setting_that_arrives(tmp_path: Path) -> None:
    for key in CONFIGURABLE["narrator"]:
        configure(tmp_path, f'{key} = "77"')
        told = narrator_settings({"data": tmp_path}, {})
        assert "77" in str(getattr(told, key, told.ports)), key


def test_every_configurable_key_of_a_peer_is_a_setting_that_arrives(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    for key in CONFIGURABLE["peer"]:
        value = "never" if key == "evolve" else "77"
        configure(tmp_path, f'{key} = "{value}"')
        told = peer_settings({"data": tmp_path}, {})
        assert value in str(getattr(told, key, told.ports)), key


def test_when_a_character_learns_is_one_of_three(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    assert peer_settings({"data": tmp_path}, {}).evolve == "asked"
    configure(tmp_path, 'evolve = "sometimes"')
    with pytest.raises(BadSetting, match=r"sometimes.*asked, idle, never"):
        peer_settings({"data": tmp_path}, {})


def test_a_chosen_port_is_tried_first_from_then_on(tmp_path: Path) -> None:
    prepare(peer_settings({"data": tmp_path, "invite": "x"}, {}))
    told = peer_settings({"data": tmp_path}, {})
    assert told.ports[:2] == (8001, 8002)
    remember_port(told, 8002)
    assert peer_settings({"data": tmp_path}, {}).ports[:3] == (8002, 8001, 8003)
    assert peer_settings({"data": tmp_path, "listen": "::1:0"}, {}).ports == (8002, 0)
    assert peer_settings({"data": tmp_path, "listen": "::1:9"}, {}).ports == (9,)


@given(st.binary(max_size=12))
def test_a_spoilt_port_note_only_loses_the_preference(note: bytes) -> None:
    root = user_folder() / "narrator"
    root.mkdir(parents=True, exist_ok=True)
    (root / "port").write_bytes(note)
    ports = narrator_settings({}, {}).ports
    assert ports[-1] == 8000
    assert all(0 < port < 65_536 for port in ports)


def test_what_is_prepared_is_for_its_owner_alone(tmp_path: Path) -> None:
    told = narrator_settings({"data": tmp_path / "a" / "b"}, {})
    prepare(told)
    prepare(told)
    remember_port(told, 8000)
    assert stat.S_IMODE(told.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(told.keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((told.root / "port").stat().st_mode) == 0o600


def test_a_root_on_a_file_or_below_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for root in (file, file / "below"):
        with pytest.raises(RootNotFolder, match=str(file)):
            prepare(narrator_settings({"data": root}, {}))


def test_a_root_that_cannot_be_written_is_refused() -> None:
    place = Path("/proc/nowhere") if os.path.isdir("/proc") else Path("/nowhere")
    with pytest.raises(RootNotWritable, match=str(place)):
        prepare(narrator_settings({"data": place}, {}))
