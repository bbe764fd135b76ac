"""The `ingestao` domain: files of patients, physicians and other records."""

from __future__ import annotations

from handlers.ingestao import examples
from handlers.ingestao.requests import Ingestao, IngestaoMedicos, IngestaoPacientes
from shared.domain import Domain, Event


def _uploads(request: Ingestao) -> dict[str, str]:
    return {"arquivo": request.upload_id} if request.upload_id else {}


DOMAIN = Domain(
    key="ingestao",
    vhost="ingestao_dados",
    title="Ingestão de dados",
    events=(
        Event(
            name="ingestao",
            path="",
            request=Ingestao,
            summary="Ingestão de um arquivo de registros: uma disposição por linha",
            example=examples.INGESTAO,
            uploads=_uploads,
        ),
        Event(
            name="pacientes",
            path="pacientes/",
            request=IngestaoPacientes,
            summary="Ingestão de um arquivo de pacientes: uma disposição por linha",
            example=examples.PACIENTES,
            uploads=_uploads,
        ),
        Event(
            name="medicos",
            path="medicos/",
            request=IngestaoMedicos,
            summary="Ingestão de um arquivo de médicos: uma disposição por linha",
            example=examples.MEDICOS,
            uploads=_uploads,
        ),
    ),
)
