"""Word segmentation (分词) with a dictionary that comes from ``corpora/`` only.

jieba is the reference, rjieba the engine; HMM is off in both, so that a text's words depend on the dictionary alone.
Both start from the ``dict.txt`` of jieba and take the same trade words with the same frequencies, and so give the same tokens.
"""

from __future__ import annotations

import tempfile
from functools import lru_cache
from typing import Any

import rjieba

from matcher.corpora import Corpora


@lru_cache(maxsize=4)
def _engine(corpora: Corpora) -> Any:
    tokenizer = rjieba.Jieba()
    for word, count in corpora.trade_words.items():
        tokenizer.add_word(word, count, "n")
    return tokenizer


@lru_cache(maxsize=2)
def _reference(corpora: Corpora) -> Any:
    import jieba  # slow to load, and only tests and `make corpora` compare with it

    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = tempfile.mkdtemp(prefix="lianzhao-jieba-")
    tokenizer.initialize()
    for word, count in corpora.trade_words.items():
        tokenizer.add_word(word, count)
    return tokenizer


def cut(text: str, corpora: Corpora) -> list[str]:
    """The tokens of ``text`` in order (分词), by the private rjieba engine; joined, they are the text again.

    Newlines separate: cutting texts joined by newlines gives the tokens of each text, with a newline token between them.
    """
    tokens: list[str] = _engine(corpora).cut(text, False)
    return tokens


def reference_cut(text: str, corpora: Corpora) -> list[str]:
    """The same by a private ``jieba.Tokenizer`` (分词参照): the definition that ``cut`` must equal token for token."""
    tokens: list[str] = _reference(corpora).lcut(text, HMM=False)
    return tokens
