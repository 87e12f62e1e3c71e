"""``python -m recemb_core``: see :mod:`recemb_core.command_line`."""

from recemb_core.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
