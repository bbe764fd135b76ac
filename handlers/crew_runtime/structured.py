"""An answer that must have a form: asked for, checked, asked again with what was wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.field_paths import field_path
from shared.llm.contract import ChatRequest

REPAIRS = 2


def expected_form(response_model: Any, task: Any) -> type[BaseModel] | None:
    """The model that the answer must fit: crewai passes it only to agents without tools, else the task knows it."""
    form: type[BaseModel] | None = response_model or getattr(task, "output_pydantic", None)
    return form


def asking_for(request: ChatRequest, form: type[BaseModel]) -> ChatRequest:
    """With the schema, where there are no tools: providers honour one of the two at a time."""
    if request.tools:
        return request
    schema = {"name": form.__name__, "schema": form.model_json_schema()}
    parameters = {**request.parameters, "response_format": {"type": "json_schema", "json_schema": schema}}
    return replace(request, parameters=parameters)


def fitted(text: str, form: type[BaseModel]) -> BaseModel | str:
    """The answer in its form, or what is wrong with it, in words the model can act on and without its values."""
    try:
        return form.model_validate_json(_bare(text))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:10]
    return "; ".join(f"{field_path(item['loc']) or 'JSON'}: {item['msg']}" for item in found)


def asked_again(request: ChatRequest, answer: str, wrong: str) -> ChatRequest:
    """The same conversation, gone on with the refused answer and the reasons."""
    said = [
        {"role": "assistant", "content": answer},
        {"role": "user", "content": f"A resposta não tem o formato pedido. Corrija e responda só o JSON. {wrong}"},
    ]
    return replace(request, messages=[*request.messages, *said])


def _bare(text: str) -> str:
    """Models like to put JSON into a Markdown fence."""
    stripped = text.strip()
    if not stripped.startswith("```"):
        return stripped
    return stripped.strip("`").removeprefix("json").strip()
