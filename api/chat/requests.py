"""What callers of the chat send. Unknown fields are refused, and no refusal shows a value."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from shared.clinical.fields import Data, Entrada, TextoCurto
from shared.clinical.identifiers import Cns, Cpf

_ID = r"^[0-9a-f-]{36}$"


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("texto com o caractere NUL, que banco de dados nenhum guarda")
    return text


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("o mesmo arquivo duas vezes")
    return ids


def _not_yet(reason: str) -> BeforeValidator:
    """Refuse everything but null, and say why."""

    def refuse(value: object) -> None:
        if value is not None:
            raise ValueError(reason)

    return BeforeValidator(refuse)


_Storable = AfterValidator(_without_nul)
Identifier = Annotated[str, Field(pattern=_ID)]
Content = Annotated[str, Field(min_length=1), _Storable]
Anexos = Annotated[list[Identifier], Field(max_length=5), AfterValidator(_each_once)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=128), _Storable]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _Storable]
SystemText = Annotated[str, Field(min_length=1, max_length=20_000), _Storable]


class PacienteDaConversa(Entrada):
    """Whom the conversation is about. Each value is hidden from every model outside the house."""

    nome: TextoCurto | None = None
    nome_social: TextoCurto | None = None
    nome_mae: TextoCurto | None = None
    cpf: Cpf | None = None
    cns: Cns | None = None
    prontuario: TextoCurto | None = None
    data_nascimento: Data | None = None
    telefone: TextoCurto | None = None
    email: TextoCurto | None = None
    endereco: TextoCurto | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("informe ao menos um dado do paciente")
        return self


class NewConversation(Entrada):
    """Everything is optional: `system` is said before every message, `model` is for messages that name none."""

    title: Title | None = None
    model: ModelName | None = None
    system: SystemText | None = None
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=128), _Storable] | None = None
    paciente: PacienteDaConversa | None = None


class ConversationChange(Entrada):
    """What may be changed later; a field that is absent stays, null takes it away."""

    title: Title | None = None
    model: ModelName | None = None
    system: SystemText | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("informe title, model ou system")
        return self


class NewMessage(Entrada):
    """A message to be answered, or an answer to be generated anew."""

    conversation_id: Identifier | None = Field(None, description="Absent: a new conversation")
    content: Content | None = Field(None, description="What the person says; absent only with `regenerate`")
    model: ModelName | None = Field(None, description="A policy or deployment of GET /api/llm/models")
    stream: bool = Field(False, description="True: server-sent events; false: JSON when the answer is whole")
    background: bool = Field(False, description="True: the answer goes on when nobody reads it, and can be resumed")
    parent_id: Identifier | None = Field(None, description="Message that this one follows; absent: the newest")
    replaces: Identifier | None = Field(None, description="Own earlier message: this one becomes a branch beside it")
    regenerate: Identifier | None = Field(None, description="Own message, or its answer, to be answered once more")
    tools: Annotated[None, _not_yet("ferramentas ainda não podem ser usadas em conversas")] = None
    anexos: Anexos | None = Field(
        None,
        description="Uploads (POST /api/uploads) that the model reads with this message; with `replaces`, absent: "
        "those of the replaced message",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.content is None) == (self.regenerate is None):
            raise ValueError("informe content, ou regenerate para responder de novo, um dos dois")
        named = [name for name in ("parent_id", "replaces", "regenerate") if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"{' e '.join(named)} excluem um ao outro")
        if named and self.conversation_id is None:
            raise ValueError(f"{named[0]} exige conversation_id")
        if self.regenerate is not None and self.anexos is not None:
            raise ValueError("regenerate usa os anexos da própria mensagem; para outros, use replaces")
        return self
