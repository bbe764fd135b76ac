"""Who may be called, at which registered endpoint, in which order: one TOML file, checked when the workers start.

Callbacks go to these endpoints only. A request or a message names one by its id, never by an address.
"""

from __future__ import annotations

import base64
import binascii
import os
import tomllib
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from shared.notifications.egress import Allowance, EgressRefused, check_host
from shared.notifications.receivers import Address

DEFAULT_CHAIN = "padrao"
_SECRET_BYTES = range(24, 65)  # what Standard Webhooks asks of a secret
_PREFIX = "whsec_"


class ContactsInvalid(Exception):
    """CONTACTS_FILE cannot be used; the text says where in it and what to do, and holds no secret."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Endpoint(_Part):
    """One registered receiver. Its secret stands here or, better, in the environment variable `secret_env`."""

    url: str
    prefix: bool = Field(False, description="Callers of POST /webhook may name any address below url")
    secret: SecretStr | None = None
    secret_env: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]*$")
    ca_file: Path | None = Field(None, description="Authority (PEM) of its certificate, where it is the house's own")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("url must look like https://host[:port]/path")
        if parts.username or parts.password or parts.fragment:
            raise ValueError("url must hold no user, password or fragment")
        try:
            check_host(parts.hostname)
        except EgressRefused as refusal:
            raise ValueError(f"url: {refusal.reason}") from None
        if (self.secret is None) == (self.secret_env is None):
            raise ValueError("give either secret or secret_env")
        _checked(self.signing_secret())
        if self.ca_file and not self.ca_file.is_file():
            raise ValueError("ca_file does not exist")
        return self

    @property
    def address(self) -> Address:
        """Without what only the sender needs."""
        return Address(url=self.url, prefix=self.prefix)

    def signing_secret(self) -> str:
        """`whsec_` and base64. Raises ValueError naming the variable that is not set."""
        if self.secret:
            return self.secret.get_secret_value()
        found = os.environ.get(self.secret_env or "")
        if not found:
            raise ValueError(f"the environment variable {self.secret_env} is not set")
        return found


class Contacts(_Part):
    """The whole file. Without one nobody is called, and nothing else is different."""

    endpoints: dict[str, Endpoint] = {}
    egress: list[Allowance] = []
    escalation: dict[str, list[str]] = Field({}, description="Domain key, or `padrao` → ids of endpoints in order")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for domain, chain in self.escalation.items():
            unknown = [name for name in chain if name not in self.endpoints]
            if unknown:
                raise ValueError(f"escalation.{domain} names {unknown[0]!r}, which is none of the endpoints")
        return self

    def chain(self, domain: str) -> list[str]:
        """Who is called for an alert of `domain`, first to last; empty: nobody."""
        return self.escalation.get(domain, self.escalation.get(DEFAULT_CHAIN, []))


def load_contacts(file: Path | None, environment: Literal["development", "production"], domains: set[str]) -> Contacts:
    """Read and check the file; an empty registry without one. Raises ContactsInvalid."""
    if file is None:
        return Contacts()
    try:
        contacts = Contacts.model_validate(tomllib.loads(file.read_text()))
    except OSError as error:
        raise ContactsInvalid(f"CONTACTS_FILE={file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{_place(item['loc'])}: {item['msg']}" for item in error.errors(include_input=False)[:5])
        raise ContactsInvalid(f"CONTACTS_FILE={file}: {wrong}") from None
    except ValueError as error:
        raise ContactsInvalid(f"CONTACTS_FILE={file} is not TOML in UTF-8: {error}") from None
    strangers = sorted(contacts.escalation.keys() - domains - {DEFAULT_CHAIN})
    if strangers:
        raise ContactsInvalid(f"CONTACTS_FILE={file}: escalation.{strangers[0]} is no domain ({DEFAULT_CHAIN} is all)")
    loopback = next((entry.host for entry in contacts.egress if entry.is_loopback), None)
    if loopback and environment != "development":
        raise ContactsInvalid(f"CONTACTS_FILE={file}: egress {loopback} is this host: in development only")
    return contacts


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "file"


def _checked(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        raise ValueError("the secret must be whsec_ and the base64 of 24 to 64 bytes: openssl rand -base64 32")
