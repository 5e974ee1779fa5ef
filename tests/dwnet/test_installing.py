"""Fetching from a made-up Hugging Face, with Hugging Face's own client: whole, or as a part that goes on."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from dwnet import catalogue, installing, machine
from dwnet.catalogue import Offer, folder, is_here, kept, offer, offers, own_models, spoken, standings
from dwnet.errors import NodeError
from dwnet.fetching import NoRoomToFetch, NotFetched
from dwnet.hub import HubAway, HubBusy, HubOdd, Listing, NoRepository, NoSuchFile, WrongDigest
from dwnet.installing import TermsNotAccepted, agree, install, is_agreed, remove
from dwnet.machine import Machine
from dwnet.settings import Settings, narrator_settings
from tests.kit.hub_server import MadeUpHub, serving_hub

PIPER = offers("voice")[0]
XTTS = offer("voice", "xtts")
EAR = offer("ear", "base")
WRITER = offer("model", "smollm2-360m")
SOUND = hashlib.shake_128(b"voice").digest(400_000)
FILES: dict[str, dict[str, bytes]] = {
    PIPER.repository: {
        "README.md": b"All voices.",
        **{file: SOUND if file.endswith(".onnx") else f"about {file}".encode() for file in PIPER.files},
        "xx/other/other.onnx": SOUND,
    },
    XTTS.repository: {file: file.encode() * 5_000 for file in XTTS.files},
    EAR.repository: {
        file.replace("*", "txt"): file.encode() * (9_000 if file == "model.bin" else 2) for file in EAR.files
    },
    WRITER.repository: {WRITER.files[0]: hashlib.shake_128(b"writer").digest(300_000), "README.md": b"A writer."},
    "somebody/stories": {"deep/tale.Q4_K_M.gguf": b"GGUF" * 9_000, "notes.txt": b"x"},
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MadeUpHub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "login"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving_hub(MadeUpHub({name: dict(files) for name, files in FILES.items()})) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return narrator_settings({"data": str(tmp_path / "data")}, {})


async def get(one: Offer, settings: Settings, hub: MadeUpHub, patience: float = 60.0) -> Path:
    return await install(one, settings, {"HF_ENDPOINT": hub.url}, patience=patience)


def names(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir())


# --- the catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [one for kind in catalogue.KINDS for one in offers(kind)], ids=lambda one: one.name)
def test_every_offer_says_all_that_people_want_to_know(one: Offer, settings: Settings) -> None:
    assert one.repository.count("/") == 1 and one.files and one.language and one.licence and one.about.endswith(".")
    assert 10_000_000 < one.size <= 10_000_000_000 and one.size < one.memory * 2
    assert (one.kind == "voice") == bool(one.sample)
    assert one.engine in {"voice": ("piper", "xtts"), "ear": ("whisper",), "model": ("gguf",)}[one.kind]
    assert folder(one, settings).is_relative_to(settings.models)


def test_names_in_the_catalogue_are_found_as_people_write_them() -> None:
    assert offer("model", "SmolLM2-360M ") is WRITER
    with pytest.raises(NodeError) as caught:
        offer("ear", "enormous")
    assert "tiny" in caught.value.hint


def test_what_fits_stands_first_and_what_does_not_says_why(settings: Settings) -> None:
    large = Machine(cores=2, memory_free=2_500_000_000, disk_free=10**12)
    rows = standings("model", settings, large)
    assert [not one.why_not for one in rows] == sorted((not one.why_not for one in rows), reverse=True)
    assert "of memory" in rows[-1].why_not
    assert [one.offer.name for one in rows if one.best] == ["smollm2-1.7b"]
    small = standings("model", settings, Machine(cores=2, memory_free=None, disk_free=10**6))
    assert all("on the disk" in one.why_not for one in small) and not any(one.best for one in small)


# --- what comes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [PIPER, EAR, WRITER], ids=lambda one: one.kind)
async def test_it_lands_where_its_engine_looks(one: Offer, settings: Settings, hub: MadeUpHub) -> None:
    listings: list[Listing] = []
    came: list[tuple[int, int]] = []
    where = await install(
        one,
        settings,
        {"HF_ENDPOINT": hub.url},
        begun=listings.append,
        came=lambda have, total: came.append((have, total)),
        patience=60.0,
    )
    assert is_here(one, settings) and listings[0].licence == "mit"
    assert came == sorted(came) and came[-1] == (listings[0].size, listings[0].size)
    assert where == (settings.base_models / one.files[0] if one is WRITER else folder(one, settings))
    for path in kept(one, settings):
        assert path.read_bytes() in FILES[one.repository].values()
    assert len(kept(one, settings)) == len(one.files) == len(names(folder(one, settings)))
    assert hub.fetched()[-1].endswith((".onnx", ".gguf", "model.bin"))


async def test_any_repository_can_be_named(settings: Settings, hub: MadeUpHub) -> None:
    one = offer("model", "somebody/stories:deep/tale.Q4_K_M.gguf")
    where = await get(one, settings, hub)
    assert where == settings.base_models / "tale.Q4_K_M.gguf" == Path(spoken(one, settings))
    assert own_models(settings) == (where,)
    with pytest.raises(NoSuchFile) as caught:
        await get(offer("model", "somebody/stories:tale.gguf"), settings, hub)
    assert "deep/tale.Q4_K_M.gguf" in caught.value.hint
    with pytest.raises(NoRepository):
        await get(offer("model", "nobody/nothing:tale.gguf"), settings, hub)


async def test_a_line_that_is_cut_goes_on_where_it_ended(settings: Settings, hub: MadeUpHub) -> None:
    hub.cuts = [10**9, 10**9, 100_000, 50_000]
    await get(PIPER, settings, hub)
    assert [where for path, where in hub.asked if path.endswith(".onnx")] == ["", "bytes=100000-", "bytes=150000-"]
    assert (folder(PIPER, settings) / f"{PIPER.name}.onnx").read_bytes() == SOUND


async def test_a_fetch_that_was_cut_for_good_goes_on_the_next_time(settings: Settings, hub: MadeUpHub) -> None:
    hub.cuts = [10**9, 10**9, 123_456, *[0] * 10]
    with pytest.raises(NotFetched):
        await get(PIPER, settings, hub)
    assert not is_here(PIPER, settings)
    hub.cuts, hub.asked = [], []
    await get(PIPER, settings, hub)
    assert is_here(PIPER, settings)
    assert [where for path, where in hub.asked if "/resolve/" in path] == ["bytes=123456-"]


async def test_who_calls_it_off_keeps_what_came(settings: Settings, hub: MadeUpHub) -> None:
    hub.stops_at = 200_000
    with trio.CancelScope() as scope:
        await install(
            PIPER,
            settings,
            {"HF_ENDPOINT": hub.url},
            came=lambda have, total: scope.cancel() if have > 100_000 else None,
            patience=60.0,
        )
    assert scope.cancelled_caught and not is_here(PIPER, settings)
    (part,) = folder(PIPER, settings).glob("*.part")
    assert 0 < part.stat().st_size < len(SOUND) and SOUND.startswith(part.read_bytes())
    hub.go_on.set()
    await get(PIPER, settings, hub)
    assert is_here(PIPER, settings) and not list(folder(PIPER, settings).glob("*.part"))


async def test_calling_it_off_does_not_wait_for_a_silent_source(settings: Settings, hub: MadeUpHub) -> None:
    hub.silent = True
    with trio.move_on_after(0.3) as scope:
        await get(PIPER, settings, hub, patience=600.0)
    assert scope.cancelled_caught


@pytest.mark.parametrize("lie", [PIPER.files[0], PIPER.files[-1]], ids=["git", "lfs"])
async def test_a_wrong_digest_is_said_and_what_came_thrown_away(settings: Settings, hub: MadeUpHub, lie: str) -> None:
    hub.lies = {lie}
    with pytest.raises(WrongDigest) as caught:
        await get(PIPER, settings, hub)
    assert Path(lie).name in caught.value.what and caught.value.hint
    assert Path(lie).name not in names(folder(PIPER, settings))
    assert not list(folder(PIPER, settings).glob("*.part")) and not is_here(PIPER, settings)
    hub.lies = set()
    await get(PIPER, settings, hub)
    assert is_here(PIPER, settings)


async def test_what_is_here_and_right_is_not_fetched_again_and_what_is_spoilt_is(
    settings: Settings, hub: MadeUpHub
) -> None:
    await get(EAR, settings, hub)
    spoilt = folder(EAR, settings) / "model.bin"
    spoilt.write_bytes(b"?" * spoilt.stat().st_size)
    hub.asked = []
    await get(EAR, settings, hub)
    assert hub.fetched() == ["model.bin"] and spoilt.read_bytes() in FILES[EAR.repository].values()


async def test_what_has_its_largest_file_is_all_there(settings: Settings, hub: MadeUpHub) -> None:
    one = replace(EAR, files=tuple(reversed(EAR.files)))
    assert one.files[0] == "model.bin"
    hub.cuts = [10**9, 10**9, 10**9, 0]
    with pytest.raises(NotFetched):
        await get(one, settings, hub)
    assert hub.fetched()[-1] == "model.bin" and len(kept(one, settings)) == 3 and not is_here(one, settings)


async def test_what_is_removed_is_gone_and_nothing_else_is(settings: Settings, hub: MadeUpHub) -> None:
    for one in (PIPER, WRITER):
        await get(one, settings, hub)
    own = settings.base_models / "mine.gguf"
    own.write_bytes(b"GGUF")
    (settings.base_models / f"{WRITER.files[0]}.part").write_bytes(b"GG")
    remove(WRITER, settings)
    remove(PIPER, settings)
    assert names(settings.base_models) == ["mine.gguf"] and not folder(PIPER, settings).exists()
    assert not is_here(WRITER, settings) and not is_here(PIPER, settings)


# --- terms -----------------------------------------------------------------------------------------------------------


async def test_nothing_is_asked_before_its_terms_are_agreed_to(settings: Settings, hub: MadeUpHub) -> None:
    with pytest.raises(TermsNotAccepted) as caught:
        await get(XTTS, settings, hub)
    assert "not commercial" in caught.value.hint and "--accept-terms" in caught.value.hint
    assert hub.asked == [] and not settings.models.exists()
    agree(XTTS, settings)
    await get(XTTS, settings, hub)
    assert is_here(XTTS, settings) and is_agreed(XTTS, settings) and is_agreed(PIPER, settings)
    assert "agreed" in (settings.xtts / "tos_agreed.txt").read_text()  # the name that coqui-tts looks for


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NoRepository), (401, NoRepository), (403, NoRepository), (429, HubBusy), (500, HubOdd)]
)
async def test_a_list_that_is_refused_is_said_in_words(
    settings: Settings, hub: MadeUpHub, status: int, kind: type[NodeError]
) -> None:
    hub.status = status
    with pytest.raises(kind) as caught:
        await get(PIPER, settings, hub)
    assert "127.0.0.1" in caught.value.what and caught.value.hint and not settings.models.exists()


@pytest.mark.parametrize("status", [401, 404, 429, 503])
async def test_a_file_that_is_refused_is_said_in_words(settings: Settings, hub: MadeUpHub, status: int) -> None:
    hub.file_status = status
    with pytest.raises(NotFetched, match=str(status)):
        await get(PIPER, settings, hub)
    assert kept(PIPER, settings) == ()


async def test_a_portal_in_between_is_said(settings: Settings, hub: MadeUpHub) -> None:
    hub.portal = True
    with pytest.raises(HubOdd, match="no list of files"):
        await get(PIPER, settings, hub)


async def test_a_source_that_is_silent_is_given_up(settings: Settings, hub: MadeUpHub) -> None:
    hub.silent = True
    with pytest.raises(HubAway, match="no answer"):
        await get(PIPER, settings, hub, patience=0.2)


async def test_without_a_network_it_is_said_what_to_do(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(HubAway) as caught:
        await install(PIPER, settings, {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert "goes on working" in caught.value.hint and "network" in caught.value.hint


async def test_a_disk_without_room_is_said_before_anything_is_written(
    settings: Settings, hub: MadeUpHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "look", lambda where: replace(machine.look(where), disk_free=100_000))
    with pytest.raises(NoRoomToFetch):
        await get(PIPER, settings, hub)
    assert hub.fetched() == [] and not settings.models.exists()


@pytest.mark.parametrize("name", ["../../evil.gguf", ".hidden.gguf", "a\\b.gguf", "c:d.gguf"])
async def test_a_name_that_would_leave_the_folder_is_no_file(settings: Settings, hub: MadeUpHub, name: str) -> None:
    hub.files["evil/one"] = {name: b"GGUF" * 9_000}
    one = Offer("model", "evil", "gguf", "evil/one", ("*.gguf",))
    with pytest.raises(NoSuchFile):
        await get(one, settings, hub)


async def test_nothing_but_the_question_is_sent(
    settings: Settings, hub: MadeUpHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import _detect_agent

    monkeypatch.setenv("HF_TOKEN", "hf_made_up_for_this_test")
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)  # where its client would ask what more there is to tell
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(settings.root / "harnesses.json"))
    monkeypatch.setattr(_detect_agent, "_registry", None)
    await get(WRITER, settings, hub)
    paths = [path for path, _ in hub.asked]
    assert len(paths) == 2 and paths[0] == f"/api/models/{WRITER.repository}"
    assert hub.logins == {"Bearer hf_made_up_for_this_test"}
