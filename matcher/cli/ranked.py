"""What ``rank`` is asked for and how it answers (排名的请求与输出), on one machine or on a cluster."""

from __future__ import annotations

import argparse

from matcher.cli.files import write_bytes, written
from matcher.cli.table import print_ranking
from matcher.engine import Engine
from matcher.outputs.cells import as_json
from matcher.outputs.ranking_text import ranking_json, write_ranking_csv
from matcher.runs import Request, today
from matcher.types import Ranking


def asked(options: argparse.Namespace) -> Request:
    """The request that the options make (请求)."""
    return Request(
        as_of=options.as_of or today(),
        cities=tuple(options.city),
        chains=tuple(options.chain),
        group=options.group,
        need=options.need,
        top=options.top,
    )


def write_ranking(options: argparse.Namespace, engine: Engine, ranking: Ranking, called: str) -> None:
    """Writes a ranking in the form that the options want (输出排名); ``called``: what its ruleset is called."""
    if options.format == "xlsx":
        from matcher.outputs.ranking_xlsx import ranking_xlsx

        write_bytes(options.out, ranking_xlsx(ranking, engine.zone, engine.questions, called))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json(ranking_json(ranking)) + "\n")
        elif options.format == "csv":
            write_ranking_csv(ranking, engine.zone, [group.id for group in engine.ruleset.groups], stream)
        else:
            print_ranking(ranking, engine.zone, engine.questions, stream, called)
