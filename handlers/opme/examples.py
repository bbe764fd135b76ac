"""One realistic request per event. People and companies are invented; the check digits are right.

The first is in order; the prosthesis has what an auditor must ask about; the material is urgent.
"""

from __future__ import annotations

from typing import Any

_PEDIDO = {
    "paciente": {
        "cpf": "675.641.847-52",
        "cns": "938973838314839",
        "prontuario": "0071920",
        "nome": "Lindolfo Evaristo Sampaio",
        "data_nascimento": "1951-07-09",
        "sexo": "M",
        "peso_kg": 77,
        "altura_cm": 171,
    },
    "profissional": {"nome": "Helena Prado Viana", "crm": "88214", "uf": "MG", "cbo": "225270"},
    "estabelecimento": {"cnes": "2612380"},
    "data_solicitacao": "2026-11-16",
    "data_procedimento": "2027-01-12",
    "numero_guia": "20261116000917",
    "registro_ans": "326305",
    "carater": "eletiva",
}
_COTACOES = [
    {
        "cnpj": "80.382.997/6429-04",
        "marca": "Coxal Prime",
        "fabricante": "Ortoforma Indústria Ltda.",
        "valor": "7450.00",
        "validade": "2027-01-15",
    },
    {
        "cnpj": "02.512.953/7689-68",
        "marca": "Hip Serra",
        "fabricante": "Serra Azul Implantes S.A.",
        "valor": "8120.00",
        "validade": "2027-01-31",
    },
    {
        "cnpj": "12ABC34501DE35",
        "marca": "Articula",
        "fabricante": "Novarte Biomédica",
        "valor": "7990.50",
        "validade": "2026-12-20",
    },
]
_ITEM = {
    "tabela": "sigtap",
    "codigo": "0702030082",
    "descricao": "Componente femoral para artroplastia total de quadril",
    "opcao_fabricante": 1,
    "quantidade": 1,
    "valor_solicitado": "7450.00",
    "registro_anvisa": "80123450017",
    "codigo_ref_fabricante": "CXP-CF-12",
    "autorizacao_funcionamento": "8012345",
}

SOLICITACAO: dict[str, Any] = {
    **_PEDIDO,
    "justificativa_tecnica": "Coxartrose primária grave à direita, com dor em repouso e falha de fisioterapia.",
    "especificacao_material": "Componente femoral não cimentado, haste cônica, cabeça de 32 mm",
    "cid": "M16.1",
    "procedimento": "04.08.04.008-4",
    "itens": [_ITEM],
    "cotacoes": _COTACOES,
}

PROTESE: dict[str, Any] = {
    **SOLICITACAO,
    "itens": [{**_ITEM, "quantidade": 3, "valor_solicitado": "22350.00"}],
    "cotacoes": [
        _COTACOES[0],
        {**_COTACOES[1], "fabricante": "ORTOFORMA INDUSTRIA", "valor": "16100.00"},
        {**_COTACOES[2], "validade": "2026-11-10"},
    ],
    "lado": "direito",
    "dimensao": "haste nº 12, cabeça de 32 mm",
    "material": "liga de titânio com recobrimento poroso",
    "lote": "OF26-0831",
    "udi": "(01)07890000000017(17)310831(10)OF26-0831",
}

MATERIAL: dict[str, Any] = {
    **_PEDIDO,
    "carater": "urgencia",
    "data_procedimento": "2026-11-16",
    "justificativa_tecnica": "Angioplastia de artéria descendente anterior com lesão de 80 % e isquemia documentada.",
    "especificacao_material": "Fio-guia hidrofílico 0,014 polegada, 190 cm",
    "cid": "I25.1",
    "procedimento": "30912040",
    "itens": [
        {
            **_ITEM,
            "tabela": "19",
            "codigo": "70726108",
            "descricao": "Fio-guia hidrofílico para angioplastia coronária",
            "quantidade": 2,
            "valor_solicitado": "690.00",
            "codigo_ref_fabricante": "FG-014-190",
        }
    ],
    "cotacoes": [
        {**_COTACOES[0], "marca": "Guia Lisa", "valor": "345.00"},
        {**_COTACOES[1], "marca": "Via Serra", "valor": "372.00"},
        {**_COTACOES[2], "marca": "Condutor N", "valor": "358.90"},
    ],
    "consumo_previsto": 2,
    "uso_unico": True,
}
