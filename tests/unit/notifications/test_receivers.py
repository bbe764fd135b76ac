"""Which addresses a caller may name: what is registered, exactly, or below what is registered as a prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.notifications.contacts import Endpoint
from shared.notifications.receivers import Address, Receivers, ReceiversUnreadable, load_receivers
from tests.receiver import SECRET

BASE = "https://his.hospital.interno/avisos/"


@pytest.mark.parametrize(
    "url", [BASE, BASE + "1", BASE + "a/b-c_d.e~f", BASE + "x?n=1&y=../z", "https://HIS.hospital.interno:443/avisos/1"]
)
def test_what_lies_below_a_prefix_is_covered(url: str) -> None:
    assert Address(url=BASE, prefix=True).covers(url)
    assert Address(url=BASE.rstrip("/"), prefix=True).covers(url) or url == BASE


@pytest.mark.parametrize(
    "url",
    [
        "https://his.hospital.interno/avisos-de-outro",
        "https://his.hospital.interno/",
        "http://his.hospital.interno/avisos/1",
        "https://his.hospital.interno:8443/avisos/1",
        "https://his.hospital.interno.mal/avisos/1",
        "https://a:b@his.hospital.interno/avisos/1",
        "https://his.hospital.interno@mal.exemplo/avisos/1",
        "https://his.hospital.interno:porta/avisos/1",
        BASE + "../segredo",
        BASE + "a/..",
        BASE + "%2e%2e/segredo",
        BASE + "..%2fsegredo",
        BASE + "..;/segredo",
        BASE + "..;a=b/segredo",
        BASE + "..%3b/segredo",
        BASE + "%252e%252e/segredo",
        BASE + "a\\..\\segredo",
        BASE + "/segredo",
        BASE + "a#b",
        BASE + "a b",
        BASE + "a\nb",
        BASE + "ç",
        "//his.hospital.interno/avisos/1",
        "file:///avisos/1",
        "169.254.169.254",
        "",
    ],
)
def test_nothing_else_is(url: str) -> None:
    assert not Address(url=BASE, prefix=True).covers(url)


def test_without_prefix_only_the_address_itself() -> None:
    address = Address(url=BASE)
    assert address.covers(BASE)
    assert not any(map(address.covers, (BASE + "1", BASE.rstrip("/"), BASE.upper())))


def test_the_nearest_registered_address_is_chosen() -> None:
    receivers = Receivers(
        {
            "casa": Address(url="https://h.interno/a", prefix=True),
            "perto": Address(url="https://h.interno/a/b", prefix=True),
            "exato": Address(url="https://h.interno/a/b/c/d"),
        }
    )
    found = [receivers.of_url(f"https://h.interno/a/{rest}") for rest in ("x", "b/x", "b/c/d")]
    assert found == ["casa", "perto", "exato"]
    assert receivers.of_url("https://outra.interno/a") is None
    assert "perto" in receivers and "longe" not in receivers


def test_the_api_needs_no_secret_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGREDO_AUSENTE", raising=False)
    file = tmp_path / "contacts.toml"
    file.write_text(f'[endpoints.his]\nurl = "{BASE}"\nprefix = true\nsecret_env = "SEGREDO_AUSENTE"\n[escalation]\n')
    assert load_receivers(file).of_url(BASE + "7") == "his"
    assert load_receivers(None).addresses == {}


@pytest.mark.parametrize("text", ["[endpoints.his", '[endpoints.his]\nsecret = "whsec_abc"', "endpoints = 3"])
def test_a_file_that_cannot_be_read_says_so_without_a_value(tmp_path: Path, text: str) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text(text)
    with pytest.raises(ReceiversUnreadable, match="CONTACTS_FILE") as refused:
        load_receivers(file)
    assert "whsec" not in str(refused.value)
    with pytest.raises(ReceiversUnreadable):
        load_receivers(tmp_path / "ausente.toml")


def test_the_sender_judges_by_the_same_rule() -> None:
    endpoint = Endpoint.model_validate({"url": BASE, "prefix": True, "secret": SECRET})
    assert endpoint.address == Address(url=BASE, prefix=True)
