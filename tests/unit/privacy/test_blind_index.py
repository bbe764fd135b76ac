"""Blind indexes: the published construction, and nothing that lets two things look alike."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy.blind_index import NOBODY, BlindIndex, BlindIndexes, IdentifierKind, Subject, record_number
from shared.settings import DEFAULT_BLIND_INDEX_KEY, load_settings

KEY = "chave-dos-testes"
keys = st.text(min_size=1, max_size=100)
kinds = st.sampled_from(IdentifierKind)
identifiers = st.text(min_size=1, max_size=20)


@given(keys, identifiers, kinds, identifiers)
def test_it_is_hmac_sha256_under_a_key_of_tenant_and_kind(
    key: str, tenant: str, kind: IdentifierKind, identifier: str
) -> None:
    of_tenant = hmac.digest(key.encode(), b"plantao:blind-index:" + tenant.encode(), hashlib.sha256)
    of_kind = hmac.digest(of_tenant, kind.value.encode(), hashlib.sha256)
    expected = hmac.digest(of_kind, identifier.encode(), hashlib.sha256).hex()[:32]
    assert BlindIndex(key, tenant).value(kind, identifier) == expected


@given(st.lists(st.tuples(keys, identifiers, kinds, identifiers), unique=True, min_size=2, max_size=2))
def test_another_key_tenant_kind_or_number_is_another_value(two: list[tuple[str, str, IdentifierKind, str]]) -> None:
    one, other = (BlindIndex(key, tenant).value(kind, identifier) for key, tenant, kind, identifier in two)
    assert one != other


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_a_value_does_not_hold_the_number(cpf: str) -> None:
    value = BlindIndex(KEY, "t").value(IdentifierKind.CPF, cpf)
    assert len(value) == 32 and cpf not in value


def test_the_same_value_may_be_asked_for_again_and_again() -> None:
    blind = BlindIndexes(KEY).of("t")
    assert len({blind.value(IdentifierKind.CNS, "700000000000005") for _ in range(3)}) == 1


@given(identifiers)
def test_a_record_number_has_one_normal_form(text: str) -> None:
    normal = record_number(text)
    assert record_number(normal) == normal
    assert record_number(f" {text.lower()}\t") == record_number(text.lower())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ab-12", "AB-12", True),
        (" 12 34 ", "1234", True),
        ("１２３", "123", True),  # full-width digits
        ("00123", "123", False),
        ("12/34", "1234", False),
    ],
)
def test_which_record_numbers_are_one(one: str, other: str, same: bool) -> None:
    assert (record_number(one) == record_number(other)) is same


def test_a_subject_has_a_value_for_what_is_known_and_none_for_the_rest() -> None:
    blind = BlindIndex(KEY, "t")
    assert blind.subject(None, None, None) == NOBODY
    assert blind.subject(None, None, "  ") == NOBODY
    assert blind.subject("52998224725", None, "p 1") == Subject(
        cpf=blind.value(IdentifierKind.CPF, "52998224725"), record=blind.value(IdentifierKind.RECORD, "P1")
    )


def test_production_refuses_the_default_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://somebody:else@127.0.0.1:5672")
    with pytest.raises(ValueError, match="BLIND_INDEX_KEY still holds the default") as refused:
        load_settings()
    assert DEFAULT_BLIND_INDEX_KEY not in str(refused.value)
    monkeypatch.setenv("BLIND_INDEX_KEY", "outra")
    assert load_settings().privacy.blind_index_key.get_secret_value() == "outra"
