from __future__ import annotations

import subprocess
import sys

import pytest

from handlers.exames.domain import DOMAIN
from handlers.exames.rules.hemograma.evaluation import avaliar
from shared.domain import Event


def test_the_wire_names() -> None:
    assert (DOMAIN.key, DOMAIN.vhost) == ("exames", "fluxo_exams")
    assert {event.name: event.path for event in DOMAIN.events} == {
        "exame": "",
        "hemograma": "hemograma/",
        "imagem": "imagem/{tipo_exame}",
    }


@pytest.mark.parametrize("event", DOMAIN.events, ids=lambda event: event.name)
def test_every_example_is_a_valid_request(event: Event) -> None:
    request = event.request.model_validate({**event.example, **event.path_example})
    again = event.request.model_validate_json(request.model_dump_json())
    assert again == request


def test_the_hemogram_example_shows_an_alert() -> None:
    event = DOMAIN.event("hemograma")
    assert event is not None
    evaluation = avaliar(event.request.model_validate(event.example))
    assert [f.codigo for f in evaluation.criticos] == ["critico_plaquetas"]
    assert evaluation.dados_faltantes == []


def test_the_domain_is_readable_without_crewai() -> None:
    script = "import sys, handlers.exames.domain; sys.exit('crewai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
