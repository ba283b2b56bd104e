"""The command ``lianzhao`` (命令行): options in, tables or JSON out; one clear line on stderr when something is wrong.

Exit 0 done, 1 unreadable input or failed rules, 2 wrong options or an unknown zone, chain or city.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from matcher.cli.options import parser
from matcher.errors import LianzhaoError, RequestError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command (运行命令) and returns its exit code."""
    options = parser().parse_args(argv)
    from matcher.cli import commands  # loads numpy and the tokenizer: not for --help

    try:
        return commands.run(options)
    except RequestError as error:
        print(f"lianzhao: {error}", file=sys.stderr)
        return 2
    except LianzhaoError as error:
        print(f"lianzhao: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("lianzhao: 已中断", file=sys.stderr)
        return 130
