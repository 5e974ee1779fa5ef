"""Which writer a setting names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from peer.writer.contract import Writer
from peer.writer.errors import WriterUnknown
from peer.writer.local import LocalWriter
from peer.writer.openai import EndpointWriter


def open_writer(spec: str, *, threads: int, models: Path, key: str | None) -> Writer:
    """The writer for ``spec``; nothing is loaded yet.

    ``spec`` is "" or "default" (the embedded model), a file ending in .gguf (a relative one stands in ``models``), or
    the address of an OpenAI-compatible server with the model behind #, as http://127.0.0.1:11434/v1#llama3.2.
    ``key`` is that server's API key. ``threads`` is how many cores a model on this machine may keep busy.

    :raises WriterUnknown: for anything else.
    """
    spec = spec.strip()
    if spec in ("", "default"):
        return LocalWriter(None, threads=threads)
    try:
        parts = urlsplit(spec)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise WriterUnknown(spec=spec) from None
    if is_address:
        return EndpointWriter(spec.partition("#")[0], model=parts.fragment, key=key)
    if spec.lower().endswith(".gguf"):
        path = Path(spec).expanduser()
        return LocalWriter(path if path.is_absolute() else models / path, threads=threads)
    raise WriterUnknown(spec=spec)
