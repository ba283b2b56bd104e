"""Who gives a command (谁作的)."""

from __future__ import annotations

import argparse
import getpass

from matcher.errors import OptionError


def signed_by(options: argparse.Namespace) -> str:
    """As ``--by`` says, else the name that the system knows the user by (署名).

    Raises:
        OptionError: The name is too long or holds what cannot be shown.
    """
    if options.by:
        if len(options.by) > 60 or not options.by.isprintable():
            raise OptionError("--by 应为不超过 60 字的姓名")
        return str(options.by)
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        return ""
