from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import pytest

from dwnet.settings import narrator_settings
from dwnet.told import BadSetting
from narrator_app.config_file import ConfigUnclear, keep_in_config
from narrator_app.listening import CannotListen, Reach, listen_at, reach


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("127.0.0.1:8000", Reach.SELF),
        ("[::1]:8000", Reach.SELF),
        ("localhost:8000", Reach.SELF),
        ("192.168.1.20:8000", Reach.HOME),
        ("10.0.0.7:8000", Reach.HOME),
        ("100.100.3.4:8000", Reach.HOME),
        ("[fe80::1]:8000", Reach.HOME),
        ("[fd00::1]:8000", Reach.HOME),
        ("8.8.8.8:8000", Reach.WORLD),
        ("[2606:4700::1111]:8000", Reach.WORLD),
        ("story.example:8000", Reach.NAME),
        ("nonsense", Reach.NAME),
    ],
)
def test_an_address_tells_who_can_be_expected_to_reach_it(address: str, who: Reach) -> None:
    assert reach(address) is who


async def test_another_address_holds_at_once_and_at_the_next_start(tmp_path: Path) -> None:
    settings = narrator_settings({"data": tmp_path}, {})
    after = await listen_at(settings, "127.0.0.1:0", 8000)
    assert (after.host, after.ports) == ("127.0.0.1", (0,))
    again = narrator_settings({"data": tmp_path}, {})
    assert (again.host, again.ports) == ("127.0.0.1", (0,))


async def test_everything_else_in_the_file_stays_as_it_was(tmp_path: Path) -> None:
    before = (
        '# mine\nwriter = "default"  # host = "x"\nhost = "0.0.0.0" # everywhere\n\n"port" = 8000\nname = \'Ada\'\n'
    )
    (tmp_path / "config.toml").write_text(before)
    await listen_at(narrator_settings({"data": tmp_path}, {}), "127.0.0.1:0", 8000)
    expected = before.replace('"0.0.0.0"', '"127.0.0.1"').replace("8000", "0")
    assert (tmp_path / "config.toml").read_text() == expected


def test_a_file_without_a_last_line_break_gets_whole_lines(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('name = "Ada"')
    keep_in_config(tmp_path / "config.toml", {"host": "::", "port": 8123})
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"name": "Ada", "host": "::", "port": 8123}


@pytest.mark.parametrize("before", ['name = """\nhost = "x"\n"""\n', "host = \n", "port = '''80'''\n"])
def test_a_file_that_cannot_be_changed_surely_is_left_alone(tmp_path: Path, before: str) -> None:
    (tmp_path / "config.toml").write_text(before)
    with pytest.raises(ConfigUnclear) as caught:
        keep_in_config(tmp_path / "config.toml", {"host": "127.0.0.1", "port": 8123})
    assert (tmp_path / "config.toml").read_text() == before
    assert 'host = "127.0.0.1" and port = 8123' in caught.value.hint


async def test_an_address_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = narrator_settings({"data": tmp_path}, {})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen):
            await listen_at(settings, f"127.0.0.1:{port}", 8000)
        assert (await listen_at(settings, f"127.0.0.1:{port}", port)).ports == (port,)  # it is ours, and free by then
    with pytest.raises(CannotListen):
        await listen_at(settings, "192.0.2.7:0", 8000)
    assert "192.0.2.7" not in (tmp_path / "config.toml").read_text()


@pytest.mark.parametrize("wanted", ["", "8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", ":8000"])
async def test_what_is_no_address_is_refused_with_an_example(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(BadSetting, match="HOST:PORT"):
        await listen_at(narrator_settings({"data": tmp_path}, {}), wanted, 8000)
    assert list(tmp_path.iterdir()) == []
