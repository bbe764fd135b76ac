"""A synthetic file of patients as hospitals send them: invented people with right check digits, and a few bad rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

HEADER = "prontuario;nome;nome_mae;cpf;cns;data_nascimento;sexo;convenio"


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Ana Bruno Caio Débora Elisa Fábio Gilda Heitor Íris João Karina Luís Márcia Nélio Olga Paulo Rita Sílvio Tereza"
)
_MIDDLE = _words("Alves Barbosa Cardoso Duarte Esteves Farias Gomes Henriques Izidoro Justino Klein Lopes Moraes Nunes")
_LAST = _words(
    "Souza Sousa Silva Santos Oliveira Pereira Lima Carvalho Ribeiro Almeida Ferreira Rodrigues Costa Martins Araújo "
    "Melo Barros Freitas Batista Dias Teixeira Vieira Moreira Cavalcanti Monteiro Mendes Campos Rezende Pinheiro Sales"
)
_PLANS = ("SUS", "Particular", "Saúde Norte", "")
_FIRST_BIRTH = date(1930, 1, 1)
_BIRTH_DAYS = 34_000


def cpf_of(number: int) -> str:
    """The CPF whose first nine digits are `number`."""
    digits = f"{number:09d}"
    for weight in (10, 11):
        total = sum(int(d) * (weight - i) for i, d in enumerate(digits))
        digits += str(total * 10 % 11 % 10)
    return digits


def cns_of(number: int) -> str:
    """The definitive CNS over an invented PIS of eleven digits that begins with 1 or 2."""
    pis = f"{1 + number % 2}{number:010d}"
    total = sum(int(d) * (15 - i) for i, d in enumerate(pis))
    check = 11 - total % 11
    if check == 10:
        return f"{pis}001{11 - (total + 2) % 11}"
    return f"{pis}000{0 if check == 11 else check}"


class Row(NamedTuple):
    """One person as the sender writes it; `born` is the true day, `birth` how it is written."""

    number: int
    name: str
    mother: str
    cpf: str
    cns: str
    born: date
    birth: str
    sex: str
    plan: str

    def cells(self) -> list[str]:
        """In the order of `HEADER`."""
        return [str(self.number), self.name, self.mother, self.cpf, self.cns, self.birth, self.sex, self.plan]


def people(count: int, *, seed: int = 7, changed: bool = False) -> Iterator[Row]:
    """`count` people. `changed`: the same ones, every fifth with another health plan."""
    rng = random.Random(seed)
    for number in range(count):
        name = f"{rng.choice(_FIRST)} {rng.choice(_MIDDLE)} {rng.choice(_LAST)}"
        mother = f"{rng.choice(_FIRST)} {rng.choice(_LAST)} {rng.choice(_LAST)}"
        born = _FIRST_BIRTH + timedelta(days=rng.randrange(_BIRTH_DAYS))
        cpf, cns = cpf_of(number * 613 % 999_999_937), cns_of(number * 7919 % 9_999_999_967)
        written = f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}" if number % 2 else cpf
        birth = born.isoformat() if number % 3 else born.strftime("%d/%m/%Y") if born.day > 12 else born.isoformat()
        plan, sex = rng.choice(_PLANS), rng.choice("MF")
        kind = rng.random()
        if changed and number % 5 == 0:
            plan = "Plano Novo"
        if kind < 0.005:
            written = written[:-1] + str((int(written[-1]) + 1) % 10)  # a typing error in the check digit
        elif kind < 0.01:
            birth = "03/04/1980"
        elif kind < 0.012:
            name = f"=HYPERLINK({number})"
        yield Row(number, name, mother, written, cns, born, birth, sex, plan)


def rows(count: int, *, seed: int = 7, changed: bool = False) -> Iterator[str]:
    """`count` lines of CSV without the header."""
    for row in people(count, seed=seed, changed=changed):
        yield ";".join(row.cells())


def write(path: Path, count: int, *, changed: bool = False) -> None:
    """A whole file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\n")
        file.writelines(line + "\n" for line in rows(count, changed=changed))
