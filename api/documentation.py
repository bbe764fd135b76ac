"""The OpenAPI document and its page, served from our own files: a hospital's network has no CDN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse

from shared.domain import Domain

_ASSETS = "/docs/assets"
_SWAGGER_UI = Path(__file__).parent / "static" / "swagger-ui"
_DESCRIPTION = """Sistemas hospitalares entregam trabalho; regras determinísticas encontram, equipes de agentes
explicam, um profissional assina. Todo aceite responde **202** com `status_url`."""


def install(app: FastAPI, domains: dict[str, Domain]) -> None:
    """Serve `/docs` and `/openapi.json` with a schema and an example for every event."""
    app.mount(_ASSETS, StaticFiles(directory=_SWAGGER_UI), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Plantão",
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon-32x32.png",
        )

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, domains)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, domains: dict[str, Domain]) -> dict[str, Any]:
    document = get_openapi(title="Plantão", version=app.version, description=_DESCRIPTION, routes=app.routes)
    requests = {event.request for domain in domains.values() for event in domain.events}
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(requests, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    document["components"]["schemas"] |= schemas.get("$defs", {})
    for domain in domains.values():
        for event in domain.events:
            _drop_path_fields(document, event.request.__name__, list(event.path_example))
    return document


def _drop_path_fields(document: dict[str, Any], model: str, fields: list[str]) -> None:
    """A field that comes from the path must not be sent in the body."""
    schema = document["components"]["schemas"][model]
    for field in fields:
        schema["properties"].pop(field, None)
        if field in schema.get("required", []):
            schema["required"].remove(field)
