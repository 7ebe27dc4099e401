from __future__ import annotations

from pipeline.types import Finding, MatchKind, Role, Severity
from review.transcript import Piece, character_starts, marked_lines


def finding(quote: str, start_s: float, end_s: float, role: Role = Role.AGENT) -> Finding:
    return Finding(
        "R", "t", "c", Severity.DEDUCT, 1.0, role, start_s, end_s, quote, MatchKind.EXACT, None, None, None, "m"
    )


def line(text: str, start_s: float = 0.0, end_s: float = 4.0, role: str = "agent") -> dict[str, object]:
    return {"role": role, "start_s": start_s, "end_s": end_s, "text": text}


def test_words_of_a_finding_are_cut_out_of_their_line() -> None:
    (pieces,) = marked_lines(
        [line("没法查用不起就别用")], [(1, finding("用不起就别用", 1, 4)), (2, finding("没法查", 0, 1))]
    )
    assert pieces == (Piece("没法查", (2,)), Piece("用不起就别用", (1,)))


def test_words_said_twice_are_marked_where_they_were_found() -> None:
    (pieces,) = marked_lines([line("不行不行")], [(1, finding("不行", 2.0, 4.0))])
    assert pieces == (Piece("不行"), Piece("不行", (1,)))


def test_overlapping_findings_share_their_characters() -> None:
    (pieces,) = marked_lines([line("不行就是不行")], [(1, finding("不行就是", 0, 3)), (2, finding("就是不行", 1, 4))])
    assert pieces == (Piece("不行", (1,)), Piece("就是", (1, 2)), Piece("不行", (2,)))


def test_other_party_and_other_time_stay_unmarked() -> None:
    lines = [line("没法查", role="customer"), line("没法查", 10, 12)]
    assert marked_lines(lines, [(1, finding("没法查", 0, 4))]) == [(Piece("没法查"),), (Piece("没法查"),)]


def test_finding_over_the_whole_call_marks_nothing() -> None:
    lines = [line("字" * 3, n, n + 1) for n in range(6)]
    assert all(piece.flags == () for pieces in marked_lines(lines, [(1, finding("字字字", 0, 6))]) for piece in pieces)


def test_characters_without_times_are_spread_over_their_line() -> None:
    assert character_starts(line("四个字呀", 1.0, 3.0)) == [1.0, 1.5, 2.0, 2.5]
    assert character_starts({**line("两字"), "characters": [[1.2, 1.4], [1.9, 2.0]]}) == [1.2, 1.9]
