"""Check digits of CPF and CNS by integer arithmetic: a file of a million rows asks twice a row.

The law of each stands in `shared.clinical.identifiers`, which asks validate-docbr; a property test holds the two equal.
"""

from __future__ import annotations

_ZERO = 48  # the byte of "0"; every weighted sum below subtracts it once per weight
_FIRST_OF_PROVISIONAL = "789"
_FIRST_OF_DEFINITIVE = "12"


def cpf_confere(numero: str) -> bool:
    """Whether 11 ASCII digits are a CPF: right check digits, not all equal (Receita Federal)."""
    a, b, c, d, e, f, g, h, i, first, second = numero.encode()
    body = 10 * a + 9 * b + 8 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i - 54 * _ZERO
    if body * 10 % 11 % 10 != first - _ZERO:
        return False
    # Each weight grows by one and the first check digit joins with 2.
    both = body + a + b + c + d + e + f + g + h + i - 9 * _ZERO + 2 * (first - _ZERO)
    return both * 10 % 11 % 10 == second - _ZERO and numero != numero[0] * 11


def cns_confere(numero: str) -> bool:
    """Whether 15 ASCII digits are a CNS: 1 and 2 are definitive (rebuilt from the PIS), 7, 8 and 9 provisional."""
    a, b, c, d, e, f, g, h, i, j, k, w, x, y, z = numero.encode()
    body = 15 * a + 14 * b + 13 * c + 12 * d + 11 * e + 10 * f + 9 * g + 8 * h + 7 * i + 6 * j + 5 * k - 110 * _ZERO
    if numero[0] in _FIRST_OF_PROVISIONAL:
        return (body + 4 * w + 3 * x + 2 * y + z - 10 * _ZERO) % 11 == 0
    if numero[0] not in _FIRST_OF_DEFINITIVE:
        return False
    check = 11 - body % 11
    if check == 10:
        return numero[11:] == f"001{11 - (body + 2) % 11}"
    return numero[11:] == f"000{0 if check == 11 else check}"
