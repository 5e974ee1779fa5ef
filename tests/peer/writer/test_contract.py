"""Every writer does what writers do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from peer.writer.contract import Writer
from peer.writer.local import LocalWriter
from peer.writer.openai import EndpointWriter
from tests.kit.contract_writer import WriterContract
from tests.kit.model_server import MODEL, model_server
from tests.kit.scripted_writer import ScriptedWriter

KEY = "sk-harbour-1729"


class TestTheEmbeddedModel(WriterContract):
    @pytest.fixture
    async def writer(self) -> AsyncIterator[Writer]:
        one = LocalWriter(None, threads=1)
        await one.load()
        yield one
        await one.aclose()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with model_server(KEY) as address:
        yield address


class TestAModelServer(WriterContract):
    @pytest.fixture
    async def writer(self, address: str) -> AsyncIterator[Writer]:
        one = EndpointWriter(address, model=MODEL, key=KEY)
        await one.load()
        yield one
        await one.aclose()


class TestTheScriptedWriter(WriterContract):
    @pytest.fixture
    async def writer(self) -> AsyncIterator[Writer]:
        one = ScriptedWriter()
        await one.load()
        yield one
        await one.aclose()
