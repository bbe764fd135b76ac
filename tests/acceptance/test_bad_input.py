"""What a caller gets wrong is named, never repeated, and never breaks the API. No worker runs here."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from dev.rabbitmq_node import RabbitNode
from tests.acceptance.hospital import example
from tests.platform import Platform

CANARY = "Zuleica-Canaria-7391846"
JSON = {"Content-Type": "application/json"}
LIMIT = 65_536
HEMOGRAM = example("exames.hemograma")
IMAGE = example("exames.imagem")


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("bad-input")
    running = Platform(rabbit, module_postgres_url, folder, "pika", API_MAX_BODY_BYTES=str(LIMIT))
    try:
        running.start_api()
        yield running
    finally:
        running.close()


def post(platform: Platform, url: str, body: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return platform.client.post(url, content=content, headers=JSON | headers)


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """RFC 9457, with a stable type, and nothing of what was sent."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canaria" not in answer.text.lower()
    assert "7391846" not in answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:plantao:problema:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def fields(problem: dict[str, Any]) -> list[str]:
    assert all(entry["reason"] for entry in problem["errors"])
    return [entry["field"] for entry in problem["errors"]]


Change = Callable[[dict[str, Any]], Any]


def patient(**values: Any) -> Change:
    return lambda body: body["paciente"].update(values)


def result(**values: Any) -> Change:
    return lambda body: body["resultados"][1].update(values)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda body: body.update(campo_novo=CANARY), "campo_novo"),
        (lambda body: body.update({f"<{CANARY}>": 1}), "(nome ilegível)"),
        (lambda body: body.pop("resultados"), "resultados"),
        (lambda body: body.update(coleta_em=CANARY), "coleta_em"),
        (lambda body: body.update(paciente=CANARY), "paciente"),
        (patient(cpf="123.456.789-00"), "paciente.cpf"),
        (patient(cpf=CANARY), "paciente.cpf"),
        (patient(cns="7391846"), "paciente.cns"),
        (patient(nome=7391846), "paciente.nome"),
        (patient(nome=CANARY * 100), "paciente.nome"),
        (patient(sexo=CANARY), "paciente.sexo"),
        (patient(data_nascimento="31/02/1980 " + CANARY), "paciente.data_nascimento"),
        (patient(peso_kg=CANARY), "paciente.peso_kg"),
        (patient(peso_kg="1e999999"), "paciente.peso_kg"),
        (patient(recusa_ia=CANARY), "paciente.recusa_ia"),
        (result(unidade=CANARY * 10), "resultados.1.unidade"),
        (result(parametro=CANARY), "resultados.1.parametro"),
        (result(valor={"texto": CANARY}), "resultados.1.valor"),
        (result(valor="9" * 400), "resultados.1.valor"),
        (result(valor=CANARY * 2), "resultados.1.valor_texto"),
        (result(valor=None), "resultados.1.valor_texto"),
        (result(comparador=CANARY), "resultados.1.comparador"),
    ],
)
def test_a_wrong_field_is_named_and_not_repeated(platform: Platform, change: Change, field: str) -> None:
    body = copy.deepcopy(HEMOGRAM.body)
    change(body)
    assert field in fields(assert_problem(post(platform, HEMOGRAM.url, body), 422, "invalid-field"))


@pytest.mark.parametrize(
    "change",
    [
        result(unidade=CANARY),
        result(unidade="g/mL"),
        result(unidade=None),
        result(valor="134"),
        result(valor="NaN"),
        result(valor="-Infinity"),
        result(valor="<5"),
        result(valor=CANARY),
        lambda body: body["resultados"].append({**body["resultados"][1], "valor": "9.1"}),
    ],
)
def test_one_result_that_cannot_be_interpreted_does_not_hold_up_the_others(platform: Platform, change: Change) -> None:
    """What becomes of it is in the result; the platelets in the next line are critical."""
    body = copy.deepcopy(HEMOGRAM.body)
    change(body)
    assert post(platform, HEMOGRAM.url, body).status_code == 202


@pytest.mark.parametrize("kind", ["radiologia-7391846", CANARY, "rx%20y", "%00", "%C3%28", "..%2F..%2Fetc"])
def test_an_unknown_kind_of_image_is_refused(platform: Platform, kind: str) -> None:
    answer = post(platform, f"/api/exames/imagem/{kind}", IMAGE.body)
    if answer.status_code == 404:  # a slash, even an encoded one, leads nowhere
        assert_problem(answer, 404, "not-found")
    else:
        assert fields(assert_problem(answer, 422, "invalid-field")) == ["tipo_exame"]


def test_a_field_of_the_path_may_not_stand_in_the_body(platform: Platform) -> None:
    body = IMAGE.body | {"tipo_exame": CANARY}
    assert fields(assert_problem(post(platform, IMAGE.url, body), 422, "invalid-field")) == ["tipo_exame"]


_TEXT = json.dumps(HEMOGRAM.body)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b'"texto"',
        b"[]",
        _TEXT[:-1].encode(),
        _TEXT.encode() + b"}",
        _TEXT.replace("Marina", "\\ud800").encode(),
        _TEXT.replace("Marina", "Mar\x00ina").encode(),
        _TEXT.encode().replace(b"Marina", b"\xff\xfe"),
        _TEXT.replace('"10.2"', "NaN").encode(),
        _TEXT.replace('"10.2"', "Infinity").encode(),
        _TEXT.replace('"10.2"', "1e400").encode(),
        _TEXT.replace('"10.2"', "9" * 5000).encode(),
        _TEXT.replace('"10.2"', "[" * 5000 + "]" * 5000).encode(),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        _TEXT.encode("utf-16"),
        b"\xef\xbb\xbf" + b"{}",
    ],
    ids=lambda content: repr(content[:12]) + str(len(content)),
)
@pytest.mark.parametrize("url", [HEMOGRAM.url, IMAGE.url])
def test_an_unreadable_body_is_a_problem_not_an_error(platform: Platform, url: str, content: bytes) -> None:
    answer = post(platform, url, content)
    kind = {400: "malformed-body", 422: "invalid-field"}
    assert answer.status_code in kind
    assert_problem(answer, answer.status_code, kind[answer.status_code])
    assert "Marina" not in answer.text


@pytest.mark.parametrize("where", ["nome", "prontuario"])
def test_a_nul_character_is_refused_at_the_door(platform: Platform, where: str) -> None:
    """PostgreSQL cannot keep one: accepted, it would fail later and elsewhere."""
    body = copy.deepcopy(HEMOGRAM.body)
    body["paciente"][where] = "Ana\x00 Canaria"
    answer = post(platform, HEMOGRAM.url, body)
    assert fields(assert_problem(answer, 422, "invalid-field")) == [f"paciente.{where}"]


def test_a_body_over_the_limit_is_refused_announced_or_not(platform: Platform) -> None:
    body = json.dumps({"texto": CANARY + "x" * LIMIT}).encode()
    announced = post(platform, "/api/eco/", body)
    assert_problem(announced, 413, "body-too-large")

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    assert_problem(platform.client.post("/api/eco/", content=pieces(), headers=JSON), 413, "body-too-large")
    assert post(platform, "/api/eco/", {"texto": "ainda responde"}).status_code == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json"])
def test_another_content_type_is_refused(platform: Platform, kind: str) -> None:
    answer = platform.client.post("/api/eco/", content=b'{"texto": "x"}', headers={"Content-Type": kind})
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_by_any_of_its_names_is_taken(platform: Platform, kind: str) -> None:
    answer = platform.client.post("/api/eco/", content=b'{"texto": "x"}', headers={"Content-Type": kind})
    assert answer.status_code == 202


@pytest.mark.parametrize(("method", "url"), [("GET", "/api/eco/"), ("DELETE", "/api/eco/"), ("PUT", "/api/tasks/x")])
def test_another_method_is_a_problem_too(platform: Platform, method: str, url: str) -> None:
    answer = platform.client.request(method, url)
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "url", [f"/api/{CANARY}", f"/api/eco/{CANARY}/", "/api/tasks/%00", "/api/tasks/%FF", "/%2e%2e"]
)
def test_an_unknown_path_is_a_problem_too(platform: Platform, url: str) -> None:
    assert_problem(platform.client.get(url) if "tasks" in url else post(platform, url, {}), 404, "not-found")


@pytest.mark.parametrize("cursor", ["%00", "AAAA", "lixo", "MjAyNi0wMS0wMSAA", "é"])
def test_an_impossible_cursor_is_refused(platform: Platform, cursor: str) -> None:
    answer = platform.client.get(f"/api/rejected?cursor={cursor}")
    assert fields(assert_problem(answer, 422, "invalid-field")) == ["cursor"]


def test_nothing_that_was_refused_is_in_the_log(platform: Platform) -> None:
    """Runs last: everything above has been sent."""
    assert not re.search("canaria|7391846|unexpected_error", platform.full_log(), re.IGNORECASE)
