"""exames.imagem: kidney, contrast, radiation and magnet safety; `avaliar` without clock, network or model."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.rules.drafts import numbered
from handlers.exames.rules.imaging import contrast, safety
from handlers.exames.rules.imaging.renal import Filtracao, creatinine_age_days, filtration
from handlers.exames.rules.numbers import rounded
from handlers.exames.tables import FILTRACAO, IMAGEM
from handlers.exames.tables.imagem import Modalidade, TabelaImagem
from shared.errors import RulesFailed
from shared.findings import Avaliacao

VERSION = "imagem/5"
_NOT_EVALUATED = (
    "Adequação da indicação ao exame e alternativas sem radiação",
    "Coerência entre região e lateralidade",
    "Dose de radiação e de contraste",
)


def avaliar(pedido: PedidoImagem, tabela: TabelaImagem | None = None) -> Avaliacao:
    """All findings of one imaging order under `tabela` (the one in force, unless given).

    Raises `RulesFailed` when the hospital's table does not know the modality that the request was accepted with.
    """
    table = tabela or IMAGEM.current()
    modality = table.modality(pedido.tipo_exame)
    if modality is None:
        raise RulesFailed("tipo_exame ausente da tabela de modalidades do hospital")
    kidney = filtration(pedido)
    drafts = [*safety.safety(pedido, modality, table), *contrast.contrast(pedido, kidney, table)]
    absent = [*safety.missing(pedido, modality, table), *contrast.missing(pedido, modality, kidney)]
    return Avaliacao(
        achados=numbered(drafts, f"{VERSION} {table.versao_citada}"),
        calculos=_calculations(modality, kidney),
        dados_faltantes=list(dict.fromkeys(absent)),
        nao_avaliado=list(_not_evaluated(pedido, modality, kidney)),
        versoes_tabelas={table.nome: table.versao_citada, "filtracao": FILTRACAO.current().versao},
    )


def _calculations(modality: Modalidade, kidney: Filtracao) -> dict[str, object]:
    values: dict[str, object] = {"modalidade_dicom": "/".join(modality.dicom), "ionizante": modality.ionizante}
    if kidney.value is not None:
        values |= {"tfg_ml_min_1_73m2": rounded(kidney.value, 2), "tfg_formula": kidney.source}
    return values


def _not_evaluated(request: PedidoImagem, modality: Modalidade, kidney: Filtracao) -> Iterator[str]:
    yield from _NOT_EVALUATED
    if contrast.must_be_said(request, modality):
        yield "Segurança do contraste: o pedido não diz se haverá contraste"
    if kidney.below_validated_age:
        yield "Validade da equação de Schwartz antes de 1 ano de idade: TFG a confirmar por outro meio"
    if request.contraste == "iodado_ia":
        yield "Profilaxia renal em contraste intra-arterial: a referência cobre o intravenoso"
    if request.contraste not in (None, "nenhum") and request.creatinina_mg_dl and creatinine_age_days(request) is None:
        yield "Validade da creatinina: faltam creatinina_em ou solicitado_em"
