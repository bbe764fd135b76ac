"""A domain that does nothing, so that only the path is measured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from shared.domain import Domain, Event


class Vazio(BaseModel):
    """Nothing to do."""

    model_config = ConfigDict(extra="forbid")

    texto: str = Field(max_length=200)
    idempotency_key: str | None = None


DOMAIN = Domain(
    key="vazio",
    vhost="bench_vazio",
    title="Medição",
    events=(Event("vazio", "", Vazio, "Nada", {"texto": "olá"}),),
)
