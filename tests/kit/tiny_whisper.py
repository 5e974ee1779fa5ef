"""A Whisper that is real to faster-whisper and always hears the same sentence: made in a blink, without any training.

Its layers are zero, so what comes out depends on the last token alone: a chain from word to word, written into the
embedding and the projection.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH = 32
TIMES = 1501  # tokens for places in a window of thirty seconds
SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
Weights = NDArray[np.float32]


def tiny_whisper(folder: Path, text: str, seconds: float = 2.0) -> Path:
    """Make it in a folder. ``text``: its words must differ from each other."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["Ġ" + word for word in text.split()]
    assert len(set(words)) == len(words), "each word once"
    plain = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *words]
    marks = [*SPECIAL, *(f"<|{place * 0.02:.2f}|>" for place in range(TIMES))]
    _tokenizer(plain, marks).save(str(folder / "tokenizer.json"), pretty=False)
    tokens = {token: number for number, token in enumerate([*plain, *marks])}
    chain = ["<|startoftranscript|>", "<|0.00|>", *words, f"<|{seconds:.2f}|>", "<|endoftext|>"]
    spec = _spec(tokens, [*pairwise(chain), ("<|notimestamps|>", words[0])])
    spec.register_vocabulary(list(tokens))
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens["<|endoftext|>"]]
    spec.config.lang_ids = []
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.optimize(None)
    spec.save(str(folder))
    return folder


def _tokenizer(plain: Sequence[str], marks: Sequence[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(plain)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return tokenizer


def _spec(tokens: dict[str, int], chain: Sequence[tuple[str, str]]) -> WhisperSpec:
    random = np.random.default_rng(0)
    embedded: NDArray[np.float64] = random.normal(size=(len(tokens), WIDTH))
    embedded -= embedded.mean(1, keepdims=True)  # what a layer's norm leaves as it is
    embedded /= embedded.std(1, keepdims=True)
    projected = np.zeros((len(tokens), WIDTH))
    for before, after in [*chain, ("<|endoftext|>", "<|endoftext|>")]:
        projected[tokens[after]] += embedded[tokens[before]]
    spec = WhisperSpec(1, 1, 1, 1)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight = random.normal(size=(WIDTH, 80, 3), scale=0.02).astype(np.float32)
    encoder.conv2.weight = random.normal(size=(WIDTH, WIDTH, 3), scale=0.02).astype(np.float32)
    encoder.conv1.bias, encoder.conv2.bias = _zeros(WIDTH), _zeros(WIDTH)
    encoder.position_encodings.encodings = _zeros(1500, WIDTH)
    decoder.embeddings.weight = embedded.astype(np.float32)
    decoder.position_encodings.encodings = _zeros(448, WIDTH)
    decoder.projection.weight = projected.astype(np.float32)
    for side in (encoder, decoder):
        _pass_through(side.layer_norm)
        for layer in side.layer:
            _attend(layer.self_attention, 3)
            _pass_through(layer.ffn.layer_norm)
            _add_nothing(layer.ffn.linear_0, WIDTH)
            _add_nothing(layer.ffn.linear_1, WIDTH)
    for layer in decoder.layer:
        _attend(layer.attention, 1, 2)
    return spec


def _attend(attention: object, *parts: int) -> None:
    _pass_through(attention.layer_norm)  # type: ignore[attr-defined]
    for linear, size in zip(attention.linear, (*parts, 1), strict=True):  # type: ignore[attr-defined]
        _add_nothing(linear, size * WIDTH)


def _pass_through(norm: object) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)  # type: ignore[attr-defined]


def _add_nothing(linear: object, out: int) -> None:
    linear.weight, linear.bias = _zeros(out, WIDTH), _zeros(out)  # type: ignore[attr-defined]


def _zeros(*shape: int) -> Weights:
    return np.zeros(shape, np.float32)
