"""Contrast media: iodinated and the kidney, metformin, gadolinium groups, allergy, and the wrong medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.rules.drafts import Rascunho
from handlers.exames.rules.imaging.renal import Filtracao, creatinine_age_days
from handlers.exames.rules.numbers import rounded, shown
from handlers.exames.tables.imagem import Modalidade, TabelaImagem
from shared.findings import Gravidade

_GIVEN_IN = frozenset({"CT", "MR", "XA", "RF"})
"""Where contrast into a vessel is usual ◇; elsewhere its absence needs no word."""


@dataclass(frozen=True)
class Rim:
    """What the contrast rules know of the kidneys; eGFR in mL/min/1.73 m²."""

    egfr: Decimal | None
    acute_injury: bool | None
    dialysis: bool | None

    def impaired_below(self, limit: Decimal) -> bool:
        """True when it is known: an acute injury, or an eGFR under the limit."""
        return bool(self.acute_injury) or (self.egfr is not None and self.egfr < limit)

    def ruled_out_below(self, limit: Decimal) -> bool:
        """True when it is known not to be so: no acute injury and an eGFR at or over the limit."""
        return self.acute_injury is False and self.egfr is not None and self.egfr >= limit

    @property
    def words(self) -> str:
        # Two places, as in `calculos`: 29.97 is under 30 and must not read as 30.
        known = "não calculada" if self.egfr is None else f"{shown(self.egfr, 2)} mL/min/1,73 m²"
        return f"TFG {known}" + (", injúria renal aguda" if self.acute_injury else "")

    @property
    def situation(self) -> str:
        return self.words + (", em diálise" if self.dialysis else "")

    @property
    def evidence(self) -> dict[str, Any]:
        egfr = None if self.egfr is None else rounded(self.egfr, 2)
        return {"tfg_ml_min_1_73m2": egfr, "ira_aguda": self.acute_injury, "dialise": self.dialysis}


def contrast(request: PedidoImagem, filtration: Filtracao, table: TabelaImagem) -> Iterator[Rascunho]:
    """Every finding about the contrast that was asked for; none without contrast, an allergy where nobody said."""
    medium = request.contraste
    if medium is None:
        yield from _allergy(request, "não informado", table)
    if medium is None or medium == "nenhum":
        return
    kidney = Rim(filtration.value, request.ira_aguda, request.dialise)
    yield from _wrong_medium(request, medium, table)
    yield from _allergy(request, f"{medium} solicitado", table)
    yield from _old_creatinine(request, table)
    if medium == "iodado_iv":
        yield from _iodinated(kidney, table)
    if medium.startswith("iodado") and request.metformina:
        yield from _metformin(medium, kidney, table)
    if medium.startswith("gadolinio"):
        yield from _gadolinium(request, medium, kidney, table)


def must_be_said(request: PedidoImagem, modality: Modalidade) -> bool:
    """Whether silence about contrast leaves its risks open: it is given in this modality, and nobody said."""
    return request.contraste is None and not _GIVEN_IN.isdisjoint(modality.dicom)


def missing(request: PedidoImagem, modality: Modalidade, filtration: Filtracao) -> Iterator[str]:
    """The fields without which a contrast rule has no answer."""
    if must_be_said(request, modality):
        yield "contraste"
    medium = request.contraste
    if medium is None or medium == "nenhum":
        return
    yield from filtration.missing
    for name in ("ira_aguda", "dialise", "alergia_contraste"):
        if getattr(request, name) is None:
            yield name
    if medium.startswith("iodado") and request.metformina is None:
        yield "metformina"


def _iodinated(kidney: Rim, table: TabelaImagem) -> Iterator[Rascunho]:
    """Prophylaxis below 30 or with acute injury, unless on dialysis; 30 to 44 individualise; from 45 none."""
    rules = table.iodado_iv
    if kidney.dialysis:
        return
    if kidney.impaired_below(rules.profilaxia_lt):
        code, words = "profilaxia_contraste_iodado", "profilaxia com hidratação indicada antes do contraste iodado IV"
    elif kidney.egfr is not None and kidney.egfr < rules.individualizar_lt:
        code, words = "individualizar_contraste_iodado", "individualizar a profilaxia antes do contraste iodado IV"
    else:
        return
    yield Rascunho(code, Gravidade.ATENCAO, f"{kidney.words}: {words}.", kidney.evidence, rules.fonte)


def _metformin(medium: str, kidney: Rim, table: TabelaImagem) -> Iterator[Rascunho]:
    """An arterial study counts as one with embolic risk, because the request does not say otherwise ◇.

    Dialysis counts as a filtration under any limit: a creatinine that dialysis has lowered says nothing ◇.
    """
    rules = table.metformina
    limit = rules.suspender_lt[rules.perfil]
    arterial = medium == "iodado_ia"
    evidence = {**kidney.evidence, "contraste": medium, "perfil": rules.perfil, "limite": limit}
    if arterial or kidney.dialysis or kidney.impaired_below(limit):
        situation = kidney.situation + (", contraste intra-arterial" if arterial else "")
        yield Rascunho(
            "metformina_suspender",
            Gravidade.ATENCAO,
            f"Em uso de metformina, {situation}: suspender antes ou no momento do contraste, "
            f"manter suspensa por {rules.horas} h depois dele e reiniciar só após reavaliar a função renal.",
            evidence,
            rules.fonte,
        )
    elif kidney.ruled_out_below(limit):
        yield Rascunho(
            "metformina_manter",
            Gravidade.INFO,
            f"Em uso de metformina, {kidney.words}, sem injúria renal aguda: manter.",
            evidence,
            rules.fonte,
        )


def _gadolinium(request: PedidoImagem, medium: str, kidney: Rim, table: TabelaImagem) -> Iterator[Rascunho]:
    """Group I contraindicated, II need not be withheld, III weighed; dialysis counts as eGFR under the limit ◇.

    Group I without a known kidney is held: its risk is what the limit is about.
    """
    rules = table.gadolinio
    yield from _gadolinium_in_pregnancy(request, table)
    if medium == "gadolinio_g1" and not kidney.dialysis and not kidney.acute_injury and kidney.egfr is None:
        yield Rascunho(
            "gadolinio_g1_sem_funcao_renal",
            Gravidade.ATENCAO,
            "Gadolínio do grupo I sem função renal conhecida: reter até dosar creatinina e calcular a TFG.",
            {**kidney.evidence, "limite": rules.restrito_lt},
            rules.fonte,
        )
        return
    if not (kidney.dialysis or kidney.impaired_below(rules.restrito_lt)):
        return
    code, severity, words = {
        "gadolinio_g1": ("gadolinio_g1_contraindicado", Gravidade.CRITICO, "gadolínio do grupo I contraindicado"),
        "gadolinio_g2": ("gadolinio_g2_permitido", Gravidade.INFO, "gadolínio do grupo II não precisa ser suspenso"),
        "gadolinio_g3": ("gadolinio_g3_ponderar", Gravidade.ATENCAO, "ponderar risco e benefício do grupo III"),
    }[medium]
    yield Rascunho(
        code, severity, f"{kidney.situation}: {words}.", {**kidney.evidence, "limite": rules.restrito_lt}, rules.fonte
    )


def _gadolinium_in_pregnancy(request: PedidoImagem, table: TabelaImagem) -> Iterator[Rascunho]:
    """A person weighs it; never a denial ◇."""
    if request.paciente.gestante == "sim":
        yield Rascunho(
            "gestante_gadolinio_revisao_humana",
            Gravidade.ATENCAO,
            "Gestante com gadolínio solicitado: revisão humana da necessidade do contraste; não é uma recusa.",
            {"gestante": "sim", "contraste": request.contraste},
            table.gestacao.fonte,
        )


def _old_creatinine(request: PedidoImagem, table: TabelaImagem) -> Iterator[Rascunho]:
    """The eGFR of an old creatinine is still said, with the warning that it may no longer be the patient's ◇."""
    days, limit = creatinine_age_days(request), table.creatinina.validade_dias
    if request.creatinina_mg_dl is not None and days is not None and days > limit:
        yield Rascunho(
            "creatinina_antiga",
            Gravidade.ATENCAO,
            f"Creatinina de {days} dias antes do pedido (validade local de {limit} dias): dosar de novo antes do "
            "contraste.",
            {"dias": days, "validade_dias": limit},
            table.creatinina.fonte,
        )


def _allergy(request: PedidoImagem, contrast_words: str, table: TabelaImagem) -> Iterator[Rascunho]:
    if request.alergia_contraste:
        yield Rascunho(
            "alergia_contraste",
            Gravidade.ATENCAO,
            f"Alergia a contraste informada e contraste {contrast_words}: revisão humana antes do exame.",
            {"alergia_contraste": True, "contraste": request.contraste},
            table.alergia.fonte,
        )


def _wrong_medium(request: PedidoImagem, medium: str, table: TabelaImagem) -> Iterator[Rascunho]:
    """Gadolinium belongs to MR and iodine to X-rays; the other way round is most often a slip of the form ◇."""
    modality = table.modality(request.tipo_exame)
    gadolinium = medium.startswith("gadolinio")
    magnetic = modality is not None and "MR" in modality.dicom
    ultrasound = modality is not None and "US" in modality.dicom
    if ultrasound or gadolinium != magnetic:
        yield Rascunho(
            "contraste_incompativel_modalidade",
            Gravidade.ATENCAO,
            f"Contraste {medium} não é o usual em {request.tipo_exame.upper()}: confirmar o pedido.",
            {"contraste": medium, "tipo_exame": request.tipo_exame},
            table.fonte_modalidades,
        )
