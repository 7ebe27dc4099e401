import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from pipeline.metadata import parse_metadata
from samples.dialogue import DialogueError, Expected, Line, load_dialogues
from samples.make_calls import (
    LARGEST_FOLDER_BYTES,
    MANIFEST_HEADER,
    SAMPLES,
    file_name,
    manifest_row,
    write_call,
)
from samples.spoken_call import agent_pauses, make_call, make_call_here, make_calls
from samples.telephone import SAMPLE_RATE_HZ
from samples.truth import read_truth
from samples.voice import Voice, speak

DIALOGUES = load_dialogues()
CALLS = SAMPLES / "calls"
BY_ID = {call.id: call for call in DIALOGUES.calls}
IDS = sorted(BY_ID)


def dialogue(number):
    return BY_ID[f"20260302-{number:03}"]


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    """One call of every encoding made again, beside the bundled ones."""
    folder = tmp_path_factory.mktemp("calls")
    chosen = list({call.encoding: call for call in DIALOGUES.calls}.values())
    for call, made in zip(chosen, make_calls(chosen, DIALOGUES), strict=True):
        write_call(call, made, folder)
    return folder, chosen


def test_make_call_again_gives_the_bundled_truth(remade):
    folder, calls = remade
    assert len(calls) == 6
    for call in calls:
        name = f"{call.id}.truth.json"
        assert (folder / name).read_bytes() == (CALLS / name).read_bytes()


def test_make_call_again_gives_the_bundled_sound(remade):
    folder, calls = remade
    for call in calls:
        again, _ = sf.read(folder / file_name(call), always_2d=True)
        bundled, _ = sf.read(CALLS / file_name(call), always_2d=True)
        # Another release of a codec may round differently; another voice, gap or noise would be far off.
        assert again.shape == bundled.shape, call.id
        assert np.sqrt(np.mean(np.square(again - bundled))) < 0.02 * np.sqrt(np.mean(np.square(bundled))), call.id


def test_write_call_twice_gives_equal_bytes(remade, tmp_path):
    folder, calls = remade
    call = next(call for call in calls if call.encoding == "opus")
    write_call(call, make_call(call, DIALOGUES), tmp_path)
    assert (tmp_path / file_name(call)).read_bytes() == (folder / file_name(call)).read_bytes()


def test_bundled_folder_holds_a_recording_and_a_truth_per_dialogue_and_nothing_else():
    expected = {name for call in DIALOGUES.calls for name in (file_name(call), f"{call.id}.truth.json")}
    assert {path.name for path in CALLS.iterdir()} == expected
    assert sum(path.stat().st_size for path in CALLS.iterdir()) <= LARGEST_FOLDER_BYTES


@pytest.mark.parametrize("call_id", IDS)
def test_bundled_recording_is_8_khz_of_the_length_and_channels_that_its_truth_says(call_id):
    truth = read_truth(CALLS / f"{call_id}.truth.json")
    info = sf.info(CALLS / file_name(BY_ID[call_id]))
    assert info.samplerate == 8000
    assert info.channels == (1 if truth.layout == "mono" else 2)
    assert info.duration == pytest.approx(truth.duration_s, abs=0.001)
    assert 20 <= truth.duration_s <= 90


@pytest.mark.parametrize("call_id", IDS)
def test_bundled_recording_sounds_where_the_truth_says_and_nowhere_else(call_id):
    truth = read_truth(CALLS / f"{call_id}.truth.json")
    samples, rate_hz = sf.read(CALLS / file_name(BY_ID[call_id]), dtype="float32", always_2d=True)
    for channel in {one.channel for one in truth.utterances}:
        speaking = np.zeros(len(samples), bool)
        for one in truth.utterances:
            if one.channel == channel:
                speaking[round(one.start_s * rate_hz) : round(one.end_s * rate_hz)] = True
        # Codecs and the ringing tone smear and add; the first answer lies behind both.
        first = round(truth.answered_at_s * rate_hz)
        power = np.square(samples[first:, channel])
        louder_db = 10 * np.log10(power[speaking[first:]].mean() / max(power[~speaking[first:]].mean(), 1e-10))
        assert louder_db > 10, channel


def test_manifest_has_a_row_per_call_that_the_pipeline_reads():
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = {row["call_id"]: row for row in reader}
    assert tuple(reader.fieldnames or ()) == MANIFEST_HEADER
    assert sorted(rows) == IDS
    for call_id, row in rows.items():
        metadata = parse_metadata(row, f"manifest.csv, call {call_id}")
        truth = read_truth(CALLS / f"{call_id}.truth.json")
        assert (SAMPLES / row["file"]).is_file()
        assert metadata.duration_s == pytest.approx(truth.duration_s, abs=0.01)
        assert metadata.answered_at_s in (None, pytest.approx(truth.answered_at_s, abs=0.05))
        assert not metadata.extra


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"agent_speed_wpm": 135, "agent_rate_cpm": 128.0}, "RATE.01", id="clean_call_that_is_too_fast"),
        pytest.param({"agent_speed_wpm": 127, "agent_rate_cpm": 117.0}, "too near", id="rate_near_the_threshold"),
        pytest.param({"agent_rate_cpm": 60.0}, "no pauses", id="rate_that_no_pause_reaches"),
        pytest.param({"greeting_after_s": 3.5}, "GREET.01", id="late_greeting_not_written"),
        pytest.param({"hung_up_by": "agent"}, "HANG.01", id="agent_hangs_up_not_written"),
        pytest.param({"expect": (Expected(rule="SIL.01"),)}, "SIL.01", id="silence_that_is_not_there"),
        pytest.param({"expect": (Expected(rule="LANG.01", quote="喂喂"),)}, "LANG.01", id="words_never_said"),
        pytest.param({"must_review": True}, "must_review", id="review_without_reason"),
        pytest.param({"agent_level_dbfs": -3.0}, "clip", id="too_loud"),
        pytest.param({"tail_s": 60.0}, "SIL.01", id="long_tail"),
        pytest.param({"turns": (Line(agent="您好，请问有什么可以帮您？"),)}, "CLOSE.01", id="too_little"),
    ],
)
def test_make_call_when_the_script_contradicts_what_is_written_then_stops(change, words):
    with pytest.raises(DialogueError, match="20260302-001") as error:
        make_call_here(dialogue(1).model_copy(update=change), DIALOGUES)
    assert words in str(error.value)


@pytest.mark.parametrize("rate_cpm", [88.0, 96.0, 110.0])
def test_agent_pauses_bring_the_lines_to_the_rate(rate_cpm):
    voice = Voice("f1", 120, 50)
    texts = ["您好，请问有什么可以帮您？", "请稍等。您的话费余额，是三十六元五角。"]
    pauses = agent_pauses(texts, voice, rate_cpm)
    speeches = [pauses.say(text, voice) for text in texts]
    characters = sum(len(speech.characters) for speech in speeches)
    assert 60 * characters / sum(speech.duration_s for speech in speeches) == pytest.approx(rate_cpm, rel=0.01)


def test_make_call_places_words_on_the_channel_of_their_speaker():
    made = make_call_here(dialogue(6).model_copy(update={"snr_db": None}), DIALOGUES)
    customer, agent = made.channels
    for one in made.truth.utterances:
        inside = slice(round(one.start_s * SAMPLE_RATE_HZ), round(one.end_s * SAMPLE_RATE_HZ))
        loud, quiet = (agent, customer) if one.role == "agent" else (customer, agent)
        assert np.abs(loud[inside]).max() > 0.05
        assert np.abs(quiet[inside]).max() < 1e-3


def test_make_call_with_a_louder_line_raises_that_line_alone():
    made = make_call_here(dialogue(13), DIALOGUES)
    agent = [one for one in made.truth.utterances if one.role == "agent"]

    def level_db(one):
        samples = made.channels[0][round(one.start_s * SAMPLE_RATE_HZ) : round(one.end_s * SAMPLE_RATE_HZ)]
        return 10 * np.log10(np.mean(np.square(samples[samples != 0])))

    louder = [level_db(one) for one in agent if one.gain_db]
    usual = [level_db(one) for one in agent if not one.gain_db]
    assert len(louder) == 1
    assert min(louder) - max(usual) > 9


def test_make_call_with_noise_keeps_the_ratio_that_is_written():
    versions = [dialogue(1).model_copy(update={"snr_db": snr_db}) for snr_db in (None, 20.0)]
    clean, noisy = (made.channels[0] for made in make_calls(versions, DIALOGUES))
    speech = np.mean(np.square(clean[clean != 0]))
    assert 10 * np.log10(speech / np.mean(np.square(noisy - clean))) == pytest.approx(20.0, abs=0.5)


def test_write_call_when_the_encoder_moves_the_sound_then_stops(tmp_path, monkeypatch):
    made = make_call_here(dialogue(1), DIALOGUES)
    moved = replace(made, channels=tuple(np.roll(channel, 400) for channel in made.channels))
    write_call(dialogue(1), made, tmp_path)
    kept = tmp_path / "kept.wav"
    shutil.copy(tmp_path / "20260302-001.wav", kept)
    monkeypatch.setattr("samples.make_calls.encode", lambda _channels, path, _encoding: shutil.copy(kept, path))
    with pytest.raises(DialogueError, match=r"moved the sound by -0\.05"):
        write_call(dialogue(1), moved, tmp_path)


def test_speak_of_the_bundled_texts_never_fails_on_a_reading():
    for call in DIALOGUES.calls:
        for line in call.turns:
            assert speak(line.text, call.customer).characters


HELD = (
    Line(announcement="您的来电将被录音。"),
    Line(agent="您好，请问有什么可以帮您？"),
    Line(customer="我想查一下话费。"),
    Line(agent="请别挂机，稍等片刻，好吗？"),
    Line(customer="好的。", hold_s=9.0, music="piano"),
    Line(agent="感谢您的耐心等候。", hold_s=7.0),
    Line(agent="已经为您查到了，再见。"),
)


def test_make_call_with_holds_tells_when_and_with_music():
    call = dialogue(1).model_copy(update={"turns": HELD, "measured_only": True})
    made = make_call_here(call, DIALOGUES)
    played, silent = made.truth.holds
    assert played.end_s - played.start_s == pytest.approx(9.0, abs=0.001)
    assert played.music == pytest.approx((played.start_s + 0.6, played.end_s - 0.6), abs=0.001)
    assert silent.music is None
    agent, customer = made.channels
    middle = round((played.start_s + 4.5) * SAMPLE_RATE_HZ)
    assert np.abs(agent[middle : middle + SAMPLE_RATE_HZ]).max() > 0.05
    assert np.abs(customer[middle : middle + SAMPLE_RATE_HZ]).max() < 1e-3
    assert made.truth.measures["longest_silence_s"] < 2
    assert [one.role for one in made.truth.utterances][:2] == ["unknown", "agent"]


def test_make_call_with_cross_talk_puts_each_party_fainter_and_later_on_the_others_channel():
    how = {"cross_talk_db": -25.0, "cross_talk_delay_s": 0.01, "measured_only": True}
    made = make_call_here(dialogue(1).model_copy(update=how), DIALOGUES)
    delay = round(0.01 * SAMPLE_RATE_HZ)
    for role, own, other in (("customer", 1, 0), ("agent", 0, 1)):
        line = next(one for one in made.truth.utterances if one.role == role)
        first, last = round(line.start_s * SAMPLE_RATE_HZ), round(line.end_s * SAMPLE_RATE_HZ)
        leak = made.channels[other][first + delay : last]
        assert np.abs(leak - made.channels[own][first : last - delay] * 10 ** (-25 / 20)).max() < 0.002


def test_manifest_row_of_a_swapped_call_names_the_other_channel():
    call = dialogue(1)
    made = make_call_here(call, DIALOGUES)
    right, wrong = (
        manifest_row(call.model_copy(update={"swapped": swapped}), DIALOGUES, made) for swapped in (False, True)
    )
    assert (right["agent_channel"], wrong["agent_channel"]) == ("0", "1")
