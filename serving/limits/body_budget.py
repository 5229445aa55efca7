"""How many bytes of bodies are held at once, of all requests together: a few large ones must not take the memory."""

from serving.errors import Problem

__all__ = ["BodyBudget"]


class BodyBudget:
    """Bytes that may be held; for one event loop.

    Args:
        most: bytes of all bodies together, beyond the small first bytes of each.
    """

    def __init__(self, most: int = 64 * 1_048_576) -> None:
        self._most, self._held = most, 0

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._held

    def take(self, size: int) -> None:
        """Holds so many more.

        Raises:
            Problem: 503, it would be more than there may be; nothing more is held.
        """
        if self._held + size > self._most:
            raise Problem(
                503,
                "overloaded",
                "problems.too_much_sent",
                headers={"retry-after": "1", "connection": "close"},
            )
        self._held += size

    def give_back(self, size: int) -> None:
        """Holds so many less."""
        self._held -= size
