"""A LoRA adapter as llama.cpp reads it. The only file that writes GGUF.

Rules of this file:
- Tensors are named by the gguf package's own tables, so that they are called as in the model's file.
- llama.cpp turns pairs of neighbours where transformers turns two halves, for models whose files say ``llama`` (Mistral
  among them). Their files hold q and k with rows in another order; the B half of an adapter for q and k must follow.
- What is missing from ARCHITECTURES was not run, and is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwnet.whole_file import NEW, flush, settle, writing
from peer.evolution.contract import Strength
from peer.evolution.errors import ArchitectureUnknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

# By the name in the model's file: are the rows of q and k in llama.cpp's order there?
ARCHITECTURES = {"llama": True, "qwen2": False, "qwen3": False, "gemma2": False, "gemma3": False, "phi3": False}
BASE_HASH = "dreamweaver.base.sha256"  # key in the adapter's metadata


@dataclass(frozen=True)
class Shape:
    """What of a model's build an adapter must know. ``width`` and ``inner`` size the memory that learning takes."""

    architecture: str
    layers: int
    heads: int
    key_heads: int
    width: int
    inner: int


def shape_of(metadata: Mapping[str, str], path: Path) -> Shape:
    """Read from a model's own words.

    :raises ArchitectureUnknown: it was never tried here.
    """
    architecture = metadata.get("general.architecture", "")
    if architecture not in ARCHITECTURES:
        raise ArchitectureUnknown(path=path, architecture=architecture, known=", ".join(ARCHITECTURES))

    def number(key: str, otherwise: int) -> int:
        found = metadata.get(f"{architecture}.{key}", "")
        return int(found) if found.isdigit() else otherwise

    heads = number("attention.head_count", 1)
    width = number("embedding_length", 1)
    return Shape(
        architecture,
        number("block_count", 1),
        heads,
        number("attention.head_count_kv", heads),
        width,
        number("feed_forward_length", 4 * width),
    )


def write_adapter(
    path: Path, tensors: Mapping[str, NDArray[Any]], shape: Shape, strength: Strength, base_hash: str
) -> str:
    """Write an adapter in half precision; its SHA-256. ``tensors`` are peft's, by peft's names: float32, A as
    (rank, in) and B as (out, rank).

    :raises NoRoomForFile, FileNotWritten:
    """
    import gguf
    import numpy

    class Told(numpy.ndarray[Any, Any]):
        """An array that says so when the disk is full: numpy's own way into a file loses what comes last."""

        def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:
            fid.write(self.tobytes())

    architecture = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}[shape.architecture]
    names = gguf.get_tensor_name_map(architecture, shape.layers)
    part = path.with_name(path.name + NEW)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = gguf.GGUFWriter(part, shape.architecture)
        try:
            writer.add_type(gguf.GGUFType.ADAPTER)
            writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
            writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(strength.alpha))
            writer.add_string(BASE_HASH, base_hash)
            for key, value in sorted(tensors.items()):
                module, half = key.removeprefix("base_model.model.").split(".lora_")
                name = names.get_name(f"{module}.weight", try_suffixes=(".weight",))
                if name is None:
                    raise ValueError(f"{module} has no name in {shape.architecture}")
                rows = _ordered(value, module, shape) if half.startswith("B") else value
                label = "lora_b" if half.startswith("B") else "lora_a"
                writer.add_tensor(f"{name}.{label}", numpy.ascontiguousarray(rows.astype(numpy.float16)).view(Told))
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            with part.open("rb+") as file:
                flush(file)
            settle(part, path)
        finally:
            part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # only where it was refused already
                writer.close()
    return hash_of(path)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ordered(rows: NDArray[Any], module: str, shape: Shape) -> NDArray[Any]:
    """Rows of B as the model's file has those of q and k: per head, the two halves of transformers interleaved."""
    if not ARCHITECTURES[shape.architecture] or not module.endswith((".q_proj", ".k_proj")):
        return rows
    heads = shape.heads if module.endswith(".q_proj") else shape.key_heads
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
