from __future__ import annotations

from pathlib import Path

import pytest

from peer.writer.errors import WriterUnknown
from peer.writer.local import LocalWriter
from peer.writer.open import open_writer
from peer.writer.openai import EndpointWriter

MODELS = Path("/nowhere/models")


@pytest.mark.parametrize("spec", ["", "default", " default\n"])
def test_by_default_the_embedded_model_writes(spec: str) -> None:
    writer = open_writer(spec, threads=1, models=MODELS, key=None)
    assert isinstance(writer, LocalWriter)
    assert writer.name == "SmolLM2-135M-Instruct.Q4_1"
    assert writer.missing() is None


def test_a_file_stands_in_the_folder_of_models_unless_it_says_where() -> None:
    near = open_writer("bard.Q4_K_M.gguf", threads=1, models=MODELS, key=None)
    far = open_writer("/elsewhere/bard.GGUF", threads=1, models=MODELS, key=None)
    assert (near.name, far.name) == ("bard.Q4_K_M", "bard")
    assert str(MODELS / "bard.Q4_K_M.gguf") in (near.missing() or "")
    assert "/elsewhere/bard.GGUF" in (far.missing() or "")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("http://127.0.0.1:11434/v1#llama3.2", "llama3.2"),
        ("https://models.example/v1", "https://models.example/v1"),
        ("http://127.0.0.1:8080/v1/#a/b:latest", "a/b:latest"),
    ],
)
def test_an_address_is_a_server(spec: str, name: str) -> None:
    writer = open_writer(spec, threads=1, models=MODELS, key="sk-1")
    assert isinstance(writer, EndpointWriter)
    assert writer.name == name


@pytest.mark.parametrize(
    "spec", ["gpt-4", "bard.bin", "ftp://host/v1", "http://", "http://[::1/v1", "http://host:99999/v1"]
)
def test_anything_else_is_told_with_what_would_do(spec: str) -> None:
    with pytest.raises(WriterUnknown) as caught:
        open_writer(spec, threads=1, models=MODELS, key=None)
    assert repr(spec) in caught.value.what
    assert caught.value.exit_code == 2
