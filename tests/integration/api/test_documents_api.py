"""FHIR and HL7 v2 at the same doors as native JSON: accepted with a report, refused with places, repeated safely."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.registry import load_domains, load_hl7
from shared.database import Database
from shared.privacy.blind_index import BlindIndex
from tests.fixtures.fhir import changed, event_of, example, resource
from tests.fixtures.hl7 import HEMOGRAM as HEMOGRAM_MESSAGE
from tests.fixtures.hl7 import read_message
from tests.integration.api.test_spine_api import NOBODY, serving
from tests.integration.store.rows import row
from workers.mllp_intake import Intake

FHIR, HL7 = "application/fhir+json", "application/hl7-v2"
HEMOGRAM, IMAGING = "/api/exames/hemograma", "/api/exames/imagem"
MESSAGE = read_message(HEMOGRAM_MESSAGE)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(monkeypatch, database_url, NOBODY, DOMAIN_PACKAGES='["handlers"]') as made:
        yield made


@pytest.fixture
async def light(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Where the store is not what is tried."""
    settings = {"DOMAIN_PACKAGES": '["handlers"]', "API_MAX_BODY_BYTES": "40000"}
    async with serving(monkeypatch, sqlite_url, NOBODY, **settings) as made:
        yield made


async def sent(client: httpx.AsyncClient, path: str, body: bytes, media: str, **headers: str) -> httpx.Response:
    return await client.post(path, content=body, headers={"Content-Type": media} | headers)


async def test_a_bundle_becomes_a_task_with_its_report_and_its_source(
    client: httpx.AsyncClient, database: Database
) -> None:
    body = example("hemograma")
    answer = await sent(client, HEMOGRAM, body, FHIR)
    accepted = answer.json()
    assert (answer.status_code, accepted["status"]) == (202, "pending")
    assert answer.headers["location"] == accepted["status_url"]
    pairs = {pair["para"]: pair["de"] for pair in accepted["mapeamento"]["mapeados"]}
    assert pairs["paciente.sexo"] == "Bundle.entry[1].resource.gender"
    payload = json.loads(row(database, accepted["task_id"]).payload)
    assert event_of("hemograma").request.model_validate(payload)
    assert "90.0" in [line["valor"] for line in payload["resultados"]]
    task = f"/api/tasks/{accepted['task_id']}"
    assert (await client.get(f"{task}/source")).content == body
    assert (await client.get(f"{task}/mapping")).json() == accepted["mapeamento"]


async def test_the_same_bundle_again_is_the_same_task_and_a_key_overrides_its_own(light: httpx.AsyncClient) -> None:
    first, again = [(await sent(light, HEMOGRAM, example("hemograma"), FHIR)).json() for _ in range(2)]
    assert again["task_id"] == first["task_id"]
    keyed = await sent(light, HEMOGRAM, example("hemograma"), FHIR, **{"Idempotency-Key": "outra"})
    assert keyed.json()["task_id"] != first["task_id"]
    altered = changed("hemograma", lambda b: resource(b, "Patient").update(birthDate="1981-03-15"))
    other = await sent(light, HEMOGRAM, altered, FHIR)
    assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
    native = await light.post(HEMOGRAM, json=event_of("hemograma").example)
    assert native.status_code == 202
    assert "mapeamento" not in native.json()


async def test_a_refusal_names_places_codes_and_what_else_was_read(light: httpx.AsyncClient) -> None:
    body = changed("hemograma", lambda b: resource(b, "Patient").update(birthDate="1981", gender="unknown"))
    answer = await sent(light, HEMOGRAM, body, FHIR)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:plantao:problema:unusable-document")
    assert {(item["field"], item["code"]) for item in problem["errors"]} == {
        ("Bundle.entry[1].resource.birthDate", "valor_invalido"),
        ("paciente.sexo", "campo_ausente"),
    }
    codes = [item["codigo"] for item in problem["mapeamento"]["nao_compreendidos"]]
    assert "genero_sem_correspondencia" in codes
    assert "Marina" not in answer.text


async def test_the_address_decides_the_modality(light: httpx.AsyncClient) -> None:
    assert (await sent(light, f"{IMAGING}/tc", example("imagem"), FHIR)).status_code == 202
    assert (await sent(light, f"{IMAGING}/rm", example("imagem"), FHIR)).status_code == 422
    assert (await sent(light, f"{IMAGING}/planta", example("imagem"), FHIR)).status_code == 422


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("text/xml", 415),
        ("application/fhir+xml", 415),
        (f"{FHIR}; fhirVersion=3.0", 415),
        (f"{FHIR}; fhirVersion=5.0", 415),
        (f"{FHIR}; charset=latin-1", 415),
        (f"{FHIR}; fhirVersion=4.0; charset=utf-8", 202),
        (FHIR.upper(), 202),
    ],
)
async def test_media_types(light: httpx.AsyncClient, media: str, status: int) -> None:
    answer = await sent(light, HEMOGRAM, example("hemograma"), media)
    assert answer.status_code == status
    if media == "text/xml":
        assert answer.json()["detail"].endswith(f"application/json, {FHIR}, {HL7}")


async def test_a_document_sent_as_native_json_is_told_its_own_type(light: httpx.AsyncClient) -> None:
    for body, media in ((example("hemograma"), FHIR), (MESSAGE, HL7)):
        answer = await sent(light, HEMOGRAM, body, "application/json")
        assert (answer.status_code, answer.json()["detail"].split()[-1]) == (415, media)
    # No FHIR there: the refusal stays about the fields.
    assert (await sent(light, "/api/ingestao", example("hemograma"), "application/json")).status_code == 422


async def test_an_event_that_reads_no_documents_says_what_it_takes(light: httpx.AsyncClient) -> None:
    answer = await sent(light, "/api/opme/material", MESSAGE, HL7)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert answer.json()["detail"].endswith(f"application/json, {FHIR}")


async def test_bodies_over_the_limit_and_too_deep(light: httpx.AsyncClient) -> None:
    padded = changed("hemograma", lambda b: b.update(language="x" * 60_000))
    assert (await sent(light, HEMOGRAM, padded, FHIR)).status_code == 413
    deep = await sent(light, HEMOGRAM, b'{"a":' * 5000 + b"1" + b"}" * 5000, FHIR)
    assert (deep.status_code, deep.json()["errors"][0]["field"]) == (422, "Bundle")


async def test_hl7_is_answered_with_an_acknowledgement(client: httpx.AsyncClient, database: Database) -> None:
    first, again = [await sent(client, HEMOGRAM, MESSAGE, HL7) for _ in range(2)]
    assert (first.status_code, first.headers["content-type"].partition(";")[0]) == (202, HL7)
    segments = first.text.split("\r")
    task_id = first.headers["location"].rpartition("/")[2]
    assert segments[1].split("|")[:4] == ["MSA", "AA", MESSAGE.split(b"|")[9].decode(), task_id]
    assert again.headers["location"] == first.headers["location"], "the same control id is the same task"
    assert row(database, task_id).event == "hemograma"
    assert (await client.get(f"/api/tasks/{task_id}/source")).content == MESSAGE


@pytest.mark.parametrize(
    ("path", "name", "value", "other"),
    [
        (HEMOGRAM, "oru_r01_hemograma.hl7", b"||10.2|", b"||10.4|"),
        (f"{IMAGING}/tc", "orm_o01_imagem.hl7", b"||2.1|", b"||2.2|"),
    ],
)
async def test_a_message_is_one_task_whichever_doors_it_comes_through(
    client: httpx.AsyncClient, database: Database, path: str, name: str, value: bytes, other: bytes
) -> None:
    """An interface engine that got no answer over HTTP may repeat over MLLP, and the other way round."""
    message = read_message(name)
    control_id, altered = message.split(b"|")[9], message.replace(value, other)
    assert altered != message
    routing = load_hl7(load_domains(["handlers"]).values(), ["handlers"])
    intake = Intake(database, routing, BlindIndex("key", "default"), [])

    async def over_mllp(body: bytes) -> list[str]:
        return (await intake.answer(body)).decode().split("\r")[1].split("|")

    posted = (await sent(client, path, message, HL7)).headers["location"].rpartition("/")[2]
    assert (await over_mllp(message))[1::2] == ["AA", posted]
    assert (await over_mllp(altered))[1] == "AE"
    second, third = message.replace(control_id, b"SECOND"), altered.replace(control_id, b"SECOND")
    taken = (await over_mllp(second))[3]
    again, refused = [await sent(client, path, body, HL7) for body in (second, third)]
    await intake.close()
    assert (again.status_code, again.headers["location"].rpartition("/")[2]) == (202, taken) != (202, posted)
    assert (refused.status_code, "|205^" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("change", "path", "status", "code"),
    [
        ((b"19810314", b"19819914"), HEMOGRAM, 422, "AE"),
        ((b"MSH", b"HSM"), HEMOGRAM, 422, "AR"),
        ((b"LAB000123", b"LAB000123" + b"x" * 60_000), HEMOGRAM, 413, "AR"),
        ((b"", b""), f"{IMAGING}/rx", 422, "AR"),
    ],
)
async def test_a_refused_message_says_so_in_hl7(
    light: httpx.AsyncClient, change: tuple[bytes, bytes], path: str, status: int, code: str
) -> None:
    answer = await sent(light, path, MESSAGE.replace(*change, 1) if change[0] else MESSAGE, HL7)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, HL7)
    assert f"\rMSA|{code}|" in answer.text
    assert "\rERR|" in answer.text


async def test_hl7_with_json_wanted_is_answered_with_json(light: httpx.AsyncClient) -> None:
    accepted = await sent(light, HEMOGRAM, MESSAGE, HL7, Accept="application/json")
    assert accepted.json()["mapeamento"]["origem"] == "hl7-v2 ORU_R01"
    refused = await sent(
        light, HEMOGRAM, MESSAGE.replace(b"19810314", b"19819914"), HL7, Accept="application/problem+json"
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].startswith("PID")


async def test_the_openapi_document_shows_each_way_in_with_an_example(light: httpx.AsyncClient) -> None:
    paths = (await light.get("/openapi.json")).json()["paths"]
    content = paths["/api/exames/hemograma/"]["post"]["requestBody"]["content"]
    assert list(content) == ["application/json", FHIR, HL7]
    assert content[FHIR]["example"]["resourceType"] == "Bundle"
    assert (await sent(light, HEMOGRAM, content[HL7]["example"].encode(), HL7)).status_code == 202
    assert list(paths["/api/opme/material/"]["post"]["requestBody"]["content"]) == ["application/json", FHIR]
    assert list(paths["/api/ingestao/"]["post"]["requestBody"]["content"]) == ["application/json"]


async def test_the_openapi_document_leaves_nothing_unsaid(light: httpx.AsyncClient) -> None:
    document = (await light.get("/openapi.json")).json()
    schemas, tags = document["components"]["schemas"], [tag["name"] for tag in document["tags"]]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"] and set(operation["tags"]) <= set(tags), (method, path)
            for code, answer in operation["responses"].items():
                kinds = set(answer.get("content", {}))
                # OpenAI's clients read errors of their own shape.
                wanted = "application/json" if path.startswith("/v1/") else "application/problem+json"
                assert code < "400" or path == "/readyz" or wanted in kinds, (method, path, code)
            native = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if native is not None:
                schema = schemas.get(native["schema"].get("$ref", "").rpartition("/")[2], native["schema"])
                assert "example" in native or "example" in schema, (method, path)
    source = document["paths"]["/api/tasks/{task_id}/source"]["get"]["responses"]["200"]["content"]
    assert list(source) == ["application/octet-stream"]
