"""``python -m matcher`` is ``lianzhao``."""

from matcher.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
