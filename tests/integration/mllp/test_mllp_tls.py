"""TLS as an operator sets it up: certificates of both sides, and nothing in the clear."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.mllp_send import exchange
from shared.database import Database
from shared.hl7.message import parse
from tests.integration.mllp.certificates import Authority, Identity
from tests.integration.mllp.conftest import Start
from tests.integration.mllp.sender import hemogram
from tests.integration.mllp.test_mllp import task_ids
from workers import mllp_metrics

Tls = Callable[[Identity | None], ssl.SSLContext]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "hospital")


@pytest.fixture(scope="module")
def listener(hospital: Authority) -> dict[str, Path]:
    """The settings of a listener that speaks TLS."""
    own = hospital.issue("listener")
    return {"mllp_tls_cert": own.cert, "mllp_tls_key": own.key}


@pytest.fixture
def tls(hospital: Authority) -> Tls:
    """A sender's side, with or without a certificate of its own."""

    def made(own: Identity | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=hospital.cert)
        if own:
            context.load_cert_chain(own.cert, own.key)
        return context

    return made


def refused_handshakes() -> float:
    return mllp_metrics.CONNECTIONS_REFUSED.labels("tls_handshake_failed")._value.get()


async def code(port: int, context: ssl.SSLContext | None) -> str:
    [answer] = await exchange("127.0.0.1", port, [hemogram()], context)
    return parse(answer).segment("MSA").text(1)


async def test_a_sender_that_trusts_the_authority_is_answered(
    listener: dict[str, Path], tls: Tls, store: Database, start: Start
):
    server = await start(**listener)
    assert await code(server.port, tls(None)) == "AA"
    assert len(task_ids(store)) == 1


async def test_plain_text_is_refused_and_counted(listener: dict[str, Path], store: Database, start: Start):
    server = await start(**listener)
    before = refused_handshakes()
    with pytest.raises(OSError):
        await code(server.port, None)
    assert refused_handshakes() == before + 1
    assert task_ids(store) == []


async def test_a_certificate_is_demanded_and_must_be_of_the_authority(
    hospital: Authority, listener: dict[str, Path], tls: Tls, store: Database, start: Start, tmp_path: Path
):
    server = await start(**listener, mllp_tls_client_ca=hospital.cert)
    before = refused_handshakes()
    stranger = Authority(tmp_path, "stranger").issue("sender")
    for context in (tls(None), tls(stranger)):
        with pytest.raises(OSError):
            await code(server.port, context)
    assert refused_handshakes() == before + 2
    assert await code(server.port, tls(hospital.issue("sender"))) == "AA"
    assert len(task_ids(store)) == 1


async def test_old_versions_of_tls_are_refused(listener: dict[str, Path], tls: Tls, start: Start):
    server = await start(**listener)
    old = tls(None)
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        await code(server.port, old)


async def test_one_failed_handshake_holds_nobody_up(listener: dict[str, Path], tls: Tls, start: Start):
    server = await start(**listener)
    _, silent = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        assert await code(server.port, tls(None)) == "AA"
    finally:
        silent.close()


async def test_a_file_that_is_not_there_is_named(listener: dict[str, Path], start: Start, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="MLLP_TLS_KEY"):
        await start(**listener | {"mllp_tls_key": tmp_path / "none.key"})
