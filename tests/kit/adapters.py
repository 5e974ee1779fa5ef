"""Adapters made by hand: a GGUF file that bends a model a little, without any training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

RANK = 2


def write_adapter(path: Path, base: Path, seed: int = 1, *, bend: float = 0.4) -> Path:
    """Write an adapter for the query and value matrices of ``base``; how far it bends them is drawn by ``seed``."""
    import gguf

    dice = np.random.default_rng(seed)
    reader = gguf.GGUFReader(str(base))
    architecture = bytes(reader.fields["general.architecture"].parts[-1]).decode()
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(RANK))
    for tensor in reader.tensors:
        if tensor.name.endswith(("attn_q.weight", "attn_v.weight")):
            width, height = (int(one) for one in tensor.shape[:2])
            first = dice.normal(0, bend, (RANK, width)).astype(np.float32)
            second = dice.normal(0, bend, (height, RANK)).astype(np.float32)
            writer.add_tensor(f"{tensor.name}.lora_a", first)
            writer.add_tensor(f"{tensor.name}.lora_b", second)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
