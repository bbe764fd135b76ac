"""Delivery tags of one channel that wait for their answer, so that a run of acks can be one."""

from __future__ import annotations

from collections.abc import Iterable


class Unanswered:
    """Belongs to the I/O thread. Tags grow within a channel; a new channel needs a new one of these."""

    def __init__(self) -> None:
        self._tags: dict[int, None] = {}  # a dict keeps its order: the first key is the oldest tag

    def delivered(self, tag: int) -> None:
        self._tags[tag] = None

    def give_back(self, tag: int) -> None:
        """The tag was answered otherwise."""
        self._tags.pop(tag, None)

    def acknowledge(self, tags: Iterable[int]) -> tuple[int | None, list[int]]:
        """The tag up to which everything may be acknowledged at once, if any, and the tags to acknowledge singly."""
        acked = set(tags)
        upto = None
        while self._tags and (oldest := next(iter(self._tags))) in acked:
            acked.discard(oldest)
            del self._tags[oldest]
            upto = oldest
        singly = sorted(acked)
        for tag in singly:
            self._tags.pop(tag, None)
        return upto, singly
