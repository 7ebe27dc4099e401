"""Flagged stretches of calls as vectors: the words, how they sound, and the turn that they answer.

Recognition writes a homophone for a word now and then, so each text is read twice: as words (jieba) and as pairs and
triples of sounds. What stands before the flagged sentence counts too, though less: the same sentence answers
different troubles.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol

import jieba
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import normalize

from pipeline.rules.matching import plain
from pipeline.rules.sound import sounds

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 64
CONTEXT_SHARE = 0.35
"""Weight of the turns before beside the flagged text's own 1."""
WORD_SHARE = 1.0
"""Weight of the words beside the sounds' own 1."""
RULE_SHARE = 0.3
"""Weight of the rule that flagged the stretch: a hint, so that one trouble may come under two rules."""

LEAST_SHARED = 0.35
"""Length (at most 1) that the reduction must leave of a stretch: below, it says little that many others say. A false
flag is like that, and would else go wherever its rule goes."""

FINGERPRINT_DIMENSIONS = 2048

DOMAIN_WORDS = (
    "宽带", "套餐", "流量", "话费", "余额", "充值", "停机", "复机", "销户", "过户", "携号转网", "营业厅", "客服",
    "投诉", "主管", "经理", "回访", "办理", "取消", "退订", "合约", "违约金", "优惠", "验证码", "身份证", "实名",
    "工单", "光猫", "装机", "师傅", "上门", "预约", "核实", "登记", "转接", "稍等", "系统", "权限", "不清楚",
    "没办法", "不归我管",
)  # fmt: skip
"""Words of the trade that jieba's own dictionary splits or lacks."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One flagged stretch of a call.

    Attributes:
        key: identity of the finding.
        call_id, rule, agent, team, business_type: where it stands; empty where it is not known.
        text: the flagged sentence or sentences, as heard.
        before: the turn before it, as heard; empty at the start of a call.
        weight: 1 for a flag that a person confirmed, the rule's precision for one that nobody has seen (0 to 1).
    """

    key: str
    call_id: str
    rule: str
    text: str
    before: str = ""
    agent: str = ""
    team: str = ""
    business_type: str = ""
    weight: float = 1.0


class Embedder(Protocol):
    """Turns stretches into vectors; an embedding model of the centre's own stands behind the same door."""

    def vectors(self, stretches: Sequence[Stretch]) -> Vectors:
        """Unit vectors, shape (stretches, dimensions); a stretch without any text is all zeros."""
        ...


@cache
def _tokenizer() -> jieba.Tokenizer:
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    for word in DOMAIN_WORDS:
        tokenizer.add_word(word)
    return tokenizer


@lru_cache(maxsize=200_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order, without marks."""
    return tuple(word for word in _tokenizer().cut(plain(text), HMM=False) if word.strip())


@lru_cache(maxsize=200_000)
def _heard(text: str) -> str:
    return sounds(plain(text))


class WordsAndSounds:
    """TF-IDF of words and of sounds two and three in a row, reduced by singular values (latent semantic analysis).

    Args:
        dimensions: of the vectors.
        seed: of the randomised reduction (Halko and others 2011); same seed, same vectors.
    """

    def __init__(self, dimensions: int = DIMENSIONS, seed: int = 0) -> None:
        self._dimensions = dimensions
        self._seed = seed

    def vectors(self, stretches: Sequence[Stretch]) -> Vectors:
        """See `Embedder`."""
        said = [stretch.text for stretch in stretches]
        asked = [stretch.before for stretch in stretches]
        own = [_tfidf(said, "sounds"), _tfidf(said, "words") * WORD_SHARE]
        parts = [
            *own,
            _tfidf(asked, "sounds") * CONTEXT_SHARE,
            _tfidf(asked, "words") * (CONTEXT_SHARE * WORD_SHARE),
            _rules(stretches) * RULE_SHARE,
        ]
        wide = normalize(sparse.hstack([part for part in parts if part.shape[1]], format="csr"))
        # Who said nothing that can be compared is like nobody, whatever rule flagged it.
        silent = sum(part.getnnz(axis=1) for part in own) == 0
        wide = sparse.diags(np.where(silent, 0.0, 1.0).astype(np.float32)) @ wide
        dimensions = min(self._dimensions, min(wide.shape) - 1)
        if dimensions < 2:
            return np.asarray(wide.toarray(), np.float32)
        reduced = TruncatedSVD(dimensions, n_iter=3, random_state=self._seed).fit_transform(wide)
        reduced[np.linalg.norm(reduced, axis=1) < LEAST_SHARED] = 0.0
        return np.asarray(normalize(reduced), np.float32)


def _tfidf(texts: Sequence[str], kind: str) -> sparse.csr_matrix:
    """Rows of length 1 (0 where there is no text); what stands in one text only tells nothing and is left out."""
    least = 2 if len(texts) >= 20 else 1
    if kind == "words":
        vectorizer = TfidfVectorizer(analyzer=words, min_df=least, sublinear_tf=True, dtype=np.float32)
    else:
        vectorizer = TfidfVectorizer(
            analyzer="char", ngram_range=(2, 3), preprocessor=_heard, min_df=least, sublinear_tf=True, dtype=np.float32
        )
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no text has two sounds, or no word stands in two
        return sparse.csr_matrix((len(texts), 0), dtype=np.float32)


def _rules(stretches: Sequence[Stretch]) -> sparse.csr_matrix:
    names = {name: place for place, name in enumerate(sorted({stretch.rule for stretch in stretches}))}
    columns = [names[stretch.rule] for stretch in stretches]
    ones = np.ones(len(stretches), np.float32)
    return sparse.csr_matrix((ones, (np.arange(len(stretches)), columns)), shape=(len(stretches), len(names)))


def fingerprint(texts: Iterable[str], weights: Sequence[float]) -> Vectors:
    """What a group of texts sounds like, comparable between months: shape (FINGERPRINT_DIMENSIONS,), length 1.

    Hashed pairs and triples of sounds need no vocabulary, which would differ from month to month.
    """
    hashing = HashingVectorizer(
        n_features=FINGERPRINT_DIMENSIONS,
        analyzer="char",
        ngram_range=(2, 3),
        preprocessor=_heard,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    rows = TfidfTransformer(use_idf=False, sublinear_tf=True).fit_transform(hashing.transform(texts))
    mean = np.asarray(sparse.diags(np.asarray(weights, np.float32)).dot(rows).sum(axis=0), np.float32).ravel()
    # Roots keep what all members share above what a few long ones repeat.
    return np.asarray(normalize(np.sqrt(mean).reshape(1, -1)), np.float32).ravel()
