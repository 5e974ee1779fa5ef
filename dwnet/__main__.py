"""``python -m dwnet`` and the ``dwnet`` script."""

from __future__ import annotations

from dwnet.cli import main

if __name__ == "__main__":
    main()
