"""The command ``lianzhao`` (命令行): options in, tables or JSON out; one clear line on stderr when something is wrong.

Exit 0 done, 1 unreadable input or failed rules, 2 wrong options or an unknown zone, chain or city.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from matcher.cli.options import parser
from matcher.errors import LianzhaoError, OptionError, RequestError


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Options and files in whatever order: files behind the options of a verb that takes a zone first are files too."""
    options, rest = parser().parse_known_args(argv)
    if not rest:
        return options
    files = getattr(options, "files", None)
    if not isinstance(files, list) or any(word.startswith("-") for word in rest):
        return parser().parse_args(argv)  # says what it does not know
    options.files = [*files, *rest]
    return options


def _told(error: LianzhaoError, options: argparse.Namespace) -> str:
    """What is wrong, with the option that it is about, or the command that mends it."""
    if isinstance(error, OptionError) and error.field and hasattr(options, error.field):
        option = f"--{error.field.replace('_', '-')}"
        return str(error) if option in str(error) else f"{error}（{option}）"
    return f"{error}（{error.command}）" if error.command else str(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command (运行命令) and returns its exit code."""
    options = _options(argv)
    from matcher.storage import collector_paused  # loads numpy: not for --help

    with collector_paused():
        from matcher.cli import commands  # and the tokenizer

    try:
        return commands.run(options)
    except RequestError as error:
        print(f"lianzhao: {_told(error, options)}", file=sys.stderr)
        return 2
    except LianzhaoError as error:
        print(f"lianzhao: {_told(error, options)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("lianzhao: 已中断", file=sys.stderr)
        return 130
