"""Room for attempts that run at the same time, shared by receivers that may hang."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Slots:
    """A receiver gets one more only while it holds fewer than are free.

    One that hangs alone so takes half of all, two take a third each, and one is always left for whoever is not late.
    """

    def __init__(self, free: int, held: Mapping[str, int] | None = None) -> None:
        """`held`: slots by receiver, those of `free` not among them."""
        self.free = free
        self._held = Counter(held)

    def admit(self, receiver: str) -> bool:
        """Whether the receiver gets another slot, which it then holds."""
        if self._held[receiver] >= self.free:
            return False
        self._held[receiver] += 1
        self.free -= 1
        return True

    def full(self) -> list[str]:
        """Receivers that get no other slot now."""
        return sorted(receiver for receiver, held in self._held.items() if held >= self.free)
