"""How much of something a sender may bring: so many at once after a quiet time, so many a second on average."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Pace:
    """What one sender has used up. ``paid_until``: what came so far, at the rate that is allowed, would have lasted
    until then (seconds).
    """

    paid_until: float = 0.0

    def allows(self, now: float, rate: float, burst: int) -> bool:
        """Count one more; False, and not counted, when it is beyond ``burst`` at once and ``rate`` a second."""
        paid_until = max(self.paid_until, now) + 1 / rate
        if paid_until > now + burst / rate + 1e-9:
            return False
        self.paid_until = paid_until
        return True
