"""Which receivers are registered, as whoever accepts a request may know them: their addresses, none of their secrets.

The workers read and judge the whole of CONTACTS_FILE (`contacts.py`). The API reads no more of it than this, and starts
without the variables that hold the secrets.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[\x21-\x7e]+")  # `urlsplit` would drop line breaks in silence
# Whatever two programs may read differently: steps upwards (`/..;a/` too), what is escaped twice, escaped separators
# and dots, back-slashes.
_AMBIGUOUS = re.compile(r"/\.{1,2}(?:[/;]|$)|%(?:2e|2f|3b|5c|25|00)|\\|//", re.IGNORECASE)


class Address(BaseModel):
    """Where one receiver listens. `prefix`: it also takes what is sent to any address below `url`."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    url: str
    prefix: bool = False

    def covers(self, url: str) -> bool:
        """Whether `url` is this address or, where it is a prefix, lies below it."""
        return url == self.url or (self.prefix and _is_below(url, self.url))


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    endpoints: dict[str, Address] = Field(default_factory=dict)


class ReceiversUnreadable(Exception):
    """CONTACTS_FILE cannot be read; the text holds no secret."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """The registered receivers by id."""

    addresses: dict[str, Address] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.addresses

    def of_url(self, url: str) -> str | None:
        """The id of the receiver that is registered for `url`: the exact one first, then the longest prefix."""
        covering = [name for name, address in self.addresses.items() if address.covers(url)]
        return max(covering, key=lambda name: len(self.addresses[name].url), default=None)


def load_receivers(file: Path | None) -> Receivers:
    """None without a file. Raises ReceiversUnreadable."""
    if file is None:
        return Receivers()
    try:
        return Receivers(_File.model_validate(tomllib.loads(file.read_text())).endpoints)
    except OSError as error:
        raise ReceiversUnreadable(f"CONTACTS_FILE={file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False)[:5])
        raise ReceiversUnreadable(f"CONTACTS_FILE={file}: mend {places}") from None
    except ValueError as error:
        raise ReceiversUnreadable(f"CONTACTS_FILE={file} is not TOML in UTF-8: {error}") from None


def _is_below(url: str, base: str) -> bool:
    try:
        asked, registered = urlsplit(url), urlsplit(base)
        same_place = _place(asked) == _place(registered)
    except ValueError:
        return False
    unclear = "@" in asked.netloc or "#" in url or _AMBIGUOUS.search(asked.path) or not _PLAIN.fullmatch(url)
    return same_place and not unclear and asked.path.startswith(registered.path.rstrip("/") + "/")


def _place(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
