"""Names by sound, and how alike they are."""

from __future__ import annotations

import pytest

from shared.register.names import Sounds, folded, likeness, same_first_name, sound

SOUNDS = Sounds()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Souza", "Sousa"),
        ("Luiz", "LUÍS"),
        ("Walter", "Valter"),
        ("Philomena", "Filomena"),
        ("Thereza", "Tereza"),
        ("Yasmin", "Iasmin"),
        ("Cássia", "Kassia"),
        ("Gessica", "Jessica"),
        ("Carrilho", "Carrilo"),
        ("Mattos", "Matos"),
        ("Helena", "Elena"),
    ],
)
def test_two_writings_of_one_sound(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(("one", "other"), [("Lima", "Silva"), ("Dias", "Reis"), ("Ana", "Bia"), ("Costa", "Castro")])
def test_different_sounds(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("Ana de Souza", "Souza"),
        ("João Lima Filho", "Lima"),
        ("Caio Reis Neto", "Reis"),
        ("Ana Dias", "Dias"),
        ("Ana Lima dos", "Lima"),
    ],
)
def test_the_surname_is_neither_particle_nor_generation(name: str, last: str) -> None:
    assert SOUNDS.surname(name) == sound(last) != ""


@pytest.mark.parametrize("name", ["", "123", "de", "Filho Neto"])
def test_without_a_surname_there_is_no_sound(name: str) -> None:
    assert (SOUNDS.surname(name), SOUNDS.mother(name)) == ("", "")


def test_a_mother_is_her_first_and_last_name() -> None:
    assert SOUNDS.mother("Maria Helena de Souza") == SOUNDS.mother("MARIA SOUSA") != SOUNDS.mother("Marta Souza")


def test_folding_leaves_letters_only() -> None:
    assert folded(" José-Luís  d'Ávila 3 ") == "JOSE LUIS D AVILA"


def test_likeness_does_not_depend_on_order_or_accents() -> None:
    assert likeness("José Lima", "LIMA JOSE") == 100
    assert likeness("Ana Reis", "Caio Brandt") < 50


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Rosa Lima", "Rosa Reis", True), ("Thais Lima", "Taís Lima", True), ("Ana Lima", "Zuleica Lima", False)],
)
def test_first_names(one: str, other: str, same: bool) -> None:
    assert same_first_name(one, other) is same
