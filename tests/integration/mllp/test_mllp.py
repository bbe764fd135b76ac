"""The listener over real sockets and stores: AA means durable, and everything else means repeat or mend."""

from __future__ import annotations

import asyncio
from asyncio import IncompleteReadError

import pytest
from sqlalchemy import select, text

from shared.database import Database
from shared.tasks.schema import idempotency_keys, rejected_messages, task_sources, tasks
from tests.fixtures.hl7 import NAMES, read_message
from tests.integration.mllp.conftest import Connect, Start
from tests.integration.mllp.sender import Sender, hemogram
from workers.mllp_framing import framed
from workers.mllp_server import MllpServer

SENDERS = 16


def task_ids(store: Database) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(tasks.c.id).order_by(tasks.c.id)).scalars())


def reasons(store: Database) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(rejected_messages.c.reason)).scalars())


@pytest.mark.parametrize("name", NAMES)
async def test_an_accepted_message_is_a_task_with_its_source(
    name: str, store: Database, start: Start, connect: Connect
):
    sender = await connect(await start())
    answer = await sender.send(read_message(name))
    assert answer.segment("MSA").text(1) == "AA"
    with store.read() as connection:
        row = connection.execute(select(tasks)).one()
        source = connection.execute(select(task_sources)).one()
    assert row.id == answer.segment("MSA").text(3)
    assert (row.status, row.origin, row.publish_at <= row.created_at) == ("pending", "mllp", True)
    assert name.endswith(f"_{row.event}.hl7")
    assert row.patient_cpf is not None and "529" not in row.patient_cpf
    assert (source.media_type, source.body) == ("application/hl7-v2", read_message(name))
    assert source.report["mapeados"]


async def test_the_same_message_again_is_the_same_task(store: Database, start: Start, connect: Connect):
    server = await start()
    senders = [await connect(server) for _ in range(SENDERS)]
    answers = await asyncio.gather(*(sender.send(hemogram()) for sender in senders))
    assert {answer.segment("MSA").text(1) for answer in answers} == {"AA"}
    assert {answer.segment("MSA").text(3) for answer in answers} == set(task_ids(store))
    assert len(task_ids(store)) == 1


async def test_the_same_control_id_with_another_content_is_an_error(store: Database, start: Start, connect: Connect):
    sender = await connect(await start())
    assert await sender.code(hemogram()) == "AA"
    answer = await sender.send(hemogram().replace(b"||10.2|", b"||10.4|"))
    assert (answer.segment("MSA").text(1), answer.segment("ERR").text(3)) == ("AE", "205")
    assert (len(task_ids(store)), reasons(store)) == (1, ["hl7_controle_repetido"])


async def test_answers_come_in_the_order_of_the_messages(store: Database, start: Start, connect: Connect):
    sender = await connect(await start())
    sent = [f"C{number}" for number in range(20)]
    await sender.raw(b"".join(framed(hemogram(control)) for control in sent))
    assert [(await sender.answer()).segment("MSA").text(2) for _ in sent] == sent
    assert len(task_ids(store)) == len(sent)


@pytest.mark.parametrize(
    ("old", "new", "code", "reason", "domain"),
    [
        (b"ORU^R01^ORU_R01", b"QRY^A19", "AR", "hl7_tipo_nao_aceito", "mllp"),
        (b"ORU^R01^ORU_R01", b"ORU^R30", "AR", "hl7_evento_nao_aceito", "mllp"),
        (b"529.982.247-25", b"529.982.247-26", "AE", "hl7_valor_invalido", "exames"),
        (b"\nPID|", b"\nZID|", "AE", "hl7_segmento_ausente", "exames"),
        (b"Marina", b"Marin\xe1", "AE", "hl7_codificacao_invalida", "exames"),
        (b"MSH|", b"XYZ|", "AR", "hl7_msh_ausente", "mllp"),
        (b"\nOBR|", b"\nZBR|", "AE", "hl7_segmento_ausente", "exames"),
    ],
)
async def test_what_is_refused_is_kept_once_and_named(
    old: bytes, new: bytes, code: str, reason: str, domain: str, store: Database, start: Start, connect: Connect
):
    sender = await connect(await start())
    message = hemogram().replace(old, new)
    assert [await sender.code(message) for _ in range(2)] == [code, code]
    with store.read() as connection:
        row = connection.execute(select(rejected_messages)).one()
    assert (row.reason, row.domain, row.body) == (reason, domain, message)
    assert row.copied_at is not None, "the relay has no copy to make: it did not come from a broker"
    assert "Marina" not in row.detail and "529" not in row.detail
    assert task_ids(store) == []
    assert await sender.code(hemogram("NEXT")) == "AA", "the connection goes on"


async def test_bytes_without_framing_are_answered_and_the_connection_ends(
    store: Database, start: Start, connect: Connect
):
    sender = await connect(await start())
    await sender.raw(b"MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5\r")
    assert (await sender.answer()).segment("ERR").text(5) == "sem_moldura"
    assert await sender.hung_up()
    assert reasons(store) == ["hl7_sem_moldura"]


async def test_a_message_with_a_frame_in_it_is_answered_once_and_the_connection_ends(
    store: Database, start: Start, connect: Connect
):
    """A second answer, for the rest of it, would be taken for the one of the sender's next message."""
    server = await start()
    sender = await connect(server)
    await sender.raw(framed(hemogram().replace(b"Marina", b"Mar\x0bina")) + framed(hemogram("NEXT")))
    assert (await sender.answer()).segment("ERR").text(5) == "segmento_truncado"
    assert await sender.hung_up()
    assert (reasons(store), task_ids(store)) == (["hl7_segmento_truncado"], [])
    assert await (await connect(server)).code(hemogram("NEXT")) == "AA"


async def test_ten_megabytes_are_refused_and_the_next_message_is_read(store: Database, start: Start, connect: Connect):
    sender = await connect(await start())
    answer = await sender.send(hemogram() + b"NTE|1||" + b"x" * 10_000_000)
    assert (answer.segment("MSA").text(1), answer.segment("ERR").text(5)) == ("AR", "mensagem_grande")
    assert await sender.code(hemogram("NEXT")) == "AA"
    with store.read() as connection:
        assert len(connection.execute(select(rejected_messages.c.body)).scalar_one()) == 65_536


async def test_a_store_that_is_away_means_no_answer_and_one_task_in_the_end(
    store_urls: dict[str, str], store_url: str, store: Database, start: Start, connect: Connect
):
    if store_url != store_urls["postgresql"]:
        return  # SQLite's file has no way to be away
    server = await start()
    first = await connect(server)
    assert await first.code(hemogram("BEFORE")) == "AA"
    administrator = Database(store_url.rsplit("/", 1)[0] + "/postgres", pooled=False)
    close_doors(administrator, store)
    with pytest.raises(IncompleteReadError):
        await first.send(hemogram())
    second = await connect(server)
    with pytest.raises(IncompleteReadError):
        await second.send(hemogram("REFUSED").replace(b"ORU^R01", b"QRY^A19"))
    allow_connections(administrator, True)
    third = await connect(server)
    assert [await third.code(hemogram()) for _ in range(2)] == ["AA", "AA"]
    administrator.close()
    assert len(task_ids(store)) == 2


def close_doors(administrator: Database, store: Database) -> None:
    store.close()
    allow_connections(administrator, False)
    with administrator.write() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mllp'"))


def allow_connections(administrator: Database, allowed: bool) -> None:
    with administrator.write() as connection:
        connection.execute(text(f"ALTER DATABASE mllp ALLOW_CONNECTIONS {str(allowed).lower()}"))


async def test_a_message_in_hand_is_answered_before_the_listener_stops(store: Database, start: Start, connect: Connect):
    server = await start()
    port = server.port
    busy, idle = await connect(server), await connect(server)
    assert await idle.code(hemogram("IDLE")) == "AA"
    with store.write() as connection:
        if store.is_postgresql:
            connection.execute(text("LOCK TABLE idempotency_keys"))
        await busy.raw(framed(hemogram()))
        await in_hand(server)
        stopping = asyncio.create_task(server.stop())
        assert await idle.hung_up(), "whoever has nothing in hand is let go at once"
        assert not stopping.done()
    assert (await busy.answer()).segment("MSA").text(1) == "AA"
    await stopping
    assert len(task_ids(store)) == 2
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def in_hand(server: MllpServer) -> None:
    """Wait until the listener works on a message."""
    for _ in range(3000):
        if any(session.busy for session in server._sessions.values()):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the message never came into the listener's hand")


@pytest.mark.parametrize("settings", [{"mllp_frame_s": 2.0}, {"mllp_idle_s": 2.0}], ids=["slow", "idle"])
async def test_who_is_slow_or_silent_is_let_go_and_holds_nobody_up(
    settings: dict[str, float], start: Start, connect: Connect
):
    server = await start(**settings)
    slow = await connect(server)
    if "mllp_frame_s" in settings:
        await slow.raw(b"\x0bMSH|^~")
    other = await connect(server)
    assert await other.code(hemogram()) == "AA"
    assert await slow.hung_up()


async def test_a_drip_of_bytes_does_not_extend_a_messages_time(start: Start, connect: Connect):
    slow = await connect(await start(mllp_frame_s=0.3))

    async def drip() -> None:
        await slow.raw(b"\x0b")
        while True:
            await slow.raw(b"M")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    try:
        assert await slow.hung_up()
    finally:
        dripping.cancel()


async def test_one_connection_more_than_allowed_is_closed(start: Start, connect: Connect):
    server = await start(mllp_max_connections=1)
    first = await connect(server)
    assert await first.code(hemogram()) == "AA"
    assert await (await connect(server)).hung_up()
    assert await first.code(hemogram()) == "AA"


async def test_a_network_that_is_not_allowed_is_closed(start: Start, connect: Connect):
    assert await (await connect(await start(mllp_allowed_networks=["10.0.0.0/8"]))).hung_up()
    inside = await connect(await start(mllp_allowed_networks=["127.0.0.0/8"]))
    assert await inside.code(hemogram()) == "AA"


@pytest.mark.parametrize(("allowed", "code"), [(["OUTRO"], "AR"), (["LIS-CENTRAL"], "AA"), (["LIS-CENTRAL|LAB"], "AA")])
async def test_a_sender_that_is_not_allowed_is_rejected(allowed: list[str], code: str, start: Start, connect: Connect):
    sender = await connect(await start(mllp_allowed_senders=allowed))
    assert await sender.code(hemogram()) == code


async def test_a_forgotten_key_does_not_hinder_a_new_task(store: Database, start: Start, connect: Connect):
    sender: Sender = await connect(await start())
    assert await sender.code(hemogram()) == "AA"
    with store.write() as connection:
        connection.execute(idempotency_keys.delete())
    assert await sender.code(hemogram()) == "AA"
    assert len(task_ids(store)) == 2
