"""Where a callback may go, as a table of addresses (SECURITY 10; OWASP API7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from shared.notifications.egress import Allowance, Egress, EgressRefused, Target, check_host, resolved

PRIVATE = Allowance(host="10.20.0.5", ports=[8443], schemes=["https", "http"])
NETWORK = Allowance(host="192.168.7.0/24", ports=[443])
NAMED = Allowance(host="his.interno", ports=[443])
HERE = Allowance(host="127.0.0.1", ports=[9000], schemes=["http"])


def egress(*allowed: Allowance, own: Sequence[tuple[str, int]] = (), **names: list[str]) -> Egress:
    """Rules over a resolver that knows `names` (with _ for a dot) and takes every address for itself."""

    async def resolve(host: str, port: int) -> list[str]:
        return names.get(host.replace(".", "_"), [host])

    return Egress(allowed, own, resolve)


async def pinned(rules: Egress, host: str, port: int = 443, scheme: str = "https") -> str | None:
    try:
        return await rules.pin(Target(scheme, host, port))
    except EgressRefused:
        return None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "0.1.2.3", "::",
        "169.254.169.254", "169.254.1.1", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "224.0.0.1", "239.255.255.250", "ff02::1", "255.255.255.255", "240.0.0.1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::10.0.0.1",
        "64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:0:a00:1::1",
        "fec0::1", "192.88.99.1",
        "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fc00::1", "fd12::1", "198.18.0.1", "203.0.113.9",
    ],
)  # fmt: skip
async def test_refused_unless_listed_or_for_ever(address: str) -> None:
    assert await pinned(egress(), address) is None
    assert await pinned(egress(nome_exemplo=["93.184.216.34", address]), "nome.exemplo") is None


async def test_outside_the_house_only_https() -> None:
    rules = egress(fora_exemplo=["93.184.216.34"])
    assert await pinned(rules, "fora.exemplo") == "93.184.216.34"
    assert await pinned(rules, "fora.exemplo", 80, "http") is None
    assert await pinned(rules, "2606:2800:220:1::1") == "2606:2800:220:1::1"


async def test_a_listed_private_receiver_works_and_nothing_beside_it() -> None:
    rules = egress(PRIVATE, NETWORK, NAMED, his_interno=["10.9.9.9"], outro_interno=["10.9.9.9"])
    assert await pinned(rules, "10.20.0.5", 8443) == "10.20.0.5"
    assert await pinned(rules, "::ffff:10.20.0.5", 8443, "http") == "10.20.0.5"
    assert await pinned(rules, "10.20.0.5", 8444) is None
    assert await pinned(rules, "10.20.0.6", 8443) is None
    assert await pinned(rules, "192.168.7.200") == "192.168.7.200"
    assert await pinned(rules, "192.168.7.200", 443, "http") is None
    assert await pinned(rules, "192.168.8.1") is None
    assert await pinned(rules, "his.interno") == "10.9.9.9"
    assert await pinned(rules, "outro.interno") is None


async def test_a_listed_name_that_turns_to_a_forbidden_address_is_refused() -> None:
    answers = [["10.9.9.9"], ["127.0.0.1"], ["169.254.169.254"], ["10.9.9.9", "127.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    rules = Egress([NAMED], [], rebinding)
    assert [await pinned(rules, "his.interno") for _ in range(4)] == ["10.9.9.9", None, None, None]


async def test_our_own_services_are_no_receivers() -> None:
    broad = Allowance(host="10.0.0.0/8", ports=[5672, 8443], schemes=["http"])
    rules = egress(broad, own=[("broker.interno", 5672)], broker_interno=["10.0.0.9"])
    assert await pinned(rules, "10.0.0.9", 5672, "http") is None
    assert await pinned(rules, "10.0.0.9", 8443, "http") == "10.0.0.9"


async def test_this_host_only_where_it_is_listed_itself() -> None:
    rules = egress(HERE, NAMED, his_interno=["127.0.0.1"])
    assert await pinned(rules, "127.0.0.1", 9000, "http") == "127.0.0.1"
    assert await pinned(rules, "127.0.0.1", 9001, "http") is None
    assert await pinned(rules, "his.interno") is None


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "a b", "", "ex_.", "-a.b", "1.2.3.4.5"]
)
def test_hosts_that_are_numbers_in_disguise_or_no_hosts(host: str) -> None:
    with pytest.raises(EgressRefused):
        check_host(host)


@pytest.mark.parametrize("host", ["0.0.0.0/0", "169.254.0.0/16", "::/0", "2002::/16", "224.0.0.0/3", "0x7f.1"])
def test_what_can_never_be_listed(host: str) -> None:
    with pytest.raises((ValidationError, EgressRefused)):
        Allowance(host=host, ports=[443])


async def test_the_system_resolves_names_and_says_when_it_cannot() -> None:
    assert set(await resolved("localhost", 80)) <= {"127.0.0.1", "::1"}
    with pytest.raises(EgressRefused):
        await resolved("nome.que.nao.existe.invalid", 80)
