"""The files of a conversation, found in the store and read outside of any transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from shared.conversations import attached, attachments
from shared.conversations.attached import ReadFile
from shared.conversations.people.searching import People
from shared.conversations.records import Attachment, Conversation, Message
from shared.errors import InvalidField
from shared.files import uploads
from shared.files.store import FileStore
from shared.files.uploads import Upload
from shared.llm.errors import PromptTooLarge

_MOST_FILES_READ = 8
"""So many files of the largest size are read for one call; what was attached before them is not."""


class FilesWanted(Exception):
    """Not an error: these are to be read before the transaction can be tried again."""

    def __init__(self, uploads: list[Upload]) -> None:
        super().__init__()
        self.uploads = uploads


class Files:
    """What one request has read so far. `largest`: bytes of one file in a message."""

    def __init__(self, store: FileStore, largest: int) -> None:
        self._store = store
        self.largest = largest
        self.read: dict[str, ReadFile | None] = {}

    def fetch(self, wanted: list[Upload]) -> None:
        """Blocks."""
        for upload in wanted:
            self.read[upload.id] = attached.read(self._store, upload)


@dataclass(frozen=True, slots=True)
class Attached:
    """The files of a conversation: `own` are those of the message that is being said."""

    own: list[Attachment]
    people: People
    files: dict[str, ReadFile | None]

    def shown(self, path: Sequence[Message]) -> list[Message]:
        """The messages as a model sees them."""
        return [attached.shown(message, self.files) for message in path]


def attached_to(
    connection: Connection,
    conversation: Conversation,
    files: Files,
    *,
    named: Sequence[str] = (),
    kept: Sequence[Attachment] = (),
    new: bool = False,
) -> Attached:
    """The files that the caller `named` now, or those `kept` of a message that is edited; and all from before.

    A `new` conversation has none from before.

    Raises InvalidField for an id that is no upload of the tenant, PromptTooLarge for a file over the limit, or
    FilesWanted.
    """
    before = [] if new else attachments.of_conversation(connection, conversation.id)
    ids = {*named, *(one.id for one in (*kept, *before))}
    if not ids:
        return Attached([], People(), {})
    there = uploads.find_all(connection, conversation.tenant, ids)
    added = [_named(place, upload_id, there, files.largest) for place, upload_id in enumerate(named)]
    everything = list({one.id: one for one in (*added, *kept, *before)}.values())
    found = _read(everything, there, files)
    own = [replace(one, names_people=_names_people(one, found)) for one in (added or kept)]
    return Attached(own, attached.people_of(everything, found), found)


def _named(place: int, upload_id: str, there: dict[str, Upload], largest: int) -> Attachment:
    upload = there.get(upload_id)
    if upload is None:
        raise InvalidField([(f"anexos.{place}", "não é um arquivo enviado em POST /api/uploads")])
    if upload.size > largest:
        raise PromptTooLarge(f"anexos.{place}: o arquivo passa de {largest} bytes, o limite de um anexo")
    return Attachment(upload.id, upload.name, upload.media_type, upload.size, upload.sha256, names_people=True)


def _read(everything: list[Attachment], there: dict[str, Upload], files: Files) -> dict[str, ReadFile | None]:
    """None for a file that is gone; what is too much to read is missing. Raises FilesWanted."""
    found: dict[str, ReadFile | None] = {}
    wanted: list[Upload] = []
    room = files.largest * _MOST_FILES_READ
    for one in everything:
        upload = there.get(one.id)
        if upload is None:
            found[one.id] = None
        elif upload.size <= min(files.largest, room):
            room -= upload.size
            if one.id in files.read:
                found[one.id] = files.read[one.id]
            else:
                wanted.append(upload)
    if wanted:
        raise FilesWanted(wanted)
    return found


def _names_people(one: Attachment, found: dict[str, ReadFile | None]) -> bool:
    file = found.get(one.id)
    return bool(file.people) if file is not None else one.names_people
