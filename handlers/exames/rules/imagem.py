"""exames.imagem: kidney, contrast, radiation and magnet safety; `avaliar` without clock, network or model."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.imagem import PedidoImagem
from handlers.exames.rules.drafts import numbered
from handlers.exames.rules.imaging import contrast, safety
from handlers.exames.rules.imaging.renal import Filtracao, filtration
from handlers.exames.rules.numbers import rounded
from handlers.exames.tables.imagem import Modalidade, TabelaImagem, default_table
from shared.errors import RulesFailed
from shared.findings import Avaliacao

VERSION = "imagem/1"
_NOT_EVALUATED = (
    "Adequação da indicação ao exame e alternativas sem radiação",
    "Coerência entre região e lateralidade",
    "Validade da creatinina pelo tempo decorrido até o exame",
    "Dose de radiação e de contraste",
)


def avaliar(pedido: PedidoImagem, tabela: TabelaImagem | None = None) -> Avaliacao:
    """All findings of one imaging order under `tabela` (the hospital's own, else the default).

    Raises `RulesFailed` when the hospital's table does not know the modality that the request was accepted with.
    """
    table = tabela or default_table()
    modality = table.modality(pedido.tipo_exame)
    if modality is None:
        raise RulesFailed("tipo_exame ausente da tabela de modalidades do hospital")
    kidney = filtration(pedido, table)
    drafts = [*safety.safety(pedido, modality, table), *contrast.contrast(pedido, kidney, table)]
    absent = [*safety.missing(pedido, modality, table), *contrast.missing(pedido, kidney)]
    return Avaliacao(
        achados=numbered(drafts, VERSION),
        calculos=_calculations(modality, kidney),
        dados_faltantes=list(dict.fromkeys(absent)),
        nao_avaliado=list(_not_evaluated(pedido)),
        versoes_tabelas={table.nome: table.versao},
    )


def _calculations(modality: Modalidade, kidney: Filtracao) -> dict[str, object]:
    values: dict[str, object] = {"modalidade_dicom": "/".join(modality.dicom), "ionizante": modality.ionizante}
    if kidney.value is not None:
        values |= {"tfg_ml_min_1_73m2": rounded(kidney.value, 2), "tfg_formula": kidney.source}
    return values


def _not_evaluated(request: PedidoImagem) -> Iterator[str]:
    yield from _NOT_EVALUATED
    if request.contraste == "iodado_ia":
        yield "Profilaxia renal em contraste intra-arterial: a referência cobre o intravenoso"
    if request.contraste.startswith("gadolinio") and request.paciente.gestante == "sim":
        yield "Gadolínio na gestação"
