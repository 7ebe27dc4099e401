from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from models.cluster_months import same_as
from models.clusters import ClusterSettings, find_clusters
from models.stretches import FINGERPRINT_DIMENSIONS, Stretch, fingerprint
from pipeline.errors import StatisticsError

BLAME = [
    f"{who}怎么听不懂，我都说了{times}了{end}"
    for who, times, end in product("你您", ("三遍", "好几遍"), ("", "啊", "吧"))
]
REFUSE = [
    f"{start}不归我管，你去找{where}{end}"
    for start, where, end in product(("这个事", "这个业务"), ("营业厅", "别的部门"), ("", "啊", "吧"))
]
HANG = [
    f"没别的事{end}我{how}挂了，后面还有人等着"
    for end, how in product(("了吧", "的话", "吗"), ("先", "就", "要", "现在就"))
]
ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ClusterSettings(least_share=0.01, least_calls=3)


def stretches(*groups: list[str], rule: str = "R") -> list[Stretch]:
    return [
        Stretch(f"{number}-{place}", f"call-{number}-{place}", rule, text)
        for number, group in enumerate(groups)
        for place, text in enumerate(group)
    ]


def as_texts(clusters, among) -> list[set[str]]:
    return [{among[index].text for index in cluster.members} for cluster in clusters]


def test_three_troubles_said_in_many_ways_are_three_clusters() -> None:
    among = stretches(BLAME, REFUSE, HANG)
    found = find_clusters(among, SETTINGS)
    assert sorted(as_texts(found, among), key=sorted) == sorted([set(BLAME), set(REFUSE), set(HANG)], key=sorted)
    assert {cluster.weight for cluster in found} == {12.0}


def test_homophones_do_not_take_a_stretch_out_of_its_cluster() -> None:
    among = stretches(BLAME, REFUSE, HANG, ["你怎么听不懂，我度说了三变了"])
    (cluster,) = (one for one in find_clusters(among, SETTINGS) if len(among) - 1 in one.members)
    assert {among[index].text for index in cluster.members} >= set(BLAME)


def test_stretch_that_is_like_no_other_stays_alone() -> None:
    among = stretches(BLAME, REFUSE, HANG, ["祝您生活愉快，再见"])
    assert all(len(among) - 1 not in cluster.members for cluster in find_clusters(among, SETTINGS))


def test_cluster_is_named_by_its_words_and_quotes_one_of_its_members() -> None:
    among = stretches(BLAME, REFUSE, HANG)
    for cluster in find_clusters(among, SETTINGS):
        texts = {among[index].text for index in cluster.members}
        assert among[cluster.medoid].text in texts
        elsewhere = {one.text for one in among} - texts
        for word in cluster.name.split("·"):
            inside = sum(word in text for text in texts) / len(texts)
            assert inside > 2 * sum(word in text for text in elsewhere) / len(elsewhere)


def test_few_calls_are_an_incident_and_no_cluster() -> None:
    among = stretches(BLAME, REFUSE)
    of_one_call = [replace(one, call_id="same") for one in stretches(HANG)]
    assert sorted(
        as_texts(find_clusters([*among, *of_one_call], SETTINGS), [*among, *of_one_call]), key=sorted
    ) == sorted([set(BLAME), set(REFUSE)], key=sorted)


def test_confirmed_flags_weigh_more_than_unseen_ones() -> None:
    among = stretches(BLAME) + [replace(one, key=f"u{one.key}", weight=0.5) for one in stretches(REFUSE)]
    heaviest = find_clusters(among, SETTINGS)[0]
    assert {among[index].text for index in heaviest.members} == set(BLAME)


def test_same_input_gives_the_same_clusters() -> None:
    among = stretches(BLAME, REFUSE, HANG)
    first, second = find_clusters(among, SETTINGS), find_clusters(among, SETTINGS)
    assert [(one.name, one.members, one.medoid) for one in first] == [
        (one.name, one.members, one.medoid) for one in second
    ]


@pytest.mark.parametrize(
    "among",
    [[], stretches(["好"]), stretches([""]), stretches(["", "嗯", "？！"]), stretches(["好的"] * 2)],
    ids=["none", "one", "no text", "marks", "two alike"],
)
def test_hardly_anything_to_group_is_no_cluster(among) -> None:
    assert find_clusters(among, SETTINGS) == ()


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_weight_outside_0_to_1_is_refused(weight: float) -> None:
    with pytest.raises(StatisticsError, match="weight"):
        find_clusters([replace(one, weight=weight) for one in stretches(BLAME)])


def test_error_is_known_again_next_month_in_other_words() -> None:
    earlier = [fingerprint(texts[::2], [1.0] * 6) for texts in (BLAME, REFUSE, HANG)]
    now = [fingerprint(texts[1::2], [1.0] * 6) for texts in (HANG, BLAME, ["祝您生活愉快再见"] * 12)]
    assert same_as(now, earlier) == [2, 0, None]


def test_earlier_error_is_given_to_one_cluster_only() -> None:
    one = fingerprint(BLAME, [1.0] * len(BLAME))
    assert sorted(map(str, same_as([one, one], [one]))) == ["0", "None"]


def test_fingerprint_is_of_length_1() -> None:
    one = fingerprint(BLAME, [1.0] * len(BLAME))
    assert one.shape == (FINGERPRINT_DIMENSIONS,)
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)


def test_fingerprint_is_the_same_in_another_run_that_heard_other_words_first() -> None:
    code = (
        "from models.stretches import fingerprint; from pipeline.rules.sound import sounds; "
        "sounds('谁来修一下宽带呢'); "
        "print(','.join(f'{value:.6f}' for value in fingerprint(['你问我我问谁'], [1.0])))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    other = np.array([float(value) for value in told.strip().split(",")])
    assert np.allclose(other, fingerprint(["你问我我问谁"], [1.0]), atol=1e-5)
