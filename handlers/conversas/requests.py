"""What a caller may ask, as it comes to the door and as it is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.clinical.fields import Entrada

MAX_MESSAGE_CHARS = 100_000
_ALLOWED_CONTROLS = frozenset("\t\n\r")


def _said(text: str) -> str:
    """As it was written, white space and all; never blank, and without what no store or model can carry."""
    if not text.strip():
        raise ValueError("deve ter algum texto")
    if any(
        not character.isprintable() and character < " " and character not in _ALLOWED_CONTROLS for character in text
    ):
        raise ValueError("texto com caracteres de controle")
    return text


Fala = Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE_CHARS), AfterValidator(_said)]
Nome = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
IdConversa = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,36}$")]
Receptor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Endereco = Annotated[str, StringConstraints(min_length=8, max_length=2048)]


class _Pedido(Entrada):
    message: Fala = Field(description="What the user says, in free text")
    conversation_id: IdConversa | None = Field(
        None, description="An earlier answer's; without it a conversation begins"
    )
    user_id: Nome | None = Field(
        None, description="The caller's own, opaque name for its user: nothing that names a person"
    )
    model: Nome | None = Field(None, description="A policy or a deployment of GET /api/llm/models; else the default")
    system: Fala | None = Field(
        None, description="Instructions to the model; kept where the message begins a conversation"
    )


class Pergunta(_Pedido):
    """A message to a model whose answer is sent to a registered receiver: as it is kept, and as the broker takes it."""

    callback_id: Receptor = Field(description="Id of the registered receiver of the answer")
    callback_url: Endereco | None = Field(None, description="An address below that of a receiver with prefix = true")


class PerguntaRecebida(_Pedido):
    """A message to a model. The signed answer goes to `callback_id`, or to `callback_url` where that is registered."""

    callback_id: Receptor | None = Field(None, description="Id of a registered receiver (CONTACTS_FILE)")
    callback_url: Endereco | None = Field(None, description="Its address instead, exactly as it is registered")


def conversa_de(pergunta: Pergunta) -> str | None:
    """The sequence that a question takes its turn in."""
    return pergunta.conversation_id


def receptor_de(pergunta: Pergunta) -> str:
    """Who is sent the answer."""
    return pergunta.callback_id
