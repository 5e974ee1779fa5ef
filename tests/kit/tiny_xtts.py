"""An XTTS model made at test time: the real network with one small layer, random weights, and an alphabet for a
vocabulary. Its files are some 90 MB. What it says is babble, equally long for every text: it never thinks of an end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peer.voice.xtts import AGREED, import_torchaudio

WIDTH = 64  # of the network; the real one has 1,024
TOKENS = 30  # of sound that it makes of each text; some 1.3 seconds
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-;:\"()"
STUDIO = "Claribel Dervla"


def tiny_xtts(folder: Path, *, agreed: bool = True) -> None:
    """Write a model into ``folder``, with one studio voice in it."""
    import_torchaudio()
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts, XttsArgs, XttsAudioConfig

    folder.mkdir(parents=True)
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{one}]" for one in XttsConfig().languages)]
    vocabulary = {token: number for number, token in enumerate([*special, *LETTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "vocab.json"))
    arguments = XttsArgs(
        gpt_layers=1,
        gpt_n_model_channels=WIDTH,
        gpt_n_heads=2,
        gpt_max_audio_tokens=TOKENS,
        gpt_max_text_tokens=402,
        gpt_max_prompt_tokens=70,
        gpt_num_audio_tokens=66,
        gpt_start_audio_token=64,
        gpt_stop_audio_token=65,
        gpt_use_perceiver_resampler=True,
        decoder_input_dim=WIDTH,
        gpt_number_text_tokens=tokenizer.get_vocab_size(),
        gpt_start_text_token=vocabulary["[START]"],
        gpt_stop_text_token=vocabulary["[STOP]"],
        d_vector_dim=512,
    )
    config = XttsConfig(model_args=arguments, audio=XttsAudioConfig(), gpt_cond_len=6, gpt_cond_chunk_len=6)
    torch.manual_seed(0)
    weights: dict[str, Any] = Xtts(config).state_dict()
    weights["gpt.mel_head.bias"][64:] = -1e4  # start and stop
    torch.save({"model": weights, "config": config.to_dict()}, folder / "model.pth")
    studio = {"gpt_cond_latent": torch.randn(1, 32, WIDTH), "speaker_embedding": torch.randn(1, 512, 1)}
    torch.save({STUDIO: studio}, folder / "speakers_xtts.pth")
    config.save_json(str(folder / "config.json"))
    if agreed:
        (folder / AGREED).touch()
