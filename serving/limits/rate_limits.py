"""How often one address and one token may ask, before any thread works for them: token buckets in bounded memory.

An address that sends what nobody is let in by (no token, a wrong one, an ended session) is held to far less: each such
request costs a question to the database.
"""

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from hospital.words.messages import message
from serving.errors import Problem

__all__ = ["Buckets", "RateLimits", "network_of"]

_MOST_KEYS = 4_096


class Buckets:
    """A bucket a key: so many requests at once, so many a second from then on.

    Args:
        rate: requests a second, above 0.
        burst: requests at once, at least 1.
        clock: seconds that only grow.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, key: str) -> float:
        """Seconds until a request of this key is let through; 0.0: now. Takes nothing."""
        return max(0.0, (1.0 - self._level(key)) / self._rate)

    def take(self, key: str) -> float:
        """`wait_seconds`; where that is 0.0 the request is counted."""
        level = self._level(key)
        if level < 1.0:
            return (1.0 - level) / self._rate
        self._levels[key] = (level - 1.0, self._clock())
        self._levels.move_to_end(key)
        if len(self._levels) > _MOST_KEYS:
            # The one that was quiet longest: its bucket is full again, unless thousands ask at the same time.
            self._levels.popitem(last=False)
        return 0.0

    def _level(self, key: str) -> float:
        level, at = self._levels.get(key, (self._burst, 0.0))
        return min(self._burst, level + self._rate * (self._clock() - at))


class RateLimits:
    """The limits of one worker.

    Args:
        by_address: requests a second of one address (of IPv6, one network of 64 bits).
        by_token: requests a second of one token.
        refused: requests a second of one address that are refused for who sent them.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        by_address: float = 500.0,
        by_token: float = 200.0,
        refused: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses = Buckets(by_address, 4 * by_address, clock)
        self._tokens = Buckets(by_token, 5 * by_token, clock)
        self._refused = Buckets(refused, 10 * refused, clock)

    def require_address(self, address: str) -> None:
        """Counts a request of an address.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        _require(self._addresses.take(address), "address")

    def require_token(self, secret: str) -> None:
        """Counts a request that came with a token or cookie, whoever it belongs to.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        # A digest: a cookie may have 32 KB, and thousands of them are remembered.
        known_by = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        _require(self._tokens.take(known_by), "token")

    def require_unrefused(self, address: str) -> None:
        """Lets no more guesses through.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        _require(self._refused.wait_seconds(address), "stranger")

    def refuse(self, address: str) -> None:
        """Counts a request that was refused for who sent it."""
        self._refused.take(address)


def network_of(client: tuple[str, int] | None) -> str:
    """What counts as one address: of IPv6 the network that one customer has."""
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return client[0][:64]
    if address.version == 4:
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((int(address), 64), strict=False))


def _require(seconds: float, who: str) -> None:
    if seconds > 0.0:
        raise Problem(
            429,
            "too_many_requests",
            "problems.too_many_requests",
            who=message(f"problems.who.{who}"),
            headers={"retry-after": str(int(seconds) + 1)},
        )
