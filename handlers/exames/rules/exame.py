"""exames.exame: is the order complete, does its code exist, is it meant for this patient?"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.exames.requests.exame import PedidoExame, Sistema, code_system
from handlers.exames.rules.drafts import Rascunho, numbered
from handlers.exames.tables import CATALOGO
from handlers.exames.tables.catalogo import ExameOferecido
from shared.clinical.ages import age_in_years
from shared.clinical.identifiers import sigtap_check_digit_agrees, tuss_check_digit_agrees
from shared.clinical.tables import OptionalTable
from shared.clinical.terminology import CID10, LOINC, SIGTAP, TUSS, TabelaDeCodigos, existencia
from shared.findings import Avaliacao, Gravidade

VERSION = "exame/2"
_LISTS: dict[Sistema, OptionalTable[TabelaDeCodigos]] = {"tuss": TUSS, "sigtap": SIGTAP, "loinc": LOINC}
_NOT_EVALUATED = ("Compatibilidade entre CID e exame", "Repetição de exame recente")


def avaliar(pedido: PedidoExame) -> Avaliacao:
    """Findings about the order itself; check digits only warn (nine official TUSS codes fail theirs)."""
    exam = CATALOGO.current().find(pedido.codigo)
    drafts = [
        *_check_digit(pedido),
        *_existence(pedido),
        *_indication(pedido),
        *_urgency(pedido),
        *_identity(pedido),
        *_meant_for(pedido, exam),
    ]
    used = {table.name: rows.versao_citada for table in _lists_of(pedido) if (rows := table.current())}
    return Avaliacao(
        achados=numbered(drafts, VERSION),
        calculos=_calculations(pedido, exam),
        dados_faltantes=list(_missing(pedido, exam)),
        nao_avaliado=list(_not_evaluated(pedido, exam)),
        versoes_tabelas={"catalogo": CATALOGO.current().versao_citada, **used},
    )


def _lists_of(request: PedidoExame) -> list[OptionalTable[TabelaDeCodigos]]:
    return [_LISTS[code_system(request.codigo)], *([CID10] if request.cid else [])]


def _calculations(request: PedidoExame, exam: ExameOferecido | None) -> dict[str, str]:
    system = code_system(request.codigo)
    found: dict[str, str] = {
        "sistema_codigo": system,
        f"existencia_{system}": existencia(_LISTS[system], request.codigo),
    }
    if request.cid is not None:
        found["existencia_cid10"] = existencia(CID10, request.cid)
    if exam is not None:
        found["exame"] = exam.nome
        found |= {"evento_do_resultado": exam.evento} if exam.evento else {}
    return found


def _not_evaluated(request: PedidoExame, exam: ExameOferecido | None) -> Iterator[str]:
    for table in _lists_of(request):
        if table.current() is None:
            yield f"{table.name}: existência não verificada, sem a tabela oficial; somente o formato"
    if exam is None:
        yield "Sexo, idade e preparo: o código não está no catálogo do hospital"
    yield from _NOT_EVALUATED


def _existence(request: PedidoExame) -> Iterator[Rascunho]:
    codes = [(request.codigo, _LISTS[code_system(request.codigo)])]
    codes += [(request.cid, CID10)] if request.cid else []
    for code, table in codes:
        rows = table.current()
        if rows is not None and existencia(table, code) == "inexistente":
            yield Rascunho(
                "codigo_inexistente",
                Gravidade.ATENCAO,
                f"O código {code} não existe na tabela {table.name.upper()} de {rows.competencia or rows.data}.",
                {"codigo": code, "tabela": table.name, "data_tabela": rows.data.isoformat()},
                rows.fonte,
                rows.versao_citada,
            )


def _meant_for(request: PedidoExame, exam: ExameOferecido | None) -> Iterator[Rascunho]:
    """Sex and age of the hospital's catalogue, and radiation in a pregnancy; each asks a person, none denies."""
    if exam is None:
        return
    reasons = []
    if exam.sexo not in (None, request.paciente.sexo):
        reasons.append(("exame_incompativel_sexo", "destina-se a outro sexo: confirmar o pedido"))
    if not _age_fits(request, exam):
        reasons.append(("exame_incompativel_idade", "fora da faixa etária do catálogo: confirmar o pedido"))
    if exam.ionizante and request.paciente.gestante == "sim":
        reasons.append(("gestante_radiacao_revisao_humana", "usa radiação e a paciente é gestante: revisão humana"))
    table = CATALOGO.current()
    for code, words in reasons:
        evidence = {
            "codigo": request.codigo,
            "sexo": exam.sexo,
            "idade_min": exam.idade_min,
            "idade_max": exam.idade_max,
        }
        yield Rascunho(code, Gravidade.ATENCAO, f"{exam.nome} {words}.", evidence, table.fonte, table.versao_citada)
    if exam.preparo:
        yield Rascunho(
            "preparo", Gravidade.INFO, f"Preparo de {exam.nome}: {exam.preparo}.", {}, table.fonte, table.versao_citada
        )


def _age_fits(request: PedidoExame, exam: ExameOferecido) -> bool:
    """True too where nobody said when the exam was asked for: without a date there is no age."""
    if request.solicitado_em is None:
        return True
    age = age_in_years(request.paciente.data_nascimento, request.solicitado_em.date())
    return (exam.idade_min is None or age >= exam.idade_min) and (exam.idade_max is None or age <= exam.idade_max)


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
    minimum = CATALOGO.current().indicacao_min_letras
    letters = sum(c.isalpha() for c in request.indicacao_clinica)
    if letters < minimum:
        yield Rascunho(
            "indicacao_pouco_informativa",
            Gravidade.ATENCAO,
            f"A indicação clínica tem {letters} letras (mínimo {minimum}): pedir complemento ao solicitante.",
            {"letras": letters, "minimo": minimum},
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


def _missing(request: PedidoExame, exam: ExameOferecido | None) -> Iterator[str]:
    if request.cid is None:
        yield "cid"
    if request.profissional is None:
        yield "profissional"
    limited = exam is not None and (exam.idade_min is not None or exam.idade_max is not None)
    if limited and request.solicitado_em is None:
        yield "solicitado_em"
