"""What a valid row becomes, given the people the register holds. Pure: no store, no clock.

By itself the register joins a row to a person only on an identifier of theirs with an agreeing birth date
(reference: Ingestion). Everything else is a question to a person.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.register.names import same_first_name
from shared.register.records import BIRTH, FIELDS, NAME, Disposition, Kind, Person, Stored

BIRTH_DIFFERS = "data_nascimento_divergente"
NAME_DIFFERS = "nome_divergente"
CPF_DIFFERS = "cpf_divergente"
TWO_PEOPLE = "identificadores_de_pessoas_diferentes"
POSSIBLE_TWIN = "possivel_mesma_pessoa"
_CPF = {kind: names.index("cpf") for kind, names in FIELDS.items()}


class Decision(NamedTuple):
    """`reason` says why a person is asked; `values` and `extra` are the person's after an update."""

    disposition: Disposition
    person: Stored | None = None
    other: Stored | None = None
    reason: str | None = None
    values: tuple[Any, ...] = ()
    extra: dict[str, str] | None = None
    merge: bool = False


_INSERTED = Decision(Disposition.INSERTED)


def decide(row: Person, found: list[Stored], prior: list[Stored]) -> Decision:
    """`found`: the different people who hold an identifier of the row; `prior`: those an A40 message names as well."""
    everybody = list({person.id: person for person in (*found, *prior)}.values()) if prior else found
    if not everybody:
        return _INSERTED
    if len(everybody) > 1:
        return _several(row, everybody, declared=len(found) == len(prior) == 1)
    person = everybody[0]
    conflict = _conflict(row, person)
    if conflict:
        return Decision(Disposition.AMBIGUOUS, person, reason=conflict)
    values, extra = combined(person, row)
    if values == person.values and extra == person.extra:
        return Decision(Disposition.DUPLICATE, person)
    return Decision(Disposition.UPDATED, person, values=values, extra=extra)


def combined(person: Stored, row: Person) -> tuple[tuple[Any, ...], dict[str, str] | None]:
    """The person with what the row says; what the row leaves empty stays."""
    if row.values == person.values and (not row.extra or row.extra == person.extra):
        return person.values, person.extra
    values = tuple(old if new is None else new for new, old in zip(row.values, person.values, strict=True))
    extra = (person.extra or {}) | row.extra if row.extra else person.extra
    return values, extra


def _several(row: Person, people: list[Stored], *, declared: bool) -> Decision:
    first, second = people[:2]
    if declared and len(people) == 2 and _same_birth(first.birth_date, second.birth_date):
        conflict = _conflict(row, first)
        if conflict is None:
            values, extra = combined(first, row)
            return Decision(Disposition.UPDATED, first, second, values=values, extra=extra, merge=True)
    return Decision(Disposition.AMBIGUOUS, first, second, reason=TWO_PEOPLE)


def _conflict(row: Person, person: Stored) -> str | None:
    """Why an identifier in common is not enough."""
    if row.values == person.values:
        return None
    if not _same_birth(row.values[BIRTH[row.kind]], person.birth_date):
        return BIRTH_DIFFERS
    new_cpf, old_cpf = row.values[_CPF[row.kind]], person.values[_CPF[row.kind]]
    if new_cpf and old_cpf and new_cpf != old_cpf:
        return CPF_DIFFERS
    new, old = row.values[NAME], person.values[NAME]
    if new != old and not same_first_name(new, old):
        return NAME_DIFFERS
    return None


def _same_birth(one: Any, other: Any) -> bool:
    """An unknown date contradicts nobody; patients always have one, physicians seldom."""
    return one is None or other is None or one == other


def is_linkable(kind: Kind) -> bool:
    """Whether people of this kind are also looked for by name: physicians have a council number instead."""
    return kind is Kind.PATIENT
