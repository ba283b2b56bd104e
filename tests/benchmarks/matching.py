"""How well affinities find a chain's companies (匹配基准): ``make bench``; average precision and precision at 20 against published labels.

Only names and scopes are read. Beside 链招 stand what it must beat and what bounds it, on the same rows:

    keyword    how many of the chain's terms the text holds
    tf-idf     cosine of jieba tokens against all of the chain's terms, weights fitted on these rows
    supervised logistic regression on character 2–4-grams that sees the labels, out of fold (5 folds): the ceiling

The labels follow revenue, so a registry scope predicts them with noise. The chains' words are not taken from them.

    LIANZHAO_DATA=folder make bench
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ahocorasick_rs
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.text.normalise import normalise
from matcher.text.tokenizer import cut

Scores = NDArray[np.float64]
ZONE = "liaocheng-resort"
LISTED, AGRI, STARTUPS = (
    f"{name}_dev.csv.gz" for name in ("listed_companies_labelled", "agri_food_companies_labelled", "startups_described")
)
FOLDS = 5


@dataclass(frozen=True)
class Question:
    """Chains to be found, and the labels that say which rows are theirs."""

    title: str
    chains: tuple[str, ...]
    labels: frozenset[str]


QUESTIONS = (
    Question("医养健康 / 医药生物", ("medical-health",), frozenset({"医药生物"})),
    Question("现代农业 / 农林牧渔∪食品饮料", ("modern-agriculture",), frozenset({"农林牧渔", "食品饮料"})),
    Question(
        "文旅∪文创体育 / 旅游酒店教育体育",
        ("culture-tourism", "creative-sport"),
        frozenset({"旅游及景区", "酒店餐饮", "教育", "体育Ⅱ"}),
    ),
)
STARTUP_QUESTIONS = (
    Question("创业：医疗健康", ("medical-health",), frozenset({"医疗健康"})),
    Question("创业：旅游", ("culture-tourism",), frozenset({"旅游"})),
    Question("创业：体育", ("creative-sport",), frozenset({"体育运动"})),
)


def average_precision(relevant: NDArray[np.bool_], score: Scores) -> float:
    """Mean of the precision at each relevant row; ties share their average place's precision, as in scikit-learn."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(relevant, score))


def precision_at(relevant: NDArray[np.bool_], score: Scores, k: int = 20) -> float:
    """Share of relevant rows among the first ``k``; equal scores stay in file order."""
    return float(relevant[np.argsort(-score, kind="stable")[:k]].mean())


def labelled(folder: Path) -> pd.DataFrame:
    """Listed and farm-and-food companies with a scope, once each: name, text, labels of level 1 and 2."""
    tables = [pd.read_csv(folder / file, dtype=str).fillna("") for file in (LISTED, AGRI)]
    rows = pd.concat(tables, ignore_index=True)
    rows = rows[(rows["business_scope"] != "") & (rows["sw_l1"] != "")].drop_duplicates("full_name").reset_index(drop=True)
    return rows.assign(name=rows["full_name"], text=rows["business_scope"], label_1=rows["sw_l1"], label_2=rows["sw_l2"])


def startups(folder: Path) -> pd.DataFrame:
    """Start-ups by category; the description stands for the main products."""
    rows = pd.read_csv(folder / STARTUPS, dtype=str).fillna("")
    return rows.assign(text=rows["description"], label_1=rows["category"], label_2="")


def affinities(engine: Engine, rows: pd.DataFrame, field: str) -> dict[str, Scores]:
    """Best affinity of each chain for each row."""
    profiles = [{"name": name or "某公司", field: text} for name, text in zip(rows["name"], rows["text"], strict=True)]
    intake = from_profiles(profiles, engine.corpora)
    found = {chain: np.zeros(len(rows)) for chain in engine.zone.chain_names}
    for match in engine.match(intake):
        found[match.chain][match.row - 1] = match.affinity
    return found


def keyword_counts(engine: Engine, chains: tuple[str, ...], texts: list[str]) -> Scores:
    """Distinct terms of the chains in each text."""
    terms = sorted({normalise(term) for s in engine.zone.segments if s.chain in chains for term, _ in s.terms})
    search = ahocorasick_rs.AhoCorasick(terms)
    return np.array(
        [len({hit[0] for hit in search.find_matches_as_indexes(text, overlapping=True)}) for text in texts], dtype=float
    )


def tfidf_cosines(engine: Engine, chains: tuple[str, ...], texts: list[str]) -> Scores:
    """Cosine of each text and all terms of the chains."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    def words(text: str) -> list[str]:
        return cut(text, engine.corpora)

    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    matrix = vectorizer.fit_transform(texts)
    terms = "，".join(term for s in engine.zone.segments if s.chain in chains for term, _ in s.terms)
    return np.asarray((matrix @ vectorizer.transform([terms]).T).todense()).ravel()


def supervised(relevant: NDArray[np.bool_], texts: list[str]) -> Scores:
    """Out-of-fold probabilities of a model that was shown the labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(2, 4), min_df=2, sublinear_tf=True, max_features=200_000),
        LogisticRegression(C=30, class_weight="balanced", solver="liblinear"),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return np.asarray(cross_val_predict(model, texts, relevant, cv=folds, method="predict_proba"))[:, 1]


def relevant_rows(rows: pd.DataFrame, question: Question) -> NDArray[np.bool_]:
    """Rows whose label answers the question."""
    return np.asarray(rows["label_1"].isin(question.labels) | rows["label_2"].isin(question.labels))


def compare(engine: Engine, rows: pd.DataFrame, questions: tuple[Question, ...], field: str, *, ceiling: bool) -> None:
    """Prints a line for each question."""
    found = affinities(engine, rows, field)
    texts = [normalise(f"{name}；{text}") for name, text in zip(rows["name"], rows["text"], strict=True)]
    for question in questions:
        relevant = relevant_rows(rows, question)
        ways: dict[str, Callable[[], Scores]] = {
            "链招": lambda q=question: np.max([found[chain] for chain in q.chains], axis=0),
            "关键词计数": lambda q=question: keyword_counts(engine, q.chains, texts),
            "TF-IDF 余弦": lambda q=question: tfidf_cosines(engine, q.chains, texts),
        }
        if ceiling:
            ways["有监督上限"] = lambda r=relevant: supervised(r, texts)
        print(f"{question.title}：{int(relevant.sum())} / {len(rows):,} 行")
        for title, way in ways.items():
            score = way()
            print(f"    AP {average_precision(relevant, score):.3f}　P@20 {precision_at(relevant, score):.2f}　{title}")


def main() -> int:
    """Prints the table."""
    folder = Path(os.environ.get("LIANZHAO_DATA") or "/nonexistent")
    missing = [file for file in (LISTED, AGRI, STARTUPS) if not (folder / file).is_file()]
    if missing:
        print(f"跳过匹配基准：LIANZHAO_DATA 应指向含 {'、'.join(missing)} 的目录")
        return 0
    warnings.simplefilter("ignore")
    engine = Engine(ZONE)
    print("匹配基准（名称与经营范围；标签按营业收入划分，登记文字只能部分预测）")
    compare(engine, labelled(folder), QUESTIONS, "business_scope", ceiling=True)
    print("创业公司（产品描述作主要产品，仅供参考）")
    compare(engine, startups(folder), STARTUP_QUESTIONS, "main_products", ceiling=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
