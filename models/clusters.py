"""Common-error clusters: what goes wrong in the same way, found among the flagged stretches of a month.

Two steps, so that fifty thousand stretches take seconds: many small groups by k-means, then the groups joined from
the bottom up while their average similarity lasts (UPGMA, Sokal and Michener 1958). A stretch that resembles no group
stays without one: a false flag is nobody's common error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import MiniBatchKMeans

from models.stretches import Embedder, Stretch, Vectors, WordsAndSounds, fingerprint, words
from pipeline.errors import StatisticsError

Labels = npt.NDArray[np.int64]

UNCLUSTERED = -1

STRETCHES_A_GROUP = 40
MOST_GROUPS = 900
"""Joining costs the square of the number of groups."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How alike is alike.

    Attributes:
        join_distance: groups are joined up to this mean cosine distance (0 the same, 1 nothing in common).
        own_similarity: least cosine similarity of a stretch to the centre of its cluster.
        least_share: least weight of a cluster, as a share of the weight of all stretches.
        least_calls: a cluster of fewer calls is an incident.
        seed: of k-means.
    """

    join_distance: float = 0.78
    own_similarity: float = 0.3
    least_share: float = 0.003
    least_calls: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """One common error.

    Attributes:
        name: its most telling words, joined by a middle dot.
        medoid: index of the stretch that is most like all others: the one to quote.
        members: indices of its stretches, the most typical first.
        weight: sum of their weights.
        rules: the rules that flagged them, the most frequent first, with their number.
        cohesion: mean cosine similarity of the members to the centre.
        fingerprint: what its texts sound like, by which it is known again next month.
    """

    name: str
    medoid: int
    members: tuple[int, ...]
    weight: float
    rules: tuple[tuple[str, int], ...]
    cohesion: float
    fingerprint: Vectors


def find_clusters(
    stretches: Sequence[Stretch],
    settings: ClusterSettings | None = None,
    embedder: Embedder | None = None,
) -> tuple[Cluster, ...]:
    """The common errors among flagged stretches, the heaviest first.

    Args:
        stretches: of one month; those that a person rejected are not among them.
        settings: how alike is alike.
        embedder: words and sounds, unless the centre has an embedding model of its own.

    Raises:
        StatisticsError: a weight is not a number from 0 to 1.
    """
    settings = settings or ClusterSettings()
    for stretch in stretches:
        if not 0 <= stretch.weight <= 1:
            raise StatisticsError(f"finding {stretch.key}: weight {stretch.weight}; expected 0 to 1")
    if not stretches:
        return ()
    vectors = (embedder or WordsAndSounds(seed=settings.seed)).vectors(stretches)
    weights = np.asarray([stretch.weight for stretch in stretches])
    labels, similarity = group(vectors, weights, settings)
    least = settings.least_share * float(weights.sum())
    found = []
    for label in range(int(labels.max(initial=UNCLUSTERED)) + 1):
        members = np.flatnonzero(labels == label)
        calls = {stretches[index].call_id for index in members}
        if weights[members].sum() >= least and len(calls) >= settings.least_calls:
            found.append(members[np.argsort(-similarity[members], kind="stable")])
    names = _names([[stretches[index] for index in members] for members in found])
    clusters = [
        _cluster(members, name, stretches, vectors, weights, similarity)
        for members, name in zip(found, names, strict=True)
    ]
    return tuple(sorted(clusters, key=lambda cluster: (-cluster.weight, cluster.members)))


def group(
    vectors: Vectors, weights: npt.NDArray[np.float64], settings: ClusterSettings
) -> tuple[Labels, npt.NDArray[np.float64]]:
    """Label of every stretch (``UNCLUSTERED`` for one that resembles no group), and its similarity to its centre.

    Args:
        vectors: unit vectors, shape (stretches, dimensions).
        weights: shape (stretches,).
        settings: how alike is alike.
    """
    some = np.flatnonzero((np.linalg.norm(vectors, axis=1) > 0) & (weights > 0))
    labels = np.full(len(vectors), UNCLUSTERED, np.int64)
    similarity = np.zeros(len(vectors))
    if len(some) < 2:
        return labels, similarity
    points, masses = vectors[some], weights[some]
    small = _small_groups(points, masses, settings.seed)
    centres, masses_of = _centres(points, masses, small)
    joined = _joined(centres, settings.join_distance)[small]
    # Once more from the joined centres: a stretch goes where it belongs, whichever small group it came through.
    for _ in range(2):
        centres, masses_of = _centres(points, masses, joined)
        alike = points @ centres.T
        alike[:, masses_of == 0] = -1.0
        joined = alike.argmax(axis=1)
        nearest = alike[np.arange(len(points)), joined]
    kept = nearest >= settings.own_similarity
    labels[some[kept]] = joined[kept]
    similarity[some] = nearest
    return labels, similarity


def _small_groups(points: Vectors, masses: npt.NDArray[np.float64], seed: int) -> Labels:
    count = min(MOST_GROUPS, max(2, math.ceil(len(points) / STRETCHES_A_GROUP)), len(points))
    if len(points) <= 2 * MOST_GROUPS:
        return np.arange(len(points))
    k_means = MiniBatchKMeans(count, batch_size=4096, n_init=1, max_iter=20, random_state=seed)
    return np.asarray(k_means.fit_predict(points, sample_weight=masses), np.int64)


def _centres(points: Vectors, masses: npt.NDArray[np.float64], labels: Labels) -> tuple[Vectors, Vectors]:
    """Mean of each group, of length 1, and the group's weight."""
    count = int(labels.max()) + 1
    sums = np.zeros((count, points.shape[1]))
    np.add.at(sums, labels, points * masses[:, None])
    weight = np.bincount(labels, masses, count)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-12), np.float32), np.asarray(weight, np.float32)


def _joined(centres: Vectors, distance: float) -> Labels:
    used = np.flatnonzero(np.linalg.norm(centres, axis=1) > 0)
    labels = np.zeros(len(centres), np.int64)
    if len(used) > 1:
        tree = linkage(np.asarray(centres[used], np.float64), method="average", metric="cosine")
        labels[used] = fcluster(tree, distance, criterion="distance") - 1
    return labels


def _cluster(
    members: Labels,
    name: str,
    stretches: Sequence[Stretch],
    vectors: Vectors,
    weights: npt.NDArray[np.float64],
    similarity: npt.NDArray[np.float64],
) -> Cluster:
    own = vectors[members]
    centre = (own * weights[members][:, None]).sum(axis=0)
    # Of equals, a confirmed one is quoted; a person has heard it.
    medoid = int(members[np.argmax(own @ centre / max(np.linalg.norm(centre), 1e-12) + 1e-3 * weights[members])])
    rules = Counter(stretches[index].rule for index in members)
    return Cluster(
        name=name,
        medoid=medoid,
        members=tuple(int(index) for index in members),
        weight=float(weights[members].sum()),
        rules=tuple(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        cohesion=float(np.average(similarity[members], weights=weights[members])),
        fingerprint=fingerprint((stretches[index].text for index in members), [float(w) for w in weights[members]]),
    )


TELLING_WORDS = 3
NOBODYS_WORDS = frozenset("这个 那个 就是 然后 就是说 怎么 什么 一个 您好 你好 请问 谢谢 再见 可以 没有 我们".split())
"""Said in every trouble: a cluster with no word of its own is named by how its most typical text begins."""
LEAST_NAME_SHARE = 0.1
"""A word that fewer members say does not name them all."""
RARE = 0.01
"""Added to shares, so that a word nobody else says is worth much and not everything."""


def _names(groups: Sequence[Sequence[Stretch]]) -> list[str]:
    """The most telling words of each group: said by many of it and few of the others.

    A word's worth is the share of members who say it times the logarithm of how much larger that is than elsewhere.
    """
    said = [Counter(word for stretch in group for word in set(words(stretch.text))) for group in groups]
    sizes = [len(group) for group in groups]
    everywhere: Counter[str] = Counter()
    for counts in said:
        everywhere.update(counts)
    names = []
    for members, counts, size in zip(groups, said, sizes, strict=True):
        others = max(sum(sizes) - size, 1)
        worth = {}
        for word, count in counts.items():
            share, elsewhere = count / size, (everywhere[word] - count) / others
            if len(word) > 1 and word not in NOBODYS_WORDS and share >= LEAST_NAME_SHARE and share > elsewhere:
                worth[word] = share * math.log((share + RARE) / (elsewhere + RARE))
        telling = sorted(worth, key=lambda word: (-worth[word], word))[:TELLING_WORDS]
        names.append("·".join(telling) or plain_start(members[0].text))
    return names


def plain_start(text: str) -> str:
    """The first characters of a text, for a cluster that no word names."""
    return text[:8]
