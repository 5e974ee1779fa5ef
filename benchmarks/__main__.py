"""``python -m benchmarks [NAME …] [--json]``: measure and print the table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from benchmarks import aloud, beat, evolving, hearing, learning, on_screen, pushing, starting, verifying
from benchmarks.figure import Figure

FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "start": starting.measure,
    "verify": verifying.measure,
    "push": pushing.measure,
    "token": beat.first_token,
    "preread": beat.reading_ahead,
    "sound": beat.first_sound,
    "aloud": aloud.measure,
    "training": learning.beat_while_training,
    "adapter": learning.adapter_switch,
    "evolve": evolving.gain,
    "learning": evolving.speed,
    "screen": on_screen.measure,
    "hear": hearing.measure,
}


def main() -> None:
    """Measure the figures that were named, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(FIGURES)}")
    parser.add_argument("--json", action="store_true", help="one JSON object per figure")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in FIGURES]
    if unknown:
        parser.error(f"there is no figure called {unknown[0]}; choose from {', '.join(FIGURES)}")
    if not arguments.json:
        print(f"{'what':<52} {'ratio':>7} {'to reach':>9}      against", flush=True)
    for name in arguments.names or FIGURES:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        for one in FIGURES[name]():
            if arguments.json:
                print(json.dumps({**asdict(one), "ratio": one.ratio, "reached": one.reached}), flush=True)
            else:
                show(one)


def show(one: Figure) -> None:
    """One line of the table and what stands behind it, for people."""
    sign = "<=" if one.at_most else ">="
    mark = "yes" if one.reached else "NO"
    print(f"{one.what:<52} {one.ratio:>7.2f} {sign} {one.target:>6.2f} {mark:<3} {one.against}")
    print(f"{'':<52} {one.ours:.4g} against {one.theirs:.4g} {one.unit}. {one.beside}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
