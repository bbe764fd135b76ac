"""Findings about a whole file: counts by disposition and code. Only line numbers and codes leave, never a value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from handlers.ingestao.requests import Ingestao, sha256_of
from handlers.ingestao.rules.disposicoes import Disposicao, LinhaAvaliada, dispor
from handlers.ingestao.rules.linhas import Linha, ler_csv, ler_ndjson
from handlers.ingestao.tables.loader import table
from shared.findings import Avaliacao, Gravidade

VERSAO = "ingestao-1"
LINES_SHOWN = 50  # a result stays small; the count is always complete
_TABLE = table("colunas")
_READERS: dict[str, Callable[[str, Mapping[str, str]], Iterator[Linha]]] = {"csv": ler_csv, "ndjson": ler_ndjson}
_WORDS = {"rejeitada": "rejeitada(s)", "ambigua": "ambígua(s)", "duplicada": "duplicada(s)", "aviso": "com aviso"}
_COUNTERS = {
    Disposicao.APTA: "linhas_aptas",
    Disposicao.DUPLICADA: "linhas_duplicadas",
    Disposicao.AMBIGUA: "linhas_ambiguas",
    Disposicao.REJEITADA: "linhas_rejeitadas",
}


def avaliar_arquivo(pedido: Ingestao, perfil: str) -> Avaliacao:
    """Findings of one file under the column profile `perfil` (`pacientes`, `medicos`, `ingestao`)."""
    saida = Avaliacao(versoes_tabelas={"colunas": _TABLE["versao"], "ingestao": VERSAO})
    saida.calculos |= {"formato": pedido.formato, "arquivo_sha256": sha256_of(pedido.arquivo)}
    saida.nao_avaliado += [
        "inserido e atualizado: sem cadastro mestre, nenhuma linha foi gravada; linha válida fica apta",
        "data_nascimento no futuro: as regras não têm relógio; confere-se na gravação",
        "codificação do arquivo: o texto em linha já chega em Unicode",
    ]
    read = _READERS.get(pedido.formato)
    if read is None:
        _write_unread(pedido.formato, saida)
        return saida
    linhas = dispor(read(pedido.arquivo, pedido.mapeamento or {}), _TABLE[perfil], pedido.formato_data)
    _write_counts(linhas, saida)
    _write_by_code(linhas, saida)
    return saida


def _write_unread(formato: str, saida: Avaliacao) -> None:
    saida.nao_avaliado.append(f"{formato}: leitura e validação do conteúdo ainda não feitas; nenhuma linha lida")
    saida.calculos["linhas_lidas"] = None
    texto = f"Arquivo {formato} recebido e guardado sem leitura: esta versão lê csv e ndjson."
    saida.anotar("formato_nao_lido", Gravidade.ATENCAO, texto, {"formato": formato}, _TABLE["fonte"], VERSAO)


def _write_counts(linhas: list[LinhaAvaliada], saida: Avaliacao) -> None:
    counts = Counter(linha.disposicao for linha in linhas)
    saida.calculos["linhas_lidas"] = len(linhas)
    saida.calculos |= {name: counts[disposicao] for disposicao, name in _COUNTERS.items()}
    texto = (
        f"{len(linhas)} linhas lidas: {counts[Disposicao.APTA]} aptas, {counts[Disposicao.DUPLICADA]} duplicadas, "
        f"{counts[Disposicao.AMBIGUA]} ambíguas e {counts[Disposicao.REJEITADA]} rejeitadas."
    )
    evidencia = {name: counts[disposicao] for disposicao, name in _COUNTERS.items()}
    saida.anotar("arquivo_lido", Gravidade.INFO, texto, evidencia, _TABLE["fonte"], VERSAO)
    if not linhas:
        texto = "O arquivo não tem nenhuma linha de dados."
        saida.anotar("arquivo_sem_linhas", Gravidade.ATENCAO, texto, {"linhas_lidas": 0}, _TABLE["fonte"], VERSAO)


def _write_by_code(linhas: list[LinhaAvaliada], saida: Avaliacao) -> None:
    """One finding per disposition and code, and per flag, in a stable order."""
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for linha in linhas:
        for code in linha.codigos:
            numbers[(linha.disposicao.value, code)].append(linha.numero)
        for flag in linha.avisos:
            numbers[("aviso", flag)].append(linha.numero)
    for (kind, code), found in sorted(numbers.items()):
        saida.calculos[f"{kind}.{code}"] = len(found)
        gravidade = Gravidade.INFO if kind == Disposicao.DUPLICADA else Gravidade.ATENCAO
        evidencia = {"quantidade": len(found), "linhas": found[:LINES_SHOWN]}
        texto = f"{len(found)} linha(s) {_WORDS[kind]}: {code}."
        saida.anotar(f"{kind}_{code}", gravidade, texto, evidencia, _TABLE["fonte"], VERSAO)
