"""The contacts file: understood as it is meant, or refused with the place and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.notifications.contacts import Contacts, ContactsInvalid, load_contacts

SECRET = "whsec_" + "c2VncmVkby1kZS10ZXN0ZS1zZWdyZWRvLWRlLXRlc3Rl"
ENDPOINT = f'[endpoints.plantonista]\nurl = "https://his.interno/avisos"\nsecret = "{SECRET}"\n'
ROOT = Path(__file__).resolve().parents[3]


def loaded(tmp_path: Path, text: str, environment: str = "production") -> Contacts:
    file = tmp_path / "contacts.toml"
    file.write_text(text)
    return load_contacts(file, environment, {"exames", "clinico"})  # type: ignore[arg-type]


def test_without_a_file_nobody_is_called() -> None:
    assert load_contacts(None, "production", {"exames"}).chain("exames") == []


def test_the_example_is_valid_and_says_who_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLANTONISTA", "COORDENACAO", "LABORATORIO", "ATENDIMENTO"):
        monkeypatch.setenv(f"{name}_WEBHOOK_SECRET", SECRET)
    made = load_contacts(ROOT / "deploy" / "contacts.example.toml", "production", {"exames", "clinico"})
    assert made.chain("clinico") == ["plantonista", "coordenacao"]
    assert made.chain("exames") == ["laboratorio", "plantonista", "coordenacao"]


def test_a_domain_without_a_chain_of_its_own_has_the_default(tmp_path: Path) -> None:
    made = loaded(tmp_path, ENDPOINT + '[escalation]\npadrao = ["plantonista"]\nexames = []\n')
    assert (made.chain("clinico"), made.chain("exames")) == (["plantonista"], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("endpoints = [", "is not TOML in UTF-8: Invalid value (at end of document)"),
        ("outra = 1", "outra"),
        (ENDPOINT.replace("https", "ftp"), "url must look like"),
        (ENDPOINT.replace("his.interno", "u:p@his.interno"), "no user, password"),
        (ENDPOINT.replace("his.interno", "2130706433"), "neither an address"),
        (ENDPOINT.replace(SECRET, "curto"), "openssl rand"),
        (ENDPOINT.replace(SECRET, "whsec_c2VncmVkbw=="), "openssl rand"),
        (ENDPOINT + 'secret_env = "X"\n', "either secret or secret_env"),
        (ENDPOINT.replace(f'secret = "{SECRET}"', 'secret_env = "NAO_EXISTE"'), "NAO_EXISTE is not set"),
        (ENDPOINT + 'ca_file = "nenhum.pem"\n', "ca_file does not exist"),
        (ENDPOINT + '[escalation]\nexames = ["ninguem"]\n', "none of the endpoints"),
        (ENDPOINT + '[escalation]\nexame = ["plantonista"]\n', "escalation.exame is no domain"),
        ('[[egress]]\nhost = "10.0.0.1"\nports = [0]\n', "egress.0"),
        ('[[egress]]\nhost = "169.254.169.254"\nports = [80]\n', "can never be allowed"),
        ('[[egress]]\nhost = "127.0.0.1"\nports = [80]\n', "in development only"),
        ('[[egress]]\nhost = "localhost"\nports = [80]\n', "in development only"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ContactsInvalid) as refusal:
        loaded(tmp_path, text)
    assert says in str(refusal.value)
    assert SECRET not in str(refusal.value) and "u:p@" not in str(refusal.value)


def test_this_host_may_be_listed_in_development(tmp_path: Path) -> None:
    made = loaded(tmp_path, '[[egress]]\nhost = "127.0.0.1"\nports = [80]\n', "development")
    assert made.egress[0].is_loopback


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContactsInvalid, match="nenhum.toml cannot be read"):
        load_contacts(tmp_path / "nenhum.toml", "production", set())
