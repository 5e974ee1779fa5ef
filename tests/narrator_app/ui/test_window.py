from __future__ import annotations

import io
import os
import stat
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import flet_desktop
import pytest

from narrator_app.preferences import Preferences
from narrator_app.ui import desktop_client, window
from narrator_app.ui.window import Browser, Desktop, Opens, browsers, choose, show
from tests.kit.file_server import Behaviour, serving

SCREEN = {"DISPLAY": ":1"}
URL = "http://127.0.0.1:4711/?t=secret"
ONCE = "http://127.0.0.1:4711/?t=once"


def once() -> str:
    return ONCE


def client_archive() -> bytes:
    """What Flet's releases hold on Linux: a folder ``flet`` with the program in it. Padded, so that it can be cut."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=0) as archive:
        for name, content in (("flet/flet", b"#!/bin/sh\n"), ("flet/data/picture", os.urandom(300_000))):
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(content), 0o755
            archive.addfile(file, io.BytesIO(content))
    return packed.getvalue()


ARCHIVE = client_archive()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An account that has never seen Flet, and a temporary folder that must be as empty afterwards."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the archive is made as for Linux")
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    for name in ("FLET_VIEW_PATH", "FLET_CLIENT_URL", "FLET_FORCE_WEB_SERVER"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path / "home"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "FLET_CLIENT_URL" not in os.environ


def fetched(behaviour: Behaviour, said: list[str], patience: float = 10.0) -> Opens:
    with serving(behaviour) as address:
        environ = {**SCREEN, "FLET_CLIENT_URL": address}
        return choose(Preferences(), web=False, environ=environ, tell=said.append, patience=patience)


def unpacked(home: Path) -> list[Path]:
    return sorted((home / ".flet" / "client").glob("*/flet/flet"))


# --- the window -------------------------------------------------------------------------------------------------------


def test_the_client_is_fetched_once_and_said_with_name_place_and_size(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    behaviour = Behaviour(ARCHIVE)
    assert fetched(behaviour, said) == Desktop()
    (program,) = unpacked(home)
    assert program.stat().st_mode & stat.S_IXUSR
    told = " ".join(said)
    assert flet_desktop.get_artifact_filename() in told and "http://127.0.0.1" in told and "0.3 MB" in told
    assert str(home / ".flet" / "client") in told
    assert [path for path in (home / ".flet" / "client").iterdir() if path.is_file()] == []
    assert capsys.readouterr().out == ""
    again: list[str] = []
    assert choose(Preferences(), web=False, environ=SCREEN, tell=again.append) == Desktop()
    assert again == [] and len(behaviour.asked) == 1


def test_the_address_is_the_one_that_flet_fetches_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(url: str, place: str, description: str) -> None:
        asked.append(url)
        raise OSError

    monkeypatch.setattr(flet_desktop, "__download_with_progress", download)
    with pytest.raises(OSError):
        flet_desktop.ensure_client_cached()
    assert [desktop_client.archive({})[1]] == asked
    assert asked[0].startswith("https://github.com/flet-dev/flet/releases/download/v")


def test_a_client_that_lies_as_a_file_is_unpacked_from_there(home: Path) -> None:
    (home / "client.tar.gz").write_bytes(ARCHIVE)
    environ = {**SCREEN, "FLET_CLIENT_URL": (home / "client.tar.gz").as_uri()}
    assert choose(Preferences(), web=False, environ=environ, tell=lambda text: None) == Desktop()
    assert unpacked(home) and (home / "client.tar.gz").exists()


def test_a_client_that_is_named_is_taken_and_nothing_fetched(home: Path) -> None:
    (home / "flet").touch()
    environ = {**SCREEN, "FLET_VIEW_PATH": str(home), "FLET_CLIENT_URL": "http://127.0.0.1:9/none"}
    assert choose(Preferences(), web=False, environ=environ, tell=pytest.fail) == Desktop()


def test_a_connection_that_is_cut_goes_on(home: Path) -> None:
    behaviour = Behaviour(ARCHIVE, cuts=[100_000])
    assert fetched(behaviour, []) == Desktop()
    assert behaviour.asked == ["", "bytes=100000-"] and unpacked(home)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Behaviour(b"", status=404), "404"),
        (Behaviour(ARCHIVE, silent=True), "nothing came"),
        (Behaviour(ARCHIVE, cuts=[0]), "broke off"),
        (Behaviour(ARCHIVE, length=len(ARCHIVE) * 10_000), "cannot be it"),
        (Behaviour(ARCHIVE[:150_000]), "cannot be unpacked"),
        (Behaviour(b"<html>Log in to this network</html>"), "cannot be unpacked"),
    ],
)
def test_a_client_that_cannot_be_had_is_said_and_the_browser_is_taken(
    home: Path, behaviour: Behaviour, why: str
) -> None:
    opens = fetched(behaviour, [], patience=0.3 if behaviour.silent else 10.0)
    assert isinstance(opens, Browser)
    assert why in opens.why and "in the browser instead" in opens.why
    assert unpacked(home) == []


def test_what_came_before_the_line_went_dead_is_kept_for_the_next_start(home: Path) -> None:
    assert isinstance(fetched(Behaviour(ARCHIVE, cuts=[100_000, 0]), []), Browser)
    behaviour = Behaviour(ARCHIVE)
    assert fetched(behaviour, []) == Desktop()
    assert behaviour.asked == ["bytes=100000-"]


def test_an_archive_that_was_no_client_is_fetched_anew(home: Path) -> None:
    assert isinstance(fetched(Behaviour(b"rubbish"), []), Browser)
    assert fetched(Behaviour(ARCHIVE), []) == Desktop()


def test_ctrl_c_while_it_is_fetched_opens_the_browser_this_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desktop_client, "fetch_now", interrupted)
    opens = choose(Preferences(), web=False, environ=SCREEN, tell=lambda text: None)
    assert isinstance(opens, Browser) and "Skipped" in opens.why


# --- no window --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "no display"),
        ({"DISPLAY": ""}, "no display"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "Wayland"),
        ({**SCREEN, "FLET_FORCE_WEB_SERVER": "true"}, "FLET_FORCE_WEB_SERVER"),
    ],
)
def test_where_no_window_can_be_shown_that_is_said_and_nothing_fetched(
    home: Path, environ: dict[str, str], why: str
) -> None:
    opens = choose(Preferences(), web=False, environ=environ, tell=pytest.fail)
    assert isinstance(opens, Browser) and why in opens.why


def test_who_asks_for_the_browser_is_told_no_reasons(home: Path) -> None:
    assert choose(Preferences(), web=True, environ=SCREEN, tell=pytest.fail) == Browser("")
    wanted = Preferences(opens_in="browser")
    assert choose(wanted, web=False, environ=SCREEN, tell=pytest.fail) == Browser("")


# --- the browser ------------------------------------------------------------------------------------------------------


def program(folder: Path, name: str, does: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def test_a_browser_shows_the_desk_as_a_window_of_its_own(tmp_path: Path) -> None:
    program(tmp_path, "google-chrome", f'echo "$@" > {tmp_path}/asked')
    said = show(URL, {**SCREEN, "PATH": str(tmp_path)}, once, usual=pytest.fail)
    assert (tmp_path / "asked").read_text().strip() == f"--app={ONCE}"
    assert "google-chrome" in said and URL in said


def test_a_browser_that_cannot_start_is_followed_by_the_next(tmp_path: Path) -> None:
    program(tmp_path, "chromium", "exit 1")
    program(tmp_path, "brave", f'echo "$@" > {tmp_path}/asked')
    said = show(URL, {**SCREEN, "PATH": str(tmp_path)}, once, usual=pytest.fail)
    assert (tmp_path / "asked").read_text().strip() == f"--app={ONCE}" and "brave" in said


def test_one_that_stays_open_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "until")
    program(tmp_path, "chromium", f"read word < {tmp_path}/until")
    monkeypatch.setattr(window, "GLANCE_SECONDS", 0.05)
    assert "chromium" in show(URL, {**SCREEN, "PATH": str(tmp_path)}, once, usual=pytest.fail)
    (tmp_path / "until").write_text("now\n")  # waits for the one that reads: the browser was still there


def test_without_such_a_browser_the_usual_one_is_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    def usual(url: str) -> bool:
        asked.append(url)
        return True

    said = show(URL, {**SCREEN, "PATH": str(tmp_path)}, once, usual=usual)
    assert asked == [ONCE] and "in your browser" in said and URL in said


def test_when_nothing_opens_the_address_is_there_to_be_opened(tmp_path: Path) -> None:
    said = show(URL, {**SCREEN, "PATH": str(tmp_path)}, once, usual=lambda url: False)
    assert said.startswith("Open the desk") and URL in said


def test_without_a_display_no_browser_is_started(tmp_path: Path) -> None:
    program(tmp_path, "chromium", f"touch {tmp_path}/started")
    assert URL in show(URL, {"PATH": str(tmp_path)}, once, usual=pytest.fail)
    assert not (tmp_path / "started").exists()


def test_browsers_of_other_systems_are_looked_for_where_they_are(tmp_path: Path) -> None:
    edge = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.touch()
    environ = {"PROGRAMFILES(X86)": str(tmp_path), "PATH": str(tmp_path)}
    assert list(browsers(environ, "win32")) == [str(edge)]
    assert list(browsers({"PATH": str(tmp_path)}, "darwin")) == []
