"""Makes ``industry_words.csv`` and ``trade_names.csv`` of ``corpora/`` (制作行业词表与常见字号表) from names of enterprises.

Only aggregate counts leave the names.

- An industry word (行业用词) is a word that stands behind something else in names far more often than at their start: 紫颜堂|健康|科技.
- A common trade name (常见字号) is one that many names bear: it does not tell one firm from another.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from pathlib import Path

from matcher.corpora import open_corpora
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.text.tokenizer import reference_cut

LEAST_NAMES = 60  # a word that fewer names use behind something else is not a word of the trade
BEHIND_SHARE = 0.75  # of its uses
LEAST_BEARERS = 12  # names that bear a trade name before it is called common


def industry_words(names: list[str], reader: NameReader) -> list[tuple[str, int]]:
    """Words and how many names have them behind at least two other characters."""
    corpora = open_corpora()
    regions = reader.regions
    behind: Counter[str] = Counter()
    leading: Counter[str] = Counter()
    for name in names:
        parts = reader.parse(name)
        if parts.outlet != "none" or parts.legal_form == "unknown":
            continue
        place = 0
        for word in reference_cut(parts.core, corpora):
            if len(word) > 1 and not word.isascii():
                (behind if place >= 2 else leading)[word] += 1
            place += len(word)
    unlike = corpora.no_industry_words
    return sorted(
        (word, count)
        for word, count in behind.items()
        if count >= LEAST_NAMES and count >= BEHIND_SHARE * (count + leading[word]) and word not in regions and word not in unlike
    )


def trade_names(names: list[str], reader: NameReader) -> list[tuple[str, int]]:
    """Trade names that many bear, and how many."""
    bearers = Counter(parts.trade_name for name in names if (parts := reader.parse(name)).outlet == "none")
    return sorted((name, count) for name, count in bearers.items() if len(name) > 1 and count >= LEAST_BEARERS)


def write(rows: list[tuple[str, int]], target: Path) -> None:
    """Writes ``word,count``."""
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["word", "names"])
        writer.writerows(rows)
    print(f"{len(rows)} → {target}")


def main(files: list[str]) -> None:
    """Reads the first column of gzip'd CSV files with a header, and writes both tables."""
    names: dict[str, None] = {}
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            next(rows)
            names.update(dict.fromkeys(normalise(row[0].replace("\n", " ")) for row in rows if row))
    corpora = open_corpora()
    write(industry_words(list(names), NameReader(corpora)), corpora.path / "industry_words.csv")
    corpora.__dict__.pop("industry_words", None)  # the split of names depends on the table just made
    name_reader.cache_clear()
    write(trade_names(list(names), NameReader(corpora)), corpora.path / "trade_names.csv")


if __name__ == "__main__":
    main(sys.argv[1:])
