import json
from pathlib import Path

import pytest

CALLS = Path(__file__).resolve().parents[2] / "samples" / "calls"
STEREO = next(CALLS.glob("20260302-022.mp3"))


def test_assess_twice_gives_the_same_bytes_apart_from_the_seconds(installation, without_seconds):
    first, second = (installation.run("assess", STEREO, "--format", "json") for _ in range(2))
    assert first.code == second.code == 0

    def bare(text):
        return json.dumps(without_seconds(json.loads(text)), ensure_ascii=False, indent=2)

    assert bare(first.out) == bare(second.out)
    # Seconds are the only difference in the text itself too.
    different = [(a, b) for a, b in zip(first.out.splitlines(), second.out.splitlines(), strict=True) if a != b]
    steps = set(json.loads(first.out)["provenance"]["seconds"])
    assert all(a.split('"')[1] in steps for a, _ in different)


def test_assess_document_has_the_published_shape(installation):
    document = installation.run("assess", STEREO, "--format", "json", "--meta", "hung_up_by=customer").document
    assert set(document) >= {
        "recording", "transcript", "measures", "findings", "not_assessable", "score", "route", "provenance",
    }  # fmt: skip
    assert set(document["recording"]) >= {
        "id", "sha256", "duration_s", "sample_rate_hz", "channels", "channel_layout", "agent_channel", "metadata",
    }  # fmt: skip
    assert set(document["measures"]) >= {
        "greeting_latency_s", "greeting_spoken", "agent_speaking_rate_cpm", "agent_articulation_rate_cpm",
        "customer_speaking_rate_cpm", "filler_count", "fillers_per_100_chars", "longest_silence_s", "silence_total_s",
        "silence_ratio", "agent_longest_response_s", "interruption_count", "overlap_s", "agent_talk_ratio",
        "agent_level_dbfs", "loudness_rise_db", "hang_up_by", "call_duration_s", "closing_spoken",
        "transcript_confidence",
    }  # fmt: skip
    for measure in document["measures"].values():
        assert measure["outcome"] in ("measured", "not_assessable")
        assert (measure["value"] is None) == (measure["outcome"] == "not_assessable")
        assert (measure["reason"] is None) == (measure["outcome"] == "measured")
    assert document["measures"]["hang_up_by"]["value"] == "customer"


def test_assess_as_text_shows_findings_measures_and_transcript(installation):
    ran = installation.run("assess", STEREO)
    assert ran.code == 0
    for words in ("pre-score", "INT.01", "measures", "transcript", "demo speech model"):
        assert words in ran.out + ran.err


def test_assess_with_a_transcript_hears_no_model_and_believes_the_words(installation, tmp_path):
    transcript = tmp_path / "words.json"
    heard = installation.run("transcribe", STEREO, "--format", "json").document
    first = next(item for item in heard["transcript"]["utterances"] if item["role"] == "agent")
    first["text"] = "喂喂"
    transcript.write_text(json.dumps(heard["transcript"], ensure_ascii=False), encoding="utf-8")
    document = installation.run("assess", STEREO, "--transcript", transcript, "--format", "json").document
    assert document["provenance"]["engine"] == "sidecar"
    assert "LANG.01" in [finding["rule"] for finding in document["findings"]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["assess", "{tmp}/missing.wav"], 1, ["missing.wav"]),
        (["assess", "{tmp}"], 1, ["expected"]),
        (["assess", "{tmp}/text.wav"], 1, ["text.wav", "audio"]),
        (["assess", "{stereo}", "--meta", "answered_at_s"], 2, ["KEY=VALUE"]),
        (["assess", "{stereo}", "--meta", "answered_at_s=-1"], 2, ["answered_at_s", "0 or more"]),
        (["assess", "{stereo}", "--engine", "parrot"], 2, ["parrot", "whisper"]),
        (["assess", "{stereo}", "--model", "{tmp}/none.pt"], 2, ["none.pt"]),
        (["assess", "{stereo}", "--model", "large-v3"], 2, ["large-v3"]),
        (["assess", "{stereo}", "--vad", "ears"], 2, ["ears", "silero"]),
        (["assess", "{stereo}", "--rulebook", "nothing"], 2, ["nothing", "mobile_service"]),
        (["assess", "{stereo}", "--transcript", "{tmp}/text.wav"], 1, ["text.wav"]),
        (["nightly", "--recordings", "{tmp}/nowhere"], 2, ["nowhere"]),
        (["nightly", "--recordings", "{tmp}", "--date", "someday"], 2, ["someday", "2026-03-02"]),
        (["fly"], 2, ["fly"]),
        (["assess"], 2, ["AUDIO"]),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else str(item),
)
def test_wrong_use_is_explained_without_a_traceback(installation, tmp_path, arguments, code, words):
    (tmp_path / "text.wav").write_text("this is no sound")
    ran = installation.run(*(text.format(tmp=tmp_path, stereo=STEREO) for text in arguments))
    assert ran.code == code, ran.err
    for word in words:
        assert word in ran.err
    assert ran.out == ""


def test_doctor_finds_the_installation_sound(installation):
    ran = installation.run("doctor", "--format", "json")
    assert ran.code == 0, ran.out
    assert ran.document["healthy"] is True


def test_doctor_with_a_missing_model_says_so_and_fails(installation):
    ran = installation.run("doctor", "--format", "json", TINGJIAN_MODEL="/nowhere/model.pt")
    assert ran.code == 2
    failed = [check for check in ran.document["checks"] if check["state"] == "failed"]
    assert [check["what"] for check in failed] == ["speech model"]


def test_rules_list_names_every_rule_of_the_rulebook(installation):
    ran = installation.run("rules", "list", "--format", "json")
    assert ran.code == 0
    assert {"GREET.01", "LANG.03", "AVOID.02"} <= {rule["id"] for rule in ran.document["rules"]}
