"""Learning itself: low-rank adapters on every linear projection of the model. The only file that imports torch,
transformers, peft and safetensors.

Rules of this file:
- The model's weights stay as they are; only the adapter is learned, and only from the tokens of answers.
- Every few steps all that is needed to go on is on the disk, whole. What is learned does not depend on how often it was
  interrupted: batches are drawn from the job's own key, and nothing else is left to chance.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dwnet.machine import look
from dwnet.whole_file import reading, write_whole
from peer.evolution.contract import Progress, Strength
from peer.evolution.errors import BaseChanged, BaseUnreadable, LearningFailed
from peer.evolution.lessons import Lesson

BATCH = 4  # lessons at a time
BATCH_TOKENS = 1_024  # of all lessons of a batch together, filled up to the longest; one lesson may be longer
SAVED_EVERY = 8  # steps
WARM_UP = 0.06  # share of the steps in which the rate rises
LAST_RATE = 0.1  # share of the greatest rate that the last steps have
CLIP = 1.0  # the greatest length of a step's gradient
DECAY = 0.01  # pulls what is not used towards nothing
STATE = "learning.safetensors"


@dataclass(frozen=True)
class Task:
    """What is learned from what. ``key`` names samples and strength: a state of another key is no use."""

    base: Path
    base_hash: str
    key: str
    strength: Strength
    state: Path


@dataclass(frozen=True)
class Learned:
    """``tensors`` by peft's names, as numpy arrays; ``curve`` the loss of every step; ``tokens`` that were read."""

    tensors: dict[str, Any]
    curve: tuple[float, ...]
    tokens: int
    seconds: float


def batches(lengths: Sequence[int], epochs: int, key: str) -> list[list[int]]:
    """Which lessons each step reads: lessons of like length together, in an order that ``key`` decides."""
    plan: list[list[int]] = []
    for epoch in range(epochs):
        chance = random.Random(f"{key} {epoch}")
        order = sorted(range(len(lengths)), key=lambda at: (lengths[at] // 8, chance.random()))
        drawn: list[list[int]] = [[]]
        for at in order:
            if len(drawn[-1]) == BATCH or lengths[at] * (len(drawn[-1]) + 1) > BATCH_TOKENS:
                drawn.append([])
            drawn[-1].append(at)
        drawn = [one for one in drawn if one]
        chance.shuffle(drawn)
        plan += drawn
    return plan


def rate_at(step: int, steps: int, strength: Strength) -> float:
    """The rate of one step, from 0: it rises, then falls along a cosine."""
    warm = max(1, round(steps * WARM_UP))
    if step < warm:
        return strength.rate * (step + 1) / warm
    way = (step - warm) / max(1, steps - warm)
    return strength.rate * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * way)) / 2)


def check_state(task: Task) -> None:
    """Is what lies there of the same model?

    :raises BaseChanged:
    """
    if task.state.exists() and (found := _notes(task.state)) and found["base"] != task.base_hash:
        raise BaseChanged(path=task.base, found=task.base_hash[:12], expected=str(found["base"])[:12])


def learn(
    task: Task, lessons: Sequence[Lesson], tell: Callable[[Progress], None], stopped: Callable[[], bool]
) -> Learned | None:
    """Learn, or go on learning; None when ``stopped`` said so, and then what was learned is saved.

    :raises BaseUnreadable, LearningFailed, NoRoomForFile, FileNotWritten:
    """
    plan = batches([len(one.read) + len(one.said) for one in lessons], task.strength.epochs, task.key)
    learner = _Learner(task)
    step = learner.restore()
    began = time.monotonic()
    tokens = 0
    for place in range(step, len(plan)):
        batch = [lessons[at] for at in plan[place]]
        learner.step(batch, rate_at(place, len(plan), task.strength))
        tokens += sum(len(one.read) + len(one.said) for one in batch)
        learner.tokens += sum(len(one.read) + len(one.said) for one in batch)
        passed = max(time.monotonic() - began, 1e-6)
        left = passed / (place + 1 - step) * (len(plan) - place - 1)
        tell(Progress("learning", place + 1, len(plan), learner.curve[-1], tokens / passed, left))
        is_last = place + 1 == len(plan)
        halt = stopped()
        if is_last or halt or (place + 1) % SAVED_EVERY == 0:
            learner.seconds += time.monotonic() - learner.since
            learner.since = time.monotonic()
            learner.save(place + 1)
        if halt and not is_last:
            return None
    return Learned(learner.arrays(), tuple(learner.curve), learner.tokens, learner.seconds)


class _Learner:
    """A model with an adapter, and where its learning stands."""

    def __init__(self, task: Task) -> None:
        self._task = task
        torch = _torch()
        torch.manual_seed(int(task.key[:8], 16))  # the A halves begin as noise
        torch.set_num_threads(look(task.state.parent).threads_for(1))
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = with_adapter(read_base(task.base, self._device), task.strength)
        self._model.train()
        self._own = [one for one in self._model.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(self._own, lr=task.strength.rate, weight_decay=DECAY)
        self.curve: list[float] = []
        self.tokens = 0
        self.seconds = 0.0
        self.since = time.monotonic()

    def step(self, batch: Sequence[Lesson], rate: float) -> None:
        torch = _torch()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = batch_loss(self._model, batch, self._device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._own, CLIP)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.curve.append(float(loss.detach()))
        if not math.isfinite(self.curve[-1]):
            raise LearningFailed(why=f"after {len(self.curve)} steps the loss was no number any more")

    def save(self, step: int) -> None:
        """Write adapter, moments and place; the old state stays until the new one is whole."""
        from safetensors.torch import save

        whole = {f"adapter/{name}": value for name, value in self._adapter().items()}
        for at, parameter in enumerate(self._own):
            for key, value in self._optimizer.state[parameter].items():
                whole[f"moment/{at}/{key}"] = value
        whole = {key: value.detach().cpu().contiguous().clone() for key, value in whole.items()}
        notes = {
            "base": self._task.base_hash,
            "key": self._task.key,
            "step": step,
            "curve": self.curve,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        data = save(whole, {"notes": json.dumps(notes)})
        with write_whole(self._task.state) as file:
            file.write(data)

    def restore(self) -> int:
        """Go on where a state of the same key stands; the next step, from 0."""
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        notes = _notes(self._task.state)
        if notes is None or notes["key"] != self._task.key or notes["base"] != self._task.base_hash:
            return 0
        saved = load_file(self._task.state, device=self._device)
        set_peft_model_state_dict(self._model, _under(saved, "adapter/"))
        state = {at: _under(saved, f"moment/{at}/") for at in range(len(self._own))}
        for moments in state.values():
            moments["step"] = moments["step"].cpu()
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": state})
        self.curve, self.tokens, self.seconds = list(notes["curve"]), notes["tokens"], notes["seconds"]
        return int(notes["step"])

    def arrays(self) -> dict[str, Any]:
        """The adapter as numpy arrays of float32."""
        return {name: value.detach().float().cpu().numpy() for name, value in self._adapter().items()}

    def _adapter(self) -> dict[str, Any]:
        from peft import get_peft_model_state_dict

        found: dict[str, Any] = get_peft_model_state_dict(self._model)
        return found


def read_base(path: Path, device: str) -> Any:
    """The model that llama.cpp runs, for torch: on a GPU in bfloat16, else in float32.

    :raises BaseUnreadable:
    """
    torch = _torch()
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    try:
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=kind, local_files_only=True
        )
    except Exception as error:  # the library raises what its many readers happen to raise
        raise BaseUnreadable(
            path=path, why=str(error).splitlines()[0] if str(error) else type(error).__name__
        ) from error
    return model.to(device)


def with_adapter(model: Any, strength: Strength) -> Any:
    """The model with an adapter beside every linear projection but the last one, which gives the words."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=strength.rank, lora_alpha=strength.alpha, target_modules="all-linear", task_type="CAUSAL_LM", lora_dropout=0.0
    )
    return get_peft_model(model, config)


def batch_loss(model: Any, batch: Sequence[Lesson], device: str) -> Any:
    """The mean loss of the answers' tokens. Lessons are filled up at their start, so that answers end together and the
    costly last layer is asked for them alone.
    """
    torch = _torch()
    longest = max(len(one.read) + len(one.said) for one in batch)
    kept = max(len(one.said) for one in batch) + 1
    tokens = torch.zeros((len(batch), longest), dtype=torch.long)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    weights = torch.zeros((len(batch), kept - 1))
    for row, one in enumerate(batch):
        whole = [*one.read, *one.said]
        tokens[row, longest - len(whole) :] = torch.tensor(whole)
        mask[row, longest - len(whole) :] = 1
        weights[row, kept - 1 - len(one.said) :] = one.weight
    places = (mask.cumsum(1) - 1).clamp(min=0)
    tokens, mask, places, weights = (one.to(device) for one in (tokens, mask, places, weights))
    with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        logits = model(
            input_ids=tokens, attention_mask=mask, position_ids=places, logits_to_keep=kept, use_cache=False
        ).logits
    wanted = tokens[:, longest - kept + 1 :]
    each = torch.nn.functional.cross_entropy(logits[:, :-1].float().transpose(1, 2), wanted, reduction="none")
    return (each * weights).sum() / weights.sum()


def _torch() -> Any:
    # transformers looks for torchaudio, and where that does not fit this torch, it would end everything. There is no
    # sound here.
    sys.modules.setdefault("torchaudio", None)  # type: ignore[arg-type]
    import torch

    return torch


def _notes(path: Path) -> dict[str, Any] | None:
    """What a state says of itself; None where there is none that can be read, and then learning begins anew."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        return None
    try:
        with reading(path), safe_open(path, framework="pt") as file:
            notes: dict[str, Any] = json.loads(file.metadata()["notes"])
            return notes
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None


def _under(tensors: dict[str, Any], start: str) -> dict[str, Any]:
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
