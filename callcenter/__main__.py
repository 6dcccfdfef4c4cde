"""Command line: ``python -m callcenter serve | demo | migrate | doctor | user | token``."""

from __future__ import annotations

import sys

from callcenter.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
