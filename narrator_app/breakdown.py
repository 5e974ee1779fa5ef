"""Where the time of an answer went, as scripts and screens read it."""

from __future__ import annotations

from protocol.moments import Timing


def breakdown(timing: Timing) -> dict[str, int]:
    """A timing under the names that happenings use; times in milliseconds."""
    return {
        "queue_ms": timing.queue,
        "prompt_tokens": timing.prompt_tokens,
        "first_token_ms": timing.first_token,
        "first_clip_ms": timing.first_clip,
        "whole_ms": timing.whole,
        "tokens": timing.tokens,
    }
