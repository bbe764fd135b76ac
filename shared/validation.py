"""What a request model refused, in words for a person that never quote the input (SECURITY 13)."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from shared.errors import CallerError, InvalidField, MalformedBody
from shared.field_paths import field_path

MISSING_FIELD = "campo obrigatório"
# Pydantic's own messages sometimes quote the input; these never do. `{…}` are limits from the model.
_REASONS = {
    "missing": MISSING_FIELD,
    "extra_forbidden": "campo desconhecido",
    "string_type": "deve ser um texto",
    "string_too_short": "deve ter ao menos {min_length} caracteres",
    "string_too_long": "deve ter no máximo {max_length} caracteres",
    "string_pattern_mismatch": "formato inválido",
    "literal_error": "deve ser um de: {expected}",
    "enum": "deve ser um de: {expected}",
    "bool_type": "deve ser verdadeiro ou falso",
    "bool_parsing": "deve ser verdadeiro ou falso",
    "int_type": "deve ser um número inteiro",
    "int_parsing": "deve ser um número inteiro",
    "int_from_float": "deve ser um número inteiro",
    "decimal_type": "deve ser um número",
    "decimal_parsing": "deve ser um número",
    "decimal_max_digits": "tem dígitos demais",
    "decimal_max_places": "tem casas decimais demais",
    "finite_number": "deve ser um número finito",
    "float_type": "deve ser um número",
    "float_parsing": "deve ser um número",
    "greater_than": "deve ser maior que {gt}",
    "greater_than_equal": "deve ser maior ou igual a {ge}",
    "less_than": "deve ser menor que {lt}",
    "less_than_equal": "deve ser menor ou igual a {le}",
    "list_type": "deve ser uma lista",
    "too_short": "deve ter ao menos {min_length} itens",
    "too_long": "deve ter no máximo {max_length} itens",
    "model_type": "deve ser um objeto",
    "model_attributes_type": "deve ser um objeto",
    "dict_type": "deve ser um objeto",
    "date_type": "deve ser uma data AAAA-MM-DD",
    "date_parsing": "deve ser uma data AAAA-MM-DD",
    "date_from_datetime_parsing": "deve ser uma data AAAA-MM-DD",
    "date_from_datetime_inexact": "deve ser uma data AAAA-MM-DD, sem hora",
    "datetime_type": "deve ser data e hora ISO 8601 com fuso",
    "datetime_parsing": "deve ser data e hora ISO 8601 com fuso",
    "datetime_from_date_parsing": "deve ser data e hora ISO 8601 com fuso",
    "timezone_aware": "deve trazer o fuso horário",
}


def invalid_field(error: ValidationError) -> CallerError:
    """A request model's refusal as our own error."""
    details = error.errors(include_url=False, include_input=False)
    if details and details[0]["type"] == "json_invalid":
        return MalformedBody("o corpo não é JSON válido ou é profundo demais")
    return refused_fields(error)


def refused_fields(error: ValidationError) -> InvalidField:
    """The fields that a model refuses and why, at most fifty, without their values."""
    details = error.errors(include_url=False, include_input=False)
    return InvalidField([(field_path(item["loc"]), reason_of(item)) for item in details[:50]])


def reason_of(item: Any) -> str:
    """One of pydantic's error details in our words."""
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    template = _REASONS.get(item["type"], "valor inválido")
    limits = _Limits(item.get("ctx") or {})
    if "expected" in limits:  # pydantic's list, which ends in English
        limits["expected"] = str(limits["expected"]).replace("' or '", "' ou '")
    return template.format_map(limits)


class _Limits(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
