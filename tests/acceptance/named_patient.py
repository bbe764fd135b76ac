"""A patient whom a conversation is bound to, spelled as people spell, and what would give the patient away."""

from __future__ import annotations

import re

from tests.acceptance.canaries import CNS, CPF, DOCTOR, NAME, RECORD, SOCIAL_NAME

PHONE, EMAIL, BIRTH, STREET = "(97) 98123-4567", "zuleica.q@xanadu.example", "1937-09-23", "Rua Jabuticabeira, 4711"
PATIENT = {
    "nome": NAME,
    "nome_social": SOCIAL_NAME,
    "cpf": CPF,
    "cns": CNS,
    "prontuario": RECORD,
    "data_nascimento": BIRTH,
    "telefone": PHONE,
    "email": EMAIL,
    "endereco": STREET,
}
SECRET_WORDS = "sobrinha da vereadora Kriptonita"
# As people write them, not as the register has them.
SPELLED = [NAME.upper(), "Zuleica", CPF, "39053344705", CNS, f"prontuário {RECORD}", "23/09/1937", PHONE, EMAIL, STREET]
QUESTION = f"Resuma: {'; '.join(SPELLED)}."
FORMS = [CPF, CNS, PHONE, EMAIL]  # what `/v1`, which knows nobody, recognises by its form
WORDS = [*NAME.split(), SOCIAL_NAME, *DOCTOR.split(), "7391846", "xanadu.example", "jabuticabeira", "kriptonita"]
DATES = [BIRTH, "23/09/1937"]
NUMBERS = ["39053344705", "981234567", CNS]  # in any punctuation


def assert_restored(answer: str) -> None:
    """As it was written: what was hidden came back."""
    missing = [value for value in SPELLED if value not in answer]
    assert not missing, missing


def assert_hidden(text: str, where: str) -> None:
    lowered, digits = text.lower(), re.sub(r"[.\- ()/]", "", text)
    found = [leak for leak in [*WORDS, *DATES] if leak.lower() in lowered]
    found += [number for number in NUMBERS if number in digits]
    assert not found, f"{where} repeats {found}"
