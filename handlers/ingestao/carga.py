"""A request's file into the register: find the bytes, look at them once, read rows, hand them over.

The one place of a domain that reaches the store, and only through `shared.register` and `shared.files`: loading a
register is this domain's whole work, and it lasts.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import orjson

from handlers.ingestao.leitura.colunas import Nomes
from handlers.ingestao.leitura.exame import ArquivoRecusado, examinar
from handlers.ingestao.leitura.linhas_csv import ler_csv
from handlers.ingestao.leitura.linhas_fhir import ler_fhir
from handlers.ingestao.leitura.linhas_hl7 import ler_hl7
from handlers.ingestao.leitura.linhas_ndjson import ler_ndjson
from handlers.ingestao.leitura.lotes_hl7 import contagens_divergentes
from handlers.ingestao.requests import Ingestao
from handlers.ingestao.rules.grupos import Arquivo, avaliar_carga
from handlers.ingestao.rules.pessoas import Leitura
from shared import clock
from shared.database import Database, process_database
from shared.errors import RulesFailed, StoreUnavailable, TransientFailure
from shared.execution import Run
from shared.files import uploads
from shared.files.store import FileStore
from shared.findings import Avaliacao
from shared.privacy.blind_index import BlindIndexes
from shared.register.ingestions import FileKey, tenant_of_task
from shared.register.loading import Load, load
from shared.register.records import Chunk, Kind, Position, Row, chunks_of
from shared.settings import settings

_READERS: dict[str, Callable[..., Iterator[Row]]] = {
    "csv": ler_csv,
    "ndjson": ler_ndjson,
    "fhir_bundle": ler_fhir,
    "hl7v2": ler_hl7,
}
CHUNK_ROWS = 5_000
_KINDS = {
    "pacientes": frozenset({Kind.PATIENT}),
    "medicos": frozenset({Kind.PHYSICIAN}),
    "ingestao": frozenset(Kind),
}


@dataclass(frozen=True, slots=True)
class Lugares:
    """Where files and people are kept."""

    database: Database
    files: FileStore
    blind: BlindIndexes


@lru_cache(maxsize=1)
def lugares_do_processo() -> Lugares:
    """Those of the process's own settings, made on first use and so after the fork."""
    config = settings()
    key = config.privacy.blind_index_key.get_secret_value()
    return Lugares(process_database(), FileStore(config.files.files_dir), BlindIndexes(key))


class Carga:
    """The deterministic part of an ingestion event: reads the file into the register and says what came of it."""

    def __init__(self, evento: str, lugares: Callable[[], Lugares] = lugares_do_processo) -> None:
        self._evento = evento
        self._lugares = lugares

    def __call__(self, pedido: Ingestao, run: Run) -> Avaliacao:
        """Raises RulesFailed for a file that cannot be read at all, TransientFailure while the store is away.

        Also what `run.check` raises, with everything before the last checkpoint applied.
        """
        lugares = self._lugares()
        try:
            with lugares.database.read() as connection:
                tenant = tenant_of_task(connection, run.task_id)
            with _aberto(lugares, tenant, pedido) as arquivo:
                return self._carregar(lugares, tenant, pedido, arquivo, run)
        except ArquivoRecusado as refusal:
            raise RulesFailed(str(refusal)) from None
        except StoreUnavailable as away:
            raise TransientFailure(f"{away.detail}; a carga continua de onde parou") from away

    def _carregar(self, lugares: Lugares, tenant: str, pedido: Ingestao, arquivo: BinaryIO, run: Run) -> Avaliacao:
        exame = examinar(arquivo)
        if pedido.arquivo_sha256 not in (None, exame.sha256):
            raise ArquivoRecusado("sha256_divergente", "arquivo_sha256 não corresponde ao conteúdo recebido")
        leitura = Leitura(pedido.formato_data, _escopo(pedido), clock.now().date(), _KINDS[self._evento])
        nomes = Nomes(pedido.mapeamento or {})
        read = _READERS[pedido.formato]

        def chunks(posicao: Position) -> Iterator[Chunk]:
            rows = read(arquivo, exame.inicio, exame.codificacao, nomes, leitura, posicao)
            return chunks_of(rows, CHUNK_ROWS, exame.tamanho)

        key = FileKey(tenant, self._evento, exame.sha256, _options(pedido))
        carga = Load(lugares.database, key, exame.tamanho, chunks, lugares.blind.of(tenant))
        outcome = load(carga, run)
        counts = contagens_divergentes(arquivo, exame.inicio) if pedido.formato == "hl7v2" else ()
        told = Arquivo(pedido.formato, exame.sha256, exame.tamanho, exame.codificacao, outcome.known_before, counts)
        return avaliar_carga(told, outcome.figures)


@contextmanager
def _aberto(lugares: Lugares, tenant: str, pedido: Ingestao) -> Iterator[BinaryIO]:
    """The bytes of the request's file. Raises ArquivoRecusado for an upload that is not there."""
    if pedido.upload_id is None:
        yield io.BytesIO(pedido.arquivo.encode())
        return
    with lugares.database.read() as connection:
        upload = uploads.find(connection, tenant, pedido.upload_id)
    if upload is None:
        raise ArquivoRecusado("upload_desconhecido", "não há (mais) upload com este id; envie-o a /api/uploads")
    try:
        opened = lugares.files.open(upload.path)
    except FileNotFoundError:
        raise ArquivoRecusado("upload_apagado", "o conteúdo deste upload foi apagado; envie-o de novo") from None
    with opened:
        yield opened


def _escopo(pedido: Ingestao) -> str:
    """Whose record numbers these are: two origins may give one number to two patients."""
    return pedido.estabelecimento.cnes if pedido.estabelecimento else " ".join(pedido.origem.casefold().split())


def _options(pedido: Ingestao) -> str:
    """What changes how the same bytes are read."""
    options = [pedido.formato, pedido.mapeamento or {}, pedido.formato_data, _escopo(pedido)]
    return hashlib.sha256(orjson.dumps(options, option=orjson.OPT_SORT_KEYS)).hexdigest()
