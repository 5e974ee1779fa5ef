"""``python -m benchmarks.desk_timed …``: ``dwnet …``, which also says when each piece of a line came in, before any
page hears of it. For the figures of the desk.
"""

from __future__ import annotations

import time
from typing import Any

from dwnet import cli
from dwnet.terminal import print_json
from narrator_app.narrator import Happening
from narrator_app.ui import desk
from narrator_app.ui.house import House


def main() -> None:
    """Run the command line on a desk that tells times."""
    make = desk.make_house

    def make_timed(*arguments: Any, **named: Any) -> House:
        house = make(*arguments, **named)
        house.evenings.listen(_stamp)
        return house

    desk.make_house = make_timed
    cli.main()


def _stamp(one: Happening) -> None:
    came = time.time()
    if one["event"] == "words" and one["text"]:
        print_json({"event": "piece", "came": came, "text": one["text"]})


if __name__ == "__main__":
    main()
