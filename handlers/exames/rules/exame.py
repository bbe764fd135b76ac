"""exames.exame: is the order complete, is its code well formed? Whether the code exists needs tables not loaded yet."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.exame import PedidoExame, code_system
from handlers.exames.rules.drafts import Rascunho, numbered
from shared.clinical.identifiers import sigtap_check_digit_agrees, tuss_check_digit_agrees
from shared.findings import Avaliacao, Gravidade

VERSION = "exame/1"
MINIMUM_LETTERS = 10
_NOT_EVALUATED = (
    "Existência do código na tabela vigente (TUSS, SIGTAP da competência ou LOINC): tabelas não carregadas",
    "Existência do CID-10 na tabela do DATASUS",
    "Compatibilidade entre CID e exame, sexo e idade",
    "Repetição de exame recente e preparo do paciente",
)


def avaliar(pedido: PedidoExame) -> Avaliacao:
    """Findings about the order itself; check digits only warn (nine official TUSS codes fail theirs)."""
    drafts = [*_check_digit(pedido), *_indication(pedido), *_urgency(pedido), *_identity(pedido)]
    return Avaliacao(
        achados=numbered(drafts, VERSION),
        calculos={"sistema_codigo": code_system(pedido.codigo)},
        dados_faltantes=list(_missing(pedido)),
        nao_avaliado=list(_NOT_EVALUATED),
    )


def loinc_check_digit_agrees(code: str) -> bool:
    """Luhn's mod 10 over the digits before the hyphen (LOINC Users' Guide ◇)."""
    body, _, digit = code.partition("-")
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))]
    return (10 - sum(n // 10 + n % 10 for n in doubled) % 10) % 10 == int(digit)


def _check_digit(request: PedidoExame) -> Iterator[Rascunho]:
    system = code_system(request.codigo)
    agrees = {
        "tuss": tuss_check_digit_agrees,
        "sigtap": sigtap_check_digit_agrees,
        "loinc": loinc_check_digit_agrees,
    }[system]
    if not agrees(request.codigo):
        yield Rascunho(
            "codigo_dv_divergente",
            Gravidade.ATENCAO,
            f"O dígito verificador do código {system.upper()} {request.codigo} não confere: conferir a digitação.",
            {"sistema": system, "codigo": request.codigo},
            "Dígito verificador empírico ◇; a tabela vigente decide",
        )


def _indication(request: PedidoExame) -> Iterator[Rascunho]:
    letters = sum(c.isalpha() for c in request.indicacao_clinica)
    if letters < MINIMUM_LETTERS:
        yield Rascunho(
            "indicacao_pouco_informativa",
            Gravidade.ATENCAO,
            f"A indicação clínica tem {letters} letras (mínimo {MINIMUM_LETTERS}): pedir complemento ao solicitante.",
            {"letras": letters, "minimo": MINIMUM_LETTERS},
            "Critério deste projeto ◇",
        )


def _urgency(request: PedidoExame) -> Iterator[Rascunho]:
    if request.urgencia:
        yield Rascunho(
            "solicitacao_urgente",
            Gravidade.ATENCAO,
            "Exame solicitado em caráter de urgência: priorizar a coleta e a liberação.",
            {"urgencia": True},
            "Informado pelo solicitante",
        )


def _identity(request: PedidoExame) -> Iterator[Rascunho]:
    if request.paciente.cpf is None and request.paciente.cns is None:
        yield Rascunho(
            "paciente_nao_identificado",
            Gravidade.ATENCAO,
            "Paciente sem CPF e sem CNS: confirmar a identidade antes de associar o resultado ao prontuário.",
            {"cpf_informado": False, "cns_informado": False},
            "Identificação do paciente: CPF ou CNS",
        )


def _missing(request: PedidoExame) -> Iterator[str]:
    if request.cid is None:
        yield "cid"
    if request.profissional is None:
        yield "profissional"
