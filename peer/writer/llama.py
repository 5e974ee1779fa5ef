"""A model in this process, through llama.cpp. The only file that imports llama_cpp.

Rules of this file:
- One thread at a time may call an Engine.
- The model keeps what it has read. A prompt is compared with that, and only what differs is read.
- Prompts are read in small batches; between two of them, and between two tokens, the caller may stop.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import functools
import importlib.util
import io
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peer.prompt import Prompt, as_text
from peer.writer.errors import AdapterWrong, LlamaMissing, ModelFailed, ModelFileWrong

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 64  # tokens read at a time: how long a cancelled pre-read may go on
COUNTED = 4_096  # texts whose token counts are remembered
MEMORY = 512  # tokens said before that a reply should not repeat
FRESH = 48  # tokens said last whose words a reply should avoid
DRY_BASE = 1.75  # the penalty for going on with a repetition grows so with each token
ECHO_FREE = 2  # tokens in a row that may be repeated of what others said, and within one reply
HABIT_FREE = 5  # of the character's own earlier lines: a favourite phrase is not a fault
BREAKERS = (b"\n", b":", b'"', b"*")  # a repetition does not reach across these
ERROR_LEVEL = 4  # GGML_LOG_LEVEL_ERROR

logger = logging.getLogger(__name__)
_complaints: deque[str] = deque(maxlen=8)


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn. ``repeat`` and ``dry`` keep words and phrases from coming again (1.0, 0.0: off).

    These values were found by reading some hundred replies of the embedded model: warmer, or with more ``repeat``, it
    wanders; cooler, or with less, it says the narration back.
    """

    temperature: float = 0.65
    min_p: float = 0.08
    repeat: float = 1.03
    dry: float = 0.8
    seed: int = 0


def llama_missing() -> bool:
    """Is llama-cpp-python absent?"""
    return importlib.util.find_spec("llama_cpp") is None


class Engine:
    """One model in memory. ``threads`` at least 1; ``context`` is the most tokens of prompt and reply together.

    :raises LlamaMissing: llama-cpp-python is not installed.
    :raises ModelFileWrong: llama.cpp cannot use the file.
    """

    def __init__(self, path: Path, *, threads: int, context: int) -> None:
        if llama_missing():
            raise LlamaMissing()
        import llama_cpp

        self._api: Any = llama_cpp
        self._api.llama_log_set(_log_callback(), ctypes.c_void_p(0))
        _complaints.clear()
        gpu_layers = -1 if llama_cpp.llama_supports_gpu_offload() else 0
        try:
            # "verbose" keeps llama-cpp-python from pointing the whole process's stdout and stderr at /dev/null.
            with _aside():
                self._llm: Any = llama_cpp.Llama(
                    str(path), n_ctx=context, n_batch=BATCH if not gpu_layers else 512, n_gpu_layers=gpu_layers,
                    n_threads=threads, n_threads_batch=threads, verbose=True,
                )  # fmt: skip
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            raise ModelFileWrong(path=path, why=next(iter(_complaints), None) or str(error) or "unknown") from error
        self._llm.verbose = False
        self.context: int = self._llm.n_ctx()
        self.parameters: int = llama_cpp.llama_model_n_params(self._llm.model)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._llm.model)
        self._template = self._chat_template()
        self._name = path.stem
        self._phrases: dict[tuple[float, int], Any] = {}  # by strength and free length: two for each sampling in use
        self.count = functools.lru_cache(COUNTED)(lambda text: len(self._tokens(text)))

    @property
    def has_template(self) -> bool:
        """Does the model say how a conversation is put to it?"""
        return self._template is not None

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself, as "general.architecture"."""
        return dict(self._llm.metadata)

    def tokens_of(self, prompt: Prompt, name: str) -> list[int]:
        """The prompt as the model reads it: in its chat template, else as the page of a play."""
        return self._continued(prompt, name, "")

    def lesson_of(self, prompt: Prompt, name: str, answer: str) -> tuple[list[int], list[int]]:
        """The prompt as the model reads it, and ``answer`` as it would then say it, with the end of its turn."""
        read = self.tokens_of(prompt, name)
        spoken = answer + prompt.opening + ("" if self.has_template else "\n")
        both = self._continued(prompt, name, spoken)
        said = both[len(read) :] if both[: len(read)] == read else self._tokens(spoken)
        turn, text = self._api.llama_vocab_eot(self._vocabulary), self._llm.token_eos()
        end = turn if turn >= 0 else text
        return read, [*said, end] if self.has_template and end >= 0 else said

    def after(self, tokens: Sequence[int], first: int = 0) -> NDArray[Any]:
        """The logits of what would follow each token from place ``first`` on, one row a token."""
        import numpy

        self._llm.reset()
        rows = []
        for at in range(0, len(tokens), self._llm.n_batch):
            logits = self._logits(tokens[at : at + self._llm.n_batch])
            rows.append(logits[max(0, first - at) :].copy())
        return numpy.concatenate(rows)

    def adapt(self, adapter: Path | None, scale: float = 1.0) -> None:
        """Think with this adapter (a GGUF file) from now on, or with none. What was read is forgotten.

        :raises AdapterWrong: the file is none, or not one of this model's; then there is none.
        """
        api, context = self._api, self._llm.ctx
        self._llm.reset()
        api.llama_memory_clear(api.llama_get_memory(context), True)
        self._is_fresh = False
        api.llama_set_adapters_lora(context, None, 0, None)
        if self._adapter is not None:
            api.llama_adapter_lora_free(self._adapter)
            self._adapter = None
        if adapter is None:
            return
        _complaints.clear()
        worn = api.llama_adapter_lora_init(self._llm.model, str(adapter).encode()) if adapter.is_file() else None
        if not worn:  # None, or a pointer to nothing
            raise AdapterWrong(path=adapter, why=next(iter(_complaints), None) or "there is no such file")
        self._adapter = worn
        one, scales = (api.llama_adapter_lora_p_ctypes * 1)(worn), (ctypes.c_float * 1)(scale)
        if api.llama_set_adapters_lora(context, one, 1, scales):
            raise AdapterWrong(path=adapter, why="llama.cpp does not take it")

    def read(self, tokens: Sequence[int], go_on: Callable[[], bool]) -> bool:
        """Read a prompt; False when ``go_on`` said no between two batches. What was read is kept either way."""
        llm = self._llm
        known = llm.input_ids[: llm.n_tokens].tolist()
        same = next((at for at, (a, b) in enumerate(zip(known, tokens, strict=False)) if a != b), None)
        same = min(len(known), len(tokens)) if same is None else same
        if same == len(known) == len(tokens) and self._is_fresh:
            return True
        same = min(same, len(tokens) - 1)  # the last token is read again: the next one is drawn from what it leaves
        memory = self._api.llama_get_memory(llm.ctx)
        if same < len(known) and not self._api.llama_memory_seq_rm(memory, 0, same, -1):
            llm.reset()  # models with a running state cannot forget a part
            same = 0
        llm.n_tokens = same
        self._is_fresh = False
        for start in range(same, len(tokens), llm.n_batch):
            if not go_on():
                return False
            self._evaluate(tokens[start : start + llm.n_batch])
        self._is_fresh = True
        return True

    def pieces(self, sampling: Sampling, told: Sequence[str], own: Sequence[str]) -> Iterator[str]:
        """The reply to what was read last, one piece a token ("" while a character is incomplete), until its end.

        ``told`` is what others said, and must not come back; in ``own`` lines a favourite phrase may.
        """
        chain = self._sampler(sampling, told, own)
        try:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while self._llm.n_tokens < self.context:
                token = self._api.llama_sampler_sample(chain, self._llm.ctx, -1)
                if self._api.llama_vocab_is_eog(self._vocabulary, token):
                    return
                yield decoder.decode(self._llm.detokenize([token]))
                if self._llm.n_tokens < self.context:
                    self._evaluate([token])
        finally:
            self._api.llama_sampler_free(chain)

    def try_one(self) -> None:
        """Make one token; what was read is kept."""
        known = self._llm.input_ids[: self._llm.n_tokens].tolist() or self._tokens("Once", begin=True)
        self._is_fresh = False
        self.read(known, lambda: True)
        next(self.pieces(Sampling(), (), ()), None)
        self.read(known, lambda: True)

    def close(self) -> None:
        """Give the memory back."""
        while self._phrases:
            self._api.llama_sampler_free(self._phrases.popitem()[1])
        self._adapter = None  # it goes with its model
        self._llm.close()

    _adapter: Any = None
    _is_fresh = False  # does the model stand right behind the last token of what was read?

    def _evaluate(self, tokens: Sequence[int]) -> None:
        try:
            self._llm.eval(tokens)
        except (RuntimeError, AssertionError) as error:
            self._llm.reset()
            self._is_fresh = False
            raise ModelFailed(name=self._name, why=str(error) or "it could not go on") from error

    def _logits(self, tokens: Sequence[int]) -> NDArray[Any]:
        """Read at most one batch; rows of logits, in llama.cpp's memory: they hold until it reads again."""
        import numpy

        llm = self._llm
        llm._batch.set_batch(list(tokens), llm.n_tokens, True)
        self._is_fresh = False
        llm._ctx.kv_cache_seq_rm(-1, llm.n_tokens, -1)
        try:
            llm._ctx.decode(llm._batch)
        except RuntimeError as error:
            llm.reset()
            raise ModelFailed(name=self._name, why=str(error) or "it could not go on") from error
        llm.input_ids[llm.n_tokens : llm.n_tokens + len(tokens)] = tokens
        llm.n_tokens += len(tokens)
        rows = len(tokens), llm.n_vocab()
        return numpy.ctypeslib.as_array(llm._ctx.get_logits(), shape=(rows[0] * rows[1],)).reshape(rows)

    def _continued(self, prompt: Prompt, name: str, spoken: str) -> list[int]:
        if self._template is None:
            return self._tokens(as_text(prompt, name) + spoken, begin=True)
        return self._tokens(self._conversation(prompt) + prompt.opening + spoken, special=True)

    def _tokens(self, text: str, *, begin: bool = False, special: bool = False) -> list[int]:
        found: list[int] = self._llm.tokenize(text.encode("utf-8", "replace"), add_bos=begin, special=special)
        return found

    def _sampler(self, sampling: Sampling, told: Sequence[str], own: Sequence[str]) -> Any:
        api = self._api
        function, values = api.llama_sampler_init_penalties, (FRESH, sampling.repeat, 0.0, 0.0)
        # Some versions of llama.cpp ask for the size of the vocabulary first.
        penalties = function(*((self._llm.n_vocab(), *values) if len(function.argtypes) > len(values) else values))
        echoes = api.llama_sampler_clone(self._dry(sampling.dry, ECHO_FREE))
        habits = api.llama_sampler_clone(self._dry(sampling.dry, HABIT_FREE))
        for lines, keeper in ((told, echoes), (own, habits)):
            for token in self._tokens("\n".join(lines))[-MEMORY:]:
                api.llama_sampler_accept(penalties, token)
                api.llama_sampler_accept(keeper, token)
        chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        for part in (
            penalties,
            echoes,
            habits,
            api.llama_sampler_init_top_k(40),
            api.llama_sampler_init_min_p(sampling.min_p, 1),
            api.llama_sampler_init_temp(sampling.temperature),
            api.llama_sampler_init_dist(sampling.seed),
        ):
            api.llama_sampler_chain_add(chain, part)
        return chain

    def _dry(self, strength: float, free: int) -> Any:
        """The part of a sampler that keeps phrases from coming again; making one takes long, copying it does not."""
        key = strength, free
        if key not in self._phrases:
            breakers = (ctypes.c_char_p * len(BREAKERS))(*BREAKERS)
            self._phrases[key] = self._api.llama_sampler_init_dry(
                self._vocabulary, strength, DRY_BASE, free, MEMORY, breakers, len(BREAKERS)
            )
        return self._phrases[key]

    def _chat_template(self) -> Any:
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        source = self._api.llama_model_chat_template(self._llm.model, None)
        if not source:
            return None
        ends: dict[str, Any] = {}
        for key, token in (("eos_token", self._llm.token_eos()), ("bos_token", self._llm.token_bos())):
            text = self._api.llama_vocab_get_text(self._vocabulary, token) if token >= 0 else b""
            ends[key] = (text or b"").decode("utf-8", "replace")
        try:
            return Jinja2ChatFormatter(template=source.decode("utf-8", "replace"), **ends)
        except Exception as error:  # noqa: BLE001 - a template is a program from a stranger's file: it may fail anyhow
            logger.warning("chat template of %s cannot be used: %s", self._llm.model_path, error)
            return None

    def _conversation(self, prompt: Prompt) -> str:
        messages = [{"role": one.role, "content": one.text} for one in prompt.messages]
        try:
            return str(self._template(messages=messages).prompt)
        except Exception as error:  # noqa: BLE001 - as above; the usual reason is that it knows no system message
            logger.info("chat template: %s; trying without a system message", error)
        system, first, *rest = messages
        folded = {"role": "user", "content": f"{system['content']}\n\n{first['content']}"}
        try:
            return str(self._template(messages=[folded, *rest]).prompt)
        except Exception as error:
            raise ModelFailed(name=self._name, why=f"its chat template fails ({error})") from error


@functools.cache
def _log_callback() -> Any:
    """Takes llama.cpp's log lines; kept for ever, because llama.cpp keeps calling it."""
    import llama_cpp

    def take(level: int, text: bytes, _: object) -> None:
        line = text.decode("utf-8", "replace").strip()
        if level == ERROR_LEVEL and line:
            _complaints.append(line)
        logger.debug("%s", line)

    return llama_cpp.llama_log_callback(take)


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """What this thread prints to sys.stderr goes nowhere; other threads' goes where it always did."""
    thread, real = threading.get_ident(), sys.stderr

    class _Aside(io.TextIOBase):
        def write(self, text: str) -> int:
            return len(text) if threading.get_ident() == thread else real.write(text)

        def flush(self) -> None:
            if threading.get_ident() != thread:
                real.flush()

    with contextlib.redirect_stderr(_Aside()):
        yield
