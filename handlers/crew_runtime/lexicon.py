"""The guardrail's words, read once from `lexicon.yaml` and compiled; and what a domain adds to them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

LEXICON_FILE = Path(__file__).with_name("lexicon.yaml")


# Compiled once by whoever reads the file: Python's own cache of patterns is small and shared with every library.
_Pattern = re.Pattern[str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Forbidden(_Strict):
    """One assertion no opinion may make: its name, how it is recognised, what looks like it and is harmless."""

    says: str
    patterns: tuple[_Pattern, ...]
    except_: tuple[_Pattern, ...] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_"))

    def found_in(self, text: str) -> str | None:
        """The offending words of a folded sentence."""
        for harmless in self.except_:
            text = harmless.sub(" ", text)
        return next((hit.group() for pattern in self.patterns if (hit := pattern.search(text))), None)


class Grade(_Strict):
    """Levels that exclude each other, of one subject."""

    subject: _Pattern
    levels: tuple[_Pattern, ...]

    def levels_in(self, text: str) -> set[int]:
        """Which levels a folded text gives to the subject: right beside it, on either side."""
        around = [text[max(0, hit.start() - 12) : hit.end() + 14] for hit in self.subject.finditer(text)]
        return {number for number, level in enumerate(self.levels) for words in around if level.search(words)}


class Lexicon(_Strict):
    """See the comments in the file."""

    version: str
    not_a_value: tuple[_Pattern, ...]
    opposites: tuple[tuple[_Pattern, _Pattern], ...]
    grades: tuple[Grade, ...]
    normal: _Pattern
    normal_of_something_else: _Pattern
    denial: _Pattern
    drugs: _Pattern
    forbidden: tuple[Forbidden, ...]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Read once per process. Raises pydantic's ValidationError naming the entry at fault."""
    return Lexicon.model_validate(yaml.safe_load(LEXICON_FILE.read_text(encoding="utf-8")))
