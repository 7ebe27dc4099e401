"""How well common errors are found: two made-up months of 300 agents and 60,000 calls with twelve planted themes.

    python -m benchmarks.clusters            # accuracy, scope, identity; the other method on a part; 50,000 stretches

Seeds other than these were used while the settings were chosen.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from benchmarks.error_themes import CALLS, THEMES, Month, make_month
from models.cluster_months import same_as
from models.clusters import Cluster, find_clusters
from models.stretches import WordsAndSounds
from quality.error_scope import error_scope

SEEDS = (1101, 1102, 1103)
TARGET = 0.01
"""Accepted share of calls with one error; the planted universal themes are at two to three times that."""
LEAST_SHARE = 0.005
"""Themes above this share of all flags must be found."""
MATCHED = 0.5
"""A theme is found when one cluster holds most of its flags and is mostly of it."""
PART = 6_000
LARGE = 50_000


def labels_of(clusters: Sequence[Cluster], count: int) -> np.ndarray:
    """Cluster of each stretch by its place, -1 for none."""
    labels = np.full(count, -1)
    for number, cluster in enumerate(clusters):
        labels[list(cluster.members)] = number
    return labels


def agreement(month: Month, labels: np.ndarray) -> tuple[float, float]:
    """Adjusted Rand index over the planted flags, and over all with false flags as a class of their own."""
    truth = np.array([theme or "-" for theme in month.themes])
    planted = truth != "-"
    return adjusted_rand_score(truth[planted], labels[planted]), adjusted_rand_score(truth, labels)


def theme_of(month: Month, cluster: Cluster) -> str | None:
    """The theme that most of a cluster's flags belong to."""
    theme, count = Counter(month.themes[index] for index in cluster.members).most_common(1)[0]
    return theme if count > MATCHED * len(cluster.members) else None


def found_themes(month: Month, clusters: Sequence[Cluster]) -> dict[str, int]:
    """The cluster of each theme that was found."""
    sizes = Counter(month.themes)
    found: dict[str, int] = {}
    for number, cluster in enumerate(clusters):
        theme = theme_of(month, cluster)
        held = sum(month.themes[index] == theme for index in cluster.members)
        if theme is not None and held > MATCHED * sizes[theme]:
            found[theme] = number
    return found


def scope_labels(month: Month, clusters: Sequence[Cluster], found: dict[str, int]) -> dict[str, bool]:
    """Whether each found theme gets the scope it was planted with."""
    agents = sorted(month.calls_of)
    had = np.array([float(month.calls_of[agent]) for agent in agents])
    right = {}
    for theme in THEMES:
        if theme.name in found:
            calls = {month.stretches[index].call_id: month.stretches[index].agent
                     for index in clusters[found[theme.name]].members}  # fmt: skip
            hits = Counter(calls.values())
            fails = np.array([float(hits.get(agent, 0)) for agent in agents])
            groups = [month.team_of[agent] for agent in agents]
            right[theme.name] = error_scope("x", agents, groups, fails, had, target=TARGET).scope is theme.scope
    return right


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    console = Console(width=110)
    table = Table(title=f"Planted themes: {len(THEMES)}, {CALLS:,} calls a month", title_justify="left")
    for heading in (
        "seed",
        "flags",
        "clusters",
        "ARI planted",
        "ARI all",
        "false flags kept out",
        "themes found",
        "scopes right",
    ):
        table.add_column(heading, justify="right")
    kept: list[tuple[Month, tuple[Cluster, ...], dict[str, int]]] = []
    for seed in SEEDS:
        month = make_month(seed)
        clusters = find_clusters(month.stretches)
        labels = labels_of(clusters, len(month.stretches))
        planted, everything = agreement(month, labels)
        out = np.mean(labels[[theme is None for theme in month.themes]] == -1)
        found = found_themes(month, clusters)
        sizes = Counter(month.themes)
        wanted = [theme.name for theme in THEMES if sizes[theme.name] > LEAST_SHARE * len(month.stretches)]
        right = scope_labels(month, clusters, found)
        table.add_row(
            str(seed), f"{len(month.stretches):,}", str(len(clusters)), f"{planted:.3f}",
            f"{everything:.3f}", f"{out:.0%}",
            f"{sum(name in found for name in wanted)} of {len(wanted)}", f"{sum(right.values())} of {len(right)}",
        )  # fmt: skip
        kept.append((month, clusters, found))
    console.print(table)

    same, possible = 0, 0
    for (_, earlier, before), (_, now, after) in pairwise(kept):
        matches = same_as([one.fingerprint for one in now], [one.fingerprint for one in earlier])
        both = [theme for theme in after if theme in before]
        possible += len(both)
        same += sum(matches[after[theme]] == before[theme] for theme in both)
    console.print(f"identity from month to month: {same} of {possible} themes keep their number")

    month = kept[0][0]
    part = replace(month, stretches=month.stretches[:PART], themes=month.themes[:PART])
    vectors = WordsAndSounds().vectors(part.stretches)
    began = time.process_time()
    ours = labels_of(find_clusters(part.stretches), PART)
    ours_s = time.process_time() - began
    began = time.process_time()
    density = HDBSCAN(min_cluster_size=30, min_samples=5, copy=True).fit_predict(vectors)
    density_s = time.process_time() - began
    for name, labels, seconds in (("ours, vectors included", ours, ours_s), ("HDBSCAN alone", density, density_s)):
        planted, everything = agreement(part, labels)
        console.print(
            f"{PART:,} flags, {name}: ARI planted {planted:.3f}, all {everything:.3f}, "
            f"{len(set(labels.tolist()) - {-1})} clusters, {seconds:.1f} s CPU"
        )

    large = make_month(SEEDS[0], calls=round(CALLS * LARGE * 1.1 / len(month.stretches)))
    stretches = large.stretches[:LARGE]
    began, cpu = time.perf_counter(), time.process_time()
    clusters = find_clusters(stretches)
    console.print(
        f"{len(stretches):,} flagged stretches: {len(clusters)} clusters in {time.perf_counter() - began:.1f} s "
        f"({time.process_time() - cpu:.1f} s CPU), peak memory of the process "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
