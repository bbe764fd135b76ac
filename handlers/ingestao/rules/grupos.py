"""What a load came to, as findings: one per disposition and code. Counts and line numbers only, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from handlers.ingestao.tables.loader import table
from shared.findings import Avaliacao, Gravidade
from shared.register.figures import LINES_SHOWN, Figures
from shared.register.linkage import POSSIBLE_TWIN
from shared.register.records import Disposition

VERSAO = "ingestao-2"
_TABLE = table("colunas")
_COUNTERS = {
    Disposition.INSERTED: "linhas_inseridas",
    Disposition.UPDATED: "linhas_atualizadas",
    Disposition.DUPLICATE: "linhas_duplicadas",
    Disposition.AMBIGUOUS: "linhas_ambiguas",
    Disposition.REJECTED: "linhas_rejeitadas",
}
_WORDS = {
    Disposition.INSERTED: "inserida(s) com aviso",
    Disposition.UPDATED: "atualizada(s), com aviso",
    Disposition.DUPLICATE: "duplicada(s), com aviso",
    Disposition.AMBIGUOUS: "ambígua(s)",
    Disposition.REJECTED: "rejeitada(s)",
}
_NEEDS_SOMEBODY = frozenset({Disposition.AMBIGUOUS, Disposition.REJECTED})


@dataclass(frozen=True, slots=True)
class Contagem:
    """A trailer of an HL7 batch: BTS counts messages, FTS batches. `numero` says which one of its kind it is."""

    segmento: str
    numero: int
    declarado: int
    lido: int


@dataclass(frozen=True, slots=True)
class Arquivo:
    """What is known of the file itself. `tamanho` is in bytes; `contagens` are those that do not agree."""

    formato: str
    sha256: str
    tamanho: int
    codificacao: str
    ja_carregado: bool
    contagens: Sequence[Contagem] = ()


def avaliar_carga(arquivo: Arquivo, figures: Figures) -> Avaliacao:
    """Findings of a load. Σ dispositions = rows read holds by construction and is stated as a calculation."""
    saida = Avaliacao(versoes_tabelas={"colunas": _TABLE["versao"], "ingestao": VERSAO})
    saida.calculos |= {
        "formato": arquivo.formato,
        "arquivo_sha256": arquivo.sha256,
        "arquivo_bytes": arquivo.tamanho,
        "codificacao": arquivo.codificacao,
        "ja_carregado": arquivo.ja_carregado,
        "linhas_lidas": figures.rows,
    }
    saida.calculos |= {name: figures.of(disposition) for disposition, name in _COUNTERS.items()}
    _write_sum(figures, saida)
    if arquivo.ja_carregado:
        texto = "Este arquivo já tinha sido carregado: nada mudou, e os números são os da primeira carga."
        saida.anotar("arquivo_ja_carregado", Gravidade.INFO, texto, {"ja_carregado": True}, _TABLE["fonte"], VERSAO)
    _write_counts(arquivo.contagens, saida)
    _write_groups(figures, saida)
    return saida


def _write_sum(figures: Figures, saida: Avaliacao) -> None:
    parts = ", ".join(f"{figures.of(kind)} {kind.value}(s)" for kind in Disposition)
    evidencia = {name: figures.of(disposition) for disposition, name in _COUNTERS.items()}
    texto = f"{figures.rows} linhas lidas: {parts}."
    saida.anotar("arquivo_lido", Gravidade.INFO, texto, evidencia, _TABLE["fonte"], VERSAO)
    if not figures.rows:
        texto = "O arquivo não tem nenhuma linha de dados."
        saida.anotar("arquivo_sem_linhas", Gravidade.ATENCAO, texto, {"linhas_lidas": 0}, _TABLE["fonte"], VERSAO)


def _write_counts(contagens: Sequence[Contagem], saida: Avaliacao) -> None:
    """Messages may be missing, or come twice: nobody but the sender knows which."""
    if not contagens:
        return
    first = contagens[0]
    texto = (
        f"{len(contagens)} contagem(ns) de fim de lote não conferem com o arquivo; a primeira: o {first.segmento} de "
        f"número {first.numero} declara {first.declarado} e foram lidos {first.lido}. Confirme o envio com a origem."
    )
    evidencia = {"quantidade": len(contagens), "contagens": [asdict(one) for one in contagens[:LINES_SHOWN]]}
    saida.anotar("contagem_divergente", Gravidade.ATENCAO, texto, evidencia, "HL7 v2.5 §2.15 (BTS-1, FTS-1)", VERSAO)


def _write_groups(figures: Figures, saida: Avaliacao) -> None:
    """The largest groups first, so that whoever reads the top has read what matters."""
    ordered = sorted(figures.groups.items(), key=lambda item: (-item[1].count, item[0]))
    for (place, code), group in ordered:
        kind = Disposition(place)
        saida.calculos[f"{place}.{code}"] = group.count
        worth = kind in _NEEDS_SOMEBODY or code == POSSIBLE_TWIN
        share = round(100 * group.count / figures.rows, 2)
        evidencia = {"quantidade": group.count, "percentual": str(share), "linhas": group.lines}
        texto = f"{group.count} linha(s) {_WORDS[kind]} ({share} % do arquivo): {code}."
        gravidade = Gravidade.ATENCAO if worth else Gravidade.INFO
        saida.anotar(f"{place}_{code}", gravidade, texto, evidencia, _TABLE["fonte"], VERSAO)
