"""What a request's headers say, and which place a refusal names."""

from __future__ import annotations

import pytest

from api.request_headers import idempotency_key
from shared.errors import InvalidField


@pytest.mark.parametrize(
    ("headers", "in_the_body", "key"),
    [
        ({}, None, None),
        ({}, "do-corpo", "do-corpo"),
        ({b"idempotency-key": b' "k1" '}, "do-corpo", "k1"),
    ],
)
def test_the_header_goes_before_the_body(headers: dict[bytes, bytes], in_the_body: str | None, key: str | None):
    assert idempotency_key(headers, in_the_body) == key


@pytest.mark.parametrize(
    ("headers", "in_the_body", "named"),
    [
        ({b"idempotency-key": b"a b"}, "do-corpo", "Idempotency-Key"),
        ({b"idempotency-key": b""}, None, "Idempotency-Key"),
        ({}, "uma chave", "idempotency_key"),
        ({}, "ação", "idempotency_key"),
    ],
)
def test_an_unusable_key_is_refused_where_it_stands(headers: dict[bytes, bytes], in_the_body: str | None, named: str):
    with pytest.raises(InvalidField) as refused:
        idempotency_key(headers, in_the_body)
    assert [field for field, _ in refused.value.fields] == [named]
