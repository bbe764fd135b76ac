"""What a column, or a field of an object, holds, judged by its name: a person, something else, or nobody knows."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

# Whose value says who somebody is, whatever stands beside it in the name.
_DATA = frozenset({
    "cpf", "cns", "sus", "rg", "cnh", "passaporte", "passport", "pis", "pasep", "nis", "nit", "ctps", "certidao",
    "identidade", "documento", "doc", "prontuario", "matricula", "mae", "pai", "mother", "father", "genitora",
    "genitor", "filiacao", "telefone", "tel", "fone", "celular", "cel", "whatsapp", "phone", "mobile", "email",
    "mail", "endereco", "address", "logradouro", "rua", "street", "bairro", "cep", "zip", "zipcode", "complemento",
    "nascimento", "nasc", "nascido", "dn", "dob", "birth", "birthdate", "born", "sobrenome", "surname", "apelido",
    "nickname", "carteirinha", "carteira", "beneficiario", "beneficiaria", "responsavel", "acompanhante", "conjuge",
    "esposa", "esposo", "marido", "guardian", "telecom", "login", "crm", "coren", "cro", "crf", "assinatura",
    "titular", "family", "given",
})  # fmt: skip
# Names somebody, unless it says that a thing is meant (`nome_exame`, `registro_anvisa`).
_NAMES = frozenset({
    "nome", "nomes", "name", "fullname", "firstname", "lastname", "registro", "numero", "guia", "atendimento", "id",
    "identificador", "identifier",
})  # fmt: skip
_PEOPLE = frozenset({
    "paciente", "pac", "pct", "pcte", "patient", "pessoa", "person", "cliente", "usuario", "user", "medico",
    "medica", "doctor", "physician", "profissional", "professional", "enfermeiro", "enfermeira", "solicitante",
    "executante", "requisitante", "cirurgiao", "autor", "author", "contato", "contact", "display", "segurado",
    "dependente", "social", "civil", "completo", "completa", "filho", "filha", "irmao", "irma", "familiar",
    "parente",
})  # fmt: skip
_THINGS = frozenset({
    "exame", "exames", "teste", "analito", "medicamento", "farmaco", "droga", "procedimento", "material", "produto",
    "item", "unidade", "setor", "hospital", "clinica", "laboratorio", "operadora", "fabricante",
    "marca", "municipio", "cidade", "estado", "uf", "pais", "campo", "evento", "tipo", "anvisa", "lote",
    "ala", "cid", "tuss", "sigtap", "loinc", "snomed", "bula", "especialidade", "cargo", "amostra",
})  # fmt: skip
_OTHERWISE = _THINGS | frozenset({
    "convenio", "leito", "quarto",
    "sexo", "genero", "gender", "sex", "idade", "age", "anos", "meses", "gestante", "peso", "altura", "imc", "raca",
    "cor", "religiao", "resultado", "resultados", "result", "results", "valor", "valores", "value", "referencia",
    "reference", "intervalo", "metodo", "codigo", "code", "codigos", "quantidade", "qtd", "dose", "posologia",
    "via", "frequencia", "duracao", "data", "date", "hora", "horario", "time", "datetime", "inicio", "fim",
    "coleta", "alta", "entrada", "saida", "internacao", "admissao", "liberacao", "status", "situacao", "prioridade",
    "diagnostico", "hipotese", "conduta", "observacao", "observacoes", "obs", "texto", "nota", "laudo", "conclusao",
    "descricao", "description", "motivo", "queixa", "sintoma", "sintomas", "alergia", "alergias", "pressao", "pa",
    "fc", "fr", "temperatura", "temp", "spo2", "saturacao", "glicemia", "hb", "hemoglobina", "hematocrito",
    "leucocitos", "plaquetas", "creatinina", "ureia", "sodio", "potassio", "system", "sistema", "unit", "units",
    "coding", "codable", "versao", "version", "custo", "preco", "total", "seq", "ordem", "linha", "indice", "score",
    "escore",
})  # fmt: skip
_CODES = frozenset({"codigo", "codigos", "code"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"(?<=[^\W\d_])\d+$")  # `telefone2`


class Holds(StrEnum):
    """What stands in a column."""

    PERSON = "person"
    OTHER = "other"
    UNKNOWN = "unknown"


@lru_cache(maxsize=4096)
def holds(name: str) -> Holds:
    """By the words of its name, in any spelling: `Nº Prontuário`, `dt_nasc`, `nomePaciente`."""
    words = _words_of(name)
    if words & _DATA:
        return Holds.PERSON
    if words & _NAMES:
        return Holds.OTHER if words & _THINGS and not words & _PEOPLE else Holds.PERSON
    if words & _PEOPLE and not words & _OTHERWISE - _CODES:
        return Holds.PERSON
    return Holds.OTHER if words & _OTHERWISE else Holds.UNKNOWN


def names_alone(name: str) -> bool:
    """Whether it can be nothing but the name of a column of people: what heads a list of one column."""
    words = _words_of(name)
    return bool(words) and words <= _DATA | _NAMES | _PEOPLE | {"de", "do", "da", "dos", "das", "n", "no", "dt", "data"}


def _words_of(name: str) -> frozenset[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name[:200]) if not unicodedata.combining(c))
    apart = _CAMEL.sub(" ", plain).lower().replace("e-mail", "email")
    return frozenset(_DIGITS.sub("", word) for word in _WORDS.findall(apart))
