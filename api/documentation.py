"""The OpenAPI document and its page, served from our own files: a hospital's network has no CDN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.responses import HTMLResponse

from api.chat.requests import ConversationChange, NewConversation, NewMessage
from api.openai.request import ChatCompletionRequest
from api.views import Problem, TaskAccepted
from handlers.registry import load_document_examples, load_readers
from shared.domain import Domain, Event
from shared.interop import FHIR_JSON, HL7_V2
from shared.settings import DomainSettings

ASSETS = "/docs/assets"
_SWAGGER_UI = Path(__file__).parent / "static" / "swagger-ui"
_SCHEMAS = "#/components/schemas/"
_REFUSALS = {
    "400": "Corpo ilegível",
    "409": "Um pedido com esta Idempotency-Key ainda está sendo gravado",
    "413": "Corpo acima do limite",
    "415": "Tipo de conteúdo não aceito",
    "422": "Campo inválido; `errors` diz qual",
    "503": "Nada foi aceito; volte após Retry-After",
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
_BUNDLE: dict[str, Any] = {
    "description": "Bundle FHIR R4 em JSON, UTF-8",
    "type": "object",
    "required": ["resourceType", "type", "entry"],
    "properties": {
        "resourceType": {"const": "Bundle"},
        "type": {"enum": ["collection", "message", "transaction", "batch", "document"]},
        "entry": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}
# In the order in which a person meets them, after the domains.
_TAGS = {
    "Tarefas": "O que aconteceu a cada pedido: situação, resultado, linha do tempo; cancelar e repetir",
    "Revisão": "Um profissional decide sobre o rascunho; o resultado em FHIR e o registro de evidência",
    "Alertas": "Achados críticos que esperam por uma pessoa",
    "Pacientes": "O que se sabe de um paciente em todos os domínios",
    "Arquivos": "Envio de arquivos para a ingestão",
    "Chat": "Conversar com um modelo: docs/chat.md",
    "Modelos": "Os modelos que se pode pedir",
    "OpenAI": "O que qualquer cliente da OpenAI fala: docs/openai-api.md",
    "Operação": "Saúde, métricas e mensagens não compreendidas",
}
_DESCRIPTION = """Sistemas hospitalares entregam trabalho; regras determinísticas encontram, equipes de agentes
explicam, um profissional assina. Todo aceite responde **202** com `status_url`."""


def install(app: FastAPI, settings: DomainSettings, domains: dict[str, Domain]) -> None:
    """Serve `/docs` and `/openapi.json` with a schema and an example for every event."""
    app.mount(ASSETS, StaticFiles(directory=_SWAGGER_UI), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Plantão",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
        )

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, settings, domains)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, settings: DomainSettings, domains: dict[str, Domain]) -> dict[str, Any]:
    tags = [{"name": domain.title} for domain in domains.values()]
    tags += [{"name": name, "description": text} for name, text in _TAGS.items()]
    document = get_openapi(title="Plantão", version=app.version, description=_DESCRIPTION, routes=app.routes, tags=tags)
    schemas = document["components"]["schemas"]
    posted = [event.request for domain in domains.values() for event in domain.events if event.path is not None]
    schemas |= _schemas(posted, "validation")
    schemas |= _schemas([ChatCompletionRequest, ConversationChange, NewConversation, NewMessage], "validation")
    schemas |= _schemas([TaskAccepted, Problem], "serialization")
    for key, domain in domains.items():
        prefix = settings.of(key).prefix or f"/api/{key}"
        readers = load_readers(domain, settings.domain_packages)
        examples = load_document_examples(domain, settings.domain_packages)
        for event in domain.events:
            if event.path is None:
                continue  # its own door describes itself
            _move_path_fields(schemas, event)
            documents = {media: examples.get((event.name, media)) for media in readers.get(event.name, {})}
            document["paths"][f"{prefix}/{event.path}"] = {"post": _operation(domain, event, documents)}
    _remove_foreign_refusals(document)
    return document


def _remove_foreign_refusals(document: dict[str, Any]) -> None:
    """FastAPI promises a 422 of its own shape wherever a path has a parameter; ours have theirs, or none."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _schemas(models: list[type[BaseModel]], mode: JsonSchemaMode) -> dict[str, Any]:
    unique = sorted(set(models), key=lambda model: model.__name__)
    _, schema = models_json_schema([(model, mode) for model in unique], ref_template=f"{_SCHEMAS}{{model}}")
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def _move_path_fields(schemas: dict[str, Any], event: Event) -> None:
    """A field that comes from the path must not be sent in the body."""
    schema = schemas[event.request.__name__]
    for name in event.path_fields:
        schema["properties"].pop(name, None)
        schema["required"] = [field for field in schema["required"] if field != name]


def _operation(domain: Domain, event: Event, documents: dict[str, str | None]) -> dict[str, Any]:
    """What FastAPI cannot see, because the endpoint reads path, headers and body itself."""
    ack = {HL7_V2: {"schema": {"type": "string"}}} if HL7_V2 in documents else {}
    own = event.request.model_json_schema()["properties"]
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": own[name], "example": event.path_example[name]}
        for name in event.path_fields
    ]
    content = {"application/json": {"schema": _reference(event.request), "example": event.example}}
    content |= {media: _foreign(media, text) for media, text in documents.items()}
    return {
        "tags": [domain.title],
        "summary": event.summary,
        "description": event.request.__doc__ or "",
        "operationId": f"{domain.key}.{event.name}",
        "parameters": [*in_path, _IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "202": {
                "description": "Aceito e durável",
                "content": {"application/json": {"schema": _reference(TaskAccepted)}} | ack,
            },
            **{code: _problem(why, ack) for code, why in _REFUSALS.items()},
        },
    }


def _foreign(media: str, example: str | None) -> dict[str, Any]:
    """A document of another standard, with the example that ships."""
    is_fhir = media == FHIR_JSON
    body: dict[str, Any] = {"schema": _BUNDLE if is_fhir else {"type": "string", "pattern": r"^MSH\|"}}
    if example is not None:
        body["example"] = orjson.loads(example) if is_fhir else example
    return body


def _problem(why: str, ack: dict[str, Any]) -> dict[str, Any]:
    return {"description": why, "content": {"application/problem+json": {"schema": _reference(Problem)}} | ack}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}
