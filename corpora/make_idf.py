"""Makes ``corpora/idf.csv`` (制作逆文档频率表) from registry files: ``make corpora DATA="file.csv.gz …"``.

Only aggregate document frequencies leave the texts. A word's document is one company: its scope and its name without region and legal
form. The table is scikit-learn's smooth IDF, ``ln((1 + n) / (1 + df)) + 1``, in thousandths.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from matcher.corpora import open_corpora
from matcher.intake import read_files
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.text.scope import scope_reader
from matcher.text.tokenizer import reference_cut

LEAST_COMPANIES = 5  # a word that fewer companies use says too little, and might point to one of them


def main(files: list[str], target: Path) -> None:
    """Counts the words of ``files`` and writes ``target``."""
    corpora = open_corpora()
    companies = read_files(files, corpora).companies
    reader = scope_reader(corpora)
    parse = name_reader(corpora).parse
    documents = [
        f"{parse(normalise(name)).core}\n{reader.clean(scope.replace(chr(10), ';'))}"
        for name, scope in zip(companies.text["name"], companies.text["business_scope"], strict=True)
    ]
    vectorizer = CountVectorizer(
        tokenizer=lambda text: [t for t in reference_cut(text, corpora) if len(t) > 1 and t[0].isalpha() and not t.isascii()],
        token_pattern=None,
        lowercase=False,
        min_df=LEAST_COMPANIES,
        stop_words=sorted(corpora.stopwords),
    )
    counts = vectorizer.fit_transform(documents)
    idf = np.rint(TfidfTransformer().fit(counts).idf_ * 1000).astype(int)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["word", "idf_milli"])
        writer.writerows(sorted(zip(vectorizer.get_feature_names_out(), idf.tolist(), strict=True)))
    print(f"{len(idf)} words of {counts.shape[0]} companies → {target}")


if __name__ == "__main__":
    main(sys.argv[1:], open_corpora().path / "idf.csv")
