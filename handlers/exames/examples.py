"""One realistic request per event. The people are invented; the check digits are right.

The hemogram is of a patient on heparin for four days; the CT waits for a kidney and a metformin to be looked at.
"""

from __future__ import annotations

from typing import Any

_PACIENTE: dict[str, Any] = {
    "cpf": "529.982.247-25",
    "prontuario": "P-000123",
    "nome": "Marina Exemplo Fictícia",
    "data_nascimento": "1981-03-14",
    "sexo": "F",
    "gestante": "nao",
    "peso_kg": "68.5",
    "altura_cm": "165",
}
_PROFISSIONAL = {"nome": "Otávio Inventado", "crm": "123456", "uf": "SP"}
_COMUM: dict[str, Any] = {"paciente": _PACIENTE, "profissional": _PROFISSIONAL, "estabelecimento": {"cnes": "1234567"}}


def _result(parametro: str, valor: str, unidade: str, ref_min: str, ref_max: str) -> dict[str, str]:
    return {"parametro": parametro, "valor": valor, "unidade": unidade, "ref_min": ref_min, "ref_max": ref_max}


EXAME: dict[str, Any] = {
    **_COMUM,
    "codigo": "40304361",
    "indicacao_clinica": "Dispneia em repouso e palidez intensa desde ontem; investigar anemia.",
    "cid": "R06.0",
    "urgencia": True,
    "solicitado_em": "2026-11-20T07:40:00-03:00",
}
HEMOGRAMA: dict[str, Any] = {
    **_COMUM,
    "coleta_em": "2026-11-20T08:10:00-03:00",
    "amostra": "sangue total EDTA",
    "equipamento": "analisador hematológico",
    "resultados": [
        _result("hemacias", "3.4", "milhões/mm³", "3.9", "5.1"),
        _result("hemoglobina", "10.2", "g/dL", "11.5", "14.9"),
        _result("hematocrito", "30.6", "%", "36", "46"),
        _result("vcm", "90.0", "fL", "80", "100"),
        _result("rdw_cv", "14.0", "%", "11.6", "14.8"),
        _result("leucocitos", "5200", "/mm³", "4000", "11000"),
        {"parametro": "segmentados_pct", "valor": "60", "unidade": "%"},
        {"parametro": "bastonetes_pct", "valor": "3", "unidade": "%"},
        {"parametro": "linfocitos_pct", "valor": "28", "unidade": "%"},
        {"parametro": "monocitos_pct", "valor": "6", "unidade": "%"},
        {"parametro": "eosinofilos_pct", "valor": "2", "unidade": "%"},
        {"parametro": "basofilos_pct", "valor": "1", "unidade": "%"},
        _result("plaquetas", "12", "mil/mm³", "150", "450"),
    ],
    "anterior": {
        "coleta_em": "2026-11-16T07:55:00-03:00",
        "resultados": [
            _result("hemoglobina", "12.9", "g/dL", "11.5", "14.9"),
            _result("vcm", "90.4", "fL", "80", "100"),
            _result("plaquetas", "184", "mil/mm³", "150", "450"),
        ],
    },
}
IMAGEM: dict[str, Any] = {
    **_COMUM,
    "regiao": "abdome total",
    "lateralidade": "nao_se_aplica",
    "contraste": "iodado_iv",
    "creatinina_mg_dl": "2.1",
    "creatinina_em": "2026-11-19T07:30:00-03:00",
    "solicitado_em": "2026-11-20T09:00:00-03:00",
    "ira_aguda": False,
    "dialise": False,
    "metformina": True,
    "dispositivos": [],
    "alergia_contraste": False,
}
