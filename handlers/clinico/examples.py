"""One realistic request per event. The people are invented; the check digits are right."""

from __future__ import annotations

from typing import Any

_PACIENTE = {
    "cpf": "589.210.621-73",
    "cns": "931235935132260",
    "prontuario": "0048213",
    "nome": "Benedita Aparecida Quintanilha",
    "data_nascimento": "1958-03-22",
    "sexo": "F",
    "gestante": "nao",
    "peso_kg": 68.4,
    "altura_cm": 158,
}
_PROFISSIONAL = {"nome": "Otávio Ferraz Lemes", "crm": "104873", "uf": "SP", "cbo": "225125"}
_ESTABELECIMENTO = {"cnes": "2077108"}
_SINAIS = {
    "fr_irpm": 24,
    "spo2_pct": 93,
    "o2_suplementar": True,
    "escala_spo2": 1,
    "pas_mmhg": 98,
    "pad_mmhg": 58,
    "fc_bpm": 112,
    "temperatura_c": 38.6,
    "consciencia": "A",
    "glasgow": 15,
}
_EM_USO = [
    {"nome": "Metformina", "dcb": "cloridrato de metformina", "dose": 850, "unidade": "mg", "via": "oral"},
    {"nome": "Losartana", "dcb": "losartana potássica", "dose": 50, "unidade": "mg", "via": "oral"},
]

CONSULTA: dict[str, Any] = {
    "paciente": _PACIENTE,
    "profissional": _PROFISSIONAL,
    "estabelecimento": _ESTABELECIMENTO,
    "data_hora": "2026-11-18T08:40:00-03:00",
    "queixa_principal": "Febre e falta de ar há três dias",
    "sinais_vitais": _SINAIS,
    "alergias": ["dipirona"],
    "medicamentos": [
        *_EM_USO,
        {"nome": "Novalgina", "dcb": "Dipirona", "dose": 1, "unidade": "g", "via": "intravenosa"},
    ],
    "cids": ["J18.9", "E11.9", "I10"],
    "texto_clinico": "Tosse produtiva com secreção amarelada. Murmúrio vesicular diminuído na base direita.",
}

INTERNACAO: dict[str, Any] = {
    "paciente": _PACIENTE,
    "profissional": _PROFISSIONAL,
    "estabelecimento": _ESTABELECIMENTO,
    "data_hora": "2026-11-18T10:05:00-03:00",
    "data_hora_internacao": "2026-11-18T11:30:00-03:00",
    "carater": "urgencia",
    "origem": "pronto-socorro",
    "leito": "ENF-3B-12",
    "queixa_principal": "Febre e falta de ar há três dias",
    "sinais_vitais": _SINAIS,
    "alergias": ["dipirona"],
    "medicamentos": _EM_USO,
    "cid_principal": "J18.9",
    "cids_secundarios": ["E11.9", "J44.9", "I10"],
    "procedimento_sigtap": "0303140151",
    "operadora_ans": "326305",
    "numero_guia": "20261118004821",
}

ALTA: dict[str, Any] = {
    "paciente": _PACIENTE,
    "profissional": _PROFISSIONAL,
    "estabelecimento": _ESTABELECIMENTO,
    "data_hora_internacao": "2026-11-18T11:30:00-03:00",
    "data_hora_alta": "2026-11-23T15:10:00-03:00",
    "motivo_saida": "alta melhorado",
    "carater": "urgencia",
    "cid_principal": "J18.9",
    "cids_secundarios": ["E11.9", "J44.9", "I10"],
    "visitas_ps_6m": 2,
    "alergias": ["dipirona"],
    "prescricao_alta": [
        *_EM_USO,
        {"nome": "Amoxicilina", "dcb": "amoxicilina tri-hidratada", "dose": 500, "unidade": "mg", "via": "oral"},
        {"nome": "Cozaar", "dcb": "losartana potássica", "dose": 50, "unidade": "mg", "via": "oral"},
        {"nome": "Dipirona", "dcb": "dipirona", "dose": 1, "unidade": "g", "via": "oral"},
    ],
    "orientacoes": "Completar o antibiótico por cinco dias e voltar se houver febre ou piora da falta de ar.",
    "pendencias": ["Resultado final da hemocultura colhida na admissão"],
}
