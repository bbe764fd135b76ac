"""What each domain's own list catches, and what resembles it and may stand."""

from __future__ import annotations

import pytest

from handlers.clinico.crew import CREWS as CLINICO
from handlers.crew_runtime.faults import FaultKind
from handlers.crew_runtime.guardrail import CitationRules
from handlers.crew_runtime.quantities import Language
from handlers.crew_runtime.spec import CrewSpec
from handlers.exames.crew import CREWS as EXAMES
from handlers.ingestao.crew import CREWS as INGESTAO
from handlers.opme.crew import CREWS as OPME
from shared.findings import Avaliacao, Gravidade
from tests.unit.crews.support import finding

EVALUATION = Avaliacao(
    achados=[
        finding(1, Gravidade.ATENCAO, "Cotações com dispersão de preço; registro não verificado.", codigo="cotacoes"),
        finding(2, Gravidade.ATENCAO, "Gadolínio do grupo I contraindicado nesta situação.", codigo="gadolinio"),
    ]
)
IMAGEM, ALTA, JUNTA, CARGA = EXAMES["imagem"], CLINICO["alta"], OPME["protese"], INGESTAO["pacientes"]


def forbidden(crew: CrewSpec, sentence: str, language: Language = "pt") -> bool:
    rules = CitationRules(EVALUATION, crew.forbidden, language)
    return FaultKind.FORBIDDEN in {fault.kind for fault in rules.faults(sentence)}


@pytest.mark.parametrize(
    ("crew", "sentence"),
    [
        (IMAGEM, "O exame deve ser negado [A1]."),
        (IMAGEM, "O exame está liberado [A1]."),
        (IMAGEM, "O exame pode ser realizado com segurança [A1]."),
        (IMAGEM, "O contraste está contraindicado [A1]."),
        (IMAGEM, "Não há risco: exame sem riscos [A1]."),
        (ALTA, "O paciente pode receber alta [A1]."),
        (ALTA, "Paciente apto para alta [A1]."),
        (ALTA, "Alta autorizada [A1]."),
        (ALTA, "Paciente sem alergias conhecidas [A1]."),
        (ALTA, "A prescrição é segura [A1]."),
        (JUNTA, "A solicitação está negada [A1]."),
        (JUNTA, "O material foi aprovado [A1]."),
        (JUNTA, "Fica autorizada a prótese [A1]."),
        (JUNTA, "Indefere-se o pedido [A1]."),
        (JUNTA, "Recomenda-se a negativa [A1]."),
        (JUNTA, "O registro na Anvisa é válido [A1]."),
        (JUNTA, "Recomenda-se a marca Coxal [A1]."),
        (CARGA, "As linhas foram corrigidas automaticamente [A1]."),
    ],
)
def test_a_decision_is_sent_back(crew: CrewSpec, sentence: str) -> None:
    assert forbidden(crew, sentence)


@pytest.mark.parametrize(
    ("crew", "sentence"),
    [
        (IMAGEM, "The exam is denied [A1]."),
        (IMAGEM, "It is safe to perform the study [A1]."),
        (ALTA, "The patient can be discharged [A1]."),
        (ALTA, "The patient has no known allergies [A1]."),
        (JUNTA, "The request is approved [A1]."),
        (JUNTA, "We recommend denial [A1]."),
        (JUNTA, "The registration is valid [A1]."),
        (CARGA, "The rows were corrected [A1]."),
    ],
)
def test_a_decision_in_english_is_sent_back(crew: CrewSpec, sentence: str) -> None:
    assert forbidden(crew, sentence, "en")


@pytest.mark.parametrize(
    ("crew", "sentence"),
    [
        (IMAGEM, "O gadolínio do grupo I é contraindicado nesta situação [A2]."),
        (IMAGEM, "A decisão de realizar o exame cabe ao radiologista [A1]."),
        (IMAGEM, "Antes do exame, o médico precisa esclarecer o dispositivo [A1]."),
        (ALTA, "Definir o responsável pela pendência antes da alta [A1]."),
        (ALTA, "As alergias não foram informadas [A1]."),
        (ALTA, "Rever a prescrição de alta por segurança [A1]."),
        (JUNTA, "O registro segue não verificado, nem válido nem inválido [A1]."),
        (JUNTA, "A solicitação não pode ser negada sem a assinatura de um profissional [A1]."),
        (JUNTA, "Somente uma pessoa que assina pode negar [A1]."),
        (JUNTA, "Esta minuta é uma recomendação e não constitui negativa [A1]."),
        (JUNTA, "A autorização depende de decisão humana [A1]."),
        (JUNTA, "Não se recomenda marca nem fornecedor [A1]."),
        (CARGA, "As linhas rejeitadas devem ser corrigidas na origem [A1]."),
        (CARGA, "Nenhuma linha foi corrigida [A1]."),
    ],
)
def test_what_resembles_one_may_stand(crew: CrewSpec, sentence: str) -> None:
    assert not forbidden(crew, sentence)
