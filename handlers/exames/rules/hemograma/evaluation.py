"""The hemogram's whole evaluation: `avaliar`, deterministic, without clock, network or model."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.hemograma import PedidoHemograma
from handlers.exames.rules.drafts import Rascunho, numbered
from handlers.exames.rules.hemograma import anaemia, platelets, red_cells, set_aside, variation, white_cells
from handlers.exames.rules.hemograma.bounded import bounded_values
from handlers.exames.rules.hemograma.consistency import inconsistencies, rule_of_three
from handlers.exames.rules.hemograma.critical import critical_values
from handlers.exames.rules.hemograma.indices import Indices, calculations, compute
from handlers.exames.rules.hemograma.lines import read_lines
from handlers.exames.rules.hemograma.sample import Amostra, sample_of
from handlers.exames.tables import HEMOGRAMA
from handlers.exames.tables.hemograma import TabelaHemograma
from handlers.exames.tables.parameters import Parametro as P
from shared.findings import Avaliacao

VERSION = "hemograma/5"
_EXPECTED = (P.HEMACIAS, P.HEMOGLOBINA, P.HEMATOCRITO, P.RDW_CV, P.LEUCOCITOS, P.PLAQUETAS)
_DIFFERENTIAL = (P.LINFOCITOS_ABS, P.MONOCITOS_ABS, P.EOSINOFILOS_ABS, P.BASOFILOS_ABS)
_ALWAYS_OPEN = (
    anaemia.NOT_ADJUSTED,
    "Morfologia em lâmina, reticulócitos e ferro",
)


def avaliar(pedido: PedidoHemograma, tabela: TabelaHemograma | None = None) -> Avaliacao:
    """All findings of one hemogram under `tabela` (the one in force, unless given).

    An inconsistent sample yields its inconsistencies and critical values only: interpretation waits for a new one.
    A line that cannot be interpreted yields a finding that names it, and counts as absent everywhere else.
    """
    table = tabela or HEMOGRAMA.current()
    reading = read_lines(pedido.resultados)
    sample = sample_of(pedido, reading, table)
    indices = compute(sample, table)
    blocked = inconsistencies(sample, indices, table)
    critical = list(critical_values(sample, table, bool(blocked)))
    bounded = [] if blocked else list(bounded_values(sample, critical, table))
    drafts = [
        *critical,
        *bounded,
        *set_aside.findings(reading, [*critical, *bounded], table),
        *(blocked or _interpretation(sample, indices, table)),
        *anaemia.contradicted_pregnancy(sample),
        *(() if blocked else variation.delta_checks(pedido, sample, table)),
    ]
    return Avaliacao(
        achados=numbered(drafts, f"{VERSION} {table.versao_citada}"),
        calculos={**calculations(indices), **variation.differences(pedido, sample)},
        dados_faltantes=list(dict.fromkeys(_missing(sample, indices, table))),
        nao_avaliado=[
            *_not_evaluated(sample, table, bool(blocked)),
            *variation.not_compared(pedido, sample),
        ],
        versoes_tabelas={table.nome: table.versao_citada},
    )


def _interpretation(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[Rascunho]:
    yield from red_cells.red_cells(sample, indices, table)
    yield from white_cells.white_cells(sample, indices, table)
    yield from platelets.platelets(sample, table)
    yield from rule_of_three(sample, indices, table)


def _missing(sample: Amostra, indices: Indices, table: TabelaHemograma) -> Iterator[str]:
    yield from (f"resultados.{p.value}" for p in P if p in sample.aside)
    yield from (f"resultados.{p.value}" for p in _EXPECTED if not sample.has(p))
    if indices.neutrophils is None:
        yield f"resultados.{P.NEUTROFILOS_ABS.value}"
    yield from (f"resultados.{p.value}" for p in _DIFFERENTIAL if p not in indices.counts)
    yield from anaemia.missing(sample, table)
    yield from red_cells.missing(sample, indices, table)
    yield from white_cells.missing(sample, indices, table)
    yield from platelets.missing(sample, table)


def _not_evaluated(sample: Amostra, table: TabelaHemograma, blocked: bool) -> Iterator[str]:
    if blocked:
        yield "Interpretação das séries vermelha, branca e plaquetária: amostra inconsistente"
    if not anaemia.possible_groups(sample, table):
        yield "Grau de anemia: a OMS 2024 não define corte para menores de 6 meses"
    if not any(sample.has(p) for p in (P.BLASTOS_PCT, P.METAMIELOCITOS_PCT, P.MIELOCITOS_PCT)):
        yield "Blastos e formas imaturas: não informados pelo laboratório"
    yield from _ALWAYS_OPEN
