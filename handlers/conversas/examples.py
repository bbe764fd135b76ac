"""One realistic question. It is about work, not about a patient."""

from __future__ import annotations

from typing import Any

RESPOSTA: dict[str, Any] = {
    "message": "Quais documentos o plantão noturno precisa conferir antes de transferir um leito?",
    "callback_id": "atendimento",
    "user_id": "turno-noite-3",
}
