"""Radiation in a possible pregnancy, and implants in the magnet. Both ask for a person; neither ever denies ◇."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.imagem import PedidoImagem, SegurancaRm
from handlers.exames.rules.drafts import Rascunho
from handlers.exames.tables.imagem import Modalidade, TabelaImagem
from shared.clinical.ages import age_in_years
from shared.clinical.people import pregnancy_contradicted
from shared.findings import Gravidade

_IMPLANTS: dict[SegurancaRm, tuple[str, Gravidade, str]] = {
    "inseguro": ("implante_inseguro_rm", Gravidade.CRITICO, "inseguro em RM: reter o exame e revisar"),
    "desconhecido": ("implante_desconhecido_rm", Gravidade.ATENCAO, "de segurança desconhecida: reter até revisão"),
    "condicional": ("implante_condicional_rm", Gravidade.ATENCAO, "condicional: verificar as condições do fabricante"),
    "seguro": ("implante_seguro_rm", Gravidade.INFO, "informado como seguro em RM"),
}


def safety(request: PedidoImagem, modality: Modalidade, table: TabelaImagem) -> Iterator[Rascunho]:
    """Findings about radiation and magnet safety."""
    yield from _contradicted_pregnancy(request, table)
    if modality.ionizante and request.paciente.gestante == "sim":
        yield Rascunho(
            "gestante_radiacao_revisao_humana",
            Gravidade.ATENCAO,
            f"Gestante com exame de radiação ionizante ({request.tipo_exame.upper()}): revisão humana da indicação; "
            "não é uma recusa.",
            {"gestante": "sim", "tipo_exame": request.tipo_exame, "ionizante": True},
            table.gestacao.fonte,
        )
    if "MR" in modality.dicom:
        yield from _implants(request, table)


def missing(request: PedidoImagem, modality: Modalidade, table: TabelaImagem) -> Iterator[str]:
    """Pregnancy where it matters, devices before any MR, the side of a mammography."""
    gadolinium = request.contraste is not None and request.contraste.startswith("gadolinio")
    if (modality.ionizante or gadolinium) and _pregnancy_must_be_asked(request, table):
        yield "paciente.gestante"
    if "MR" in modality.dicom and request.dispositivos is None:
        yield "dispositivos"
    if "MG" in modality.dicom and request.lateralidade is None:
        yield "lateralidade"


def _pregnancy_must_be_asked(request: PedidoImagem, table: TabelaImagem) -> bool:
    """Female, 10 to 55 years, pregnancy unknown. Without any date the age is unknown too: then ask."""
    patient = request.paciente
    if patient.sexo != "F" or patient.gestante in ("sim", "nao"):
        return False
    age = _age(request)
    return age is None or table.gestacao.idade_min <= age <= table.gestacao.idade_max


def _contradicted_pregnancy(request: PedidoImagem, table: TabelaImagem) -> Iterator[Rascunho]:
    """A pregnancy that fits neither sex nor age is screened as one all the same: that hides nothing."""
    patient, ages, age = request.paciente, table.gestacao, _age(request)
    if pregnancy_contradicted(patient, ages.idade_min if age is None else age, ages.idade_min, ages.idade_max):
        years = "" if age is None else f" e {age} anos"
        yield Rascunho(
            "gestacao_contraditoria",
            Gravidade.ATENCAO,
            f"Gestação informada em paciente de sexo {patient.sexo}{years}: conferir o cadastro.",
            {"gestante": patient.gestante, "sexo": patient.sexo, "idade_anos": age},
            ages.fonte,
        )


def _age(request: PedidoImagem) -> int | None:
    """Completed years at the request, or else at the creatinine; None without either date."""
    moment = request.solicitado_em or request.creatinina_em
    return None if moment is None else age_in_years(request.paciente.data_nascimento, moment.date())


def _implants(request: PedidoImagem, table: TabelaImagem) -> Iterator[Rascunho]:
    """One finding per device, known by its place in the list: its description may hold a serial number."""
    for position, device in enumerate(request.dispositivos or [], start=1):
        code, severity, words = _IMPLANTS[device.seguranca_rm]
        yield Rascunho(
            code,
            severity,
            f"Dispositivo {position} {words}.",
            {"dispositivo": position, "seguranca_rm": device.seguranca_rm},
            table.implantes.fonte,
        )
