"""Tiny random models of every architecture that evolves, made at test time as GGUF files that transformers and
llama.cpp both read.

``python -m tests.kit.tiny_models FOLDER NAME …`` makes them, gives each a random adapter, and writes what torch then
says: tensors of the adapter and logits with and without it. A process of its own, because transformers and torch take
seconds and memory, and because what they import must not reach other tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy

READ = (5, 77, 104, 101, 32, 115, 101, 97, 46, 33, 258, 90)  # tokens that the logits are taken of
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
LAYERS, WIDTH, INNER, HEADS, CONTEXT = 2, 64, 96, 4, 4_096

# Our name, the name in the file, transformers' class, heads of keys, size of a head, and what else its config needs.
KINDS: dict[str, tuple[str, str, int, int, dict[str, Any]]] = {
    "llama": ("llama", "Llama", 4, 16, {}),
    "mistral": ("llama", "Mistral", 2, 16, {"sliding_window": None}),
    "qwen2": ("qwen2", "Qwen2", 2, 16, {}),
    "qwen3": ("qwen3", "Qwen3", 2, 128, {}),
    "gemma2": ("gemma2", "Gemma2", 2, 256, {}),
    "gemma3": ("gemma3", "Gemma3", 2, 256, {}),
    "phi3": ("phi3", "Phi3", 2, 16, {"pad_token_id": 0}),
}


def make(folder: Path, *names: str) -> None:
    """Make models and what torch says of them, in a process of its own; files are NAME.gguf and NAME.npz."""
    command = [sys.executable, "-m", "tests.kit.tiny_models", str(folder), *names]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert ran.returncode == 0, ran.stderr[-3_000:]


def main() -> None:
    folder = Path(sys.argv[1])
    for name in sys.argv[2:]:
        write_model(folder / f"{name}.gguf", name)
        write_reference(folder / f"{name}.gguf", folder / f"{name}.npz")


def write_model(path: Path, name: str) -> None:
    """A random model of one kind."""
    sys.modules.setdefault("torchaudio", None)  # type: ignore[arg-type]  # as peer/evolution/learner.py
    import gguf
    import torch
    import transformers

    called, kind, key_heads, head, more = KINDS[name]
    torch.manual_seed(7)
    text = "Text" if kind == "Gemma3" else ""
    config = getattr(transformers, f"{kind}{text}Config")(
        vocab_size=256 + len(SPECIAL), hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=key_heads, head_dim=head, max_position_embeddings=CONTEXT,
        initializer_range=0.15, **more,
    )  # fmt: skip
    model = getattr(transformers, f"{kind}ForCausalLM")(config)
    for key, value in model.named_parameters():
        if "norm" in key:
            torch.nn.init.normal_(value, 0.0 if kind.startswith("Gemma") else 1.0, 0.1)
        elif key.endswith("bias"):
            torch.nn.init.normal_(value, 0.0, 0.1)
    architecture = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}[called]
    names = gguf.get_tensor_name_map(architecture, LAYERS)
    writer = gguf.GGUFWriter(path, called)
    describe(writer, config, called, key_heads, head)
    tied = config.tie_word_embeddings
    for key, value in model.state_dict().items():
        if key == "lm_head.weight" and tied:
            continue
        rows = value.float().numpy()
        if called == "llama" and key.endswith(("q_proj.weight", "k_proj.weight")):
            heads = HEADS if "q_proj" in key else key_heads
            rows = rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)
        if called.startswith("gemma") and "norm" in key:
            rows = rows + 1
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight", ".bias")), numpy.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer: Any, config: Any, called: str, key_heads: int, head: int) -> None:
    """What a file says of its model, and a vocabulary of bytes."""
    import gguf

    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(key_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(1_000_000.0 if called == "gemma3" else 10_000.0)
    writer.add_vocab_size(config.vocab_size)
    if called.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if called == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if called == "phi3":
        writer.add_rope_scaling_orig_ctx_len(CONTEXT)
        writer.add_sliding_window(0)
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(SPECIAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*letters(), *SPECIAL])
    writer.add_token_types(kinds)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(258)
    writer.add_pad_token_id(256)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def letters() -> list[str]:
    """GPT-2's letter for each byte."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte if byte in seen else next(spare)) for byte in range(256)]


def write_reference(path: Path, out: Path) -> None:
    """What torch says of the file, with and without a random adapter."""
    import torch
    from peft import get_peft_model_state_dict

    from peer.evolution.contract import NORMAL
    from peer.evolution.learner import read_base, with_adapter

    tokens = torch.tensor([READ])
    model = read_base(path, "cpu").eval()
    with torch.no_grad():
        plain = model(input_ids=tokens).logits[0]
        model = with_adapter(model, NORMAL).eval()
        for key, value in model.named_parameters():
            if "lora_" in key:
                torch.nn.init.normal_(value, 0.0, 0.1)
        worn = model(input_ids=tokens).logits[0]
    tensors = {f"adapter/{key}": value.numpy() for key, value in get_peft_model_state_dict(model).items()}
    numpy.savez(out, plain=plain.numpy(), worn=worn.numpy(), **tensors)


if __name__ == "__main__":
    main()
