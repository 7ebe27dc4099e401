"""The demo speech model: its texts, its training machinery, and the checkpoint that ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper

from models.demo_speech import corpus, evaluate, sentences, train
from models.demo_speech.corpus import Spoken, Window
from models.demo_speech.network import DIMENSIONS, Trainee, Vocabulary, average, export
from models.demo_speech.phones import CHARACTERS, INITIALS, finals, labels, split_syllable
from models.demo_speech.sentences import Writer, short_phrases
from samples.voice import PAUSES_S

CHECKPOINT = Path(evaluate.FOLDER) / "demo_speech.pt"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary()


@pytest.fixture(scope="module")
def trainee(vocabulary: Vocabulary) -> Trainee:
    torch.manual_seed(3)
    return Trainee(vocabulary).eval()


def _window(text: str = "您好", seconds: float = 1.0) -> Window:
    """A window of loud noise said to hold the text, its characters a quarter of a second each."""
    rng = np.random.default_rng(5)
    mel = rng.uniform(-0.5, 1.0, (80, int(seconds * 100))).astype(np.float16)
    spoken = tuple(Spoken(character, 0, 3, 7, 5 + 12 * index, 14 + 12 * index) for index, character in enumerate(text))
    return Window(mel, spoken)


# ---- texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syllable", "expected"),
    [("zhuang1", ("zh", "uang1")), ("hao3", ("h", "ao3")), ("er2", ("", "er2")), ("yi1", ("y", "i1"))],
)
def test_split_syllable_when_read_then_initial_and_tonal_final(syllable: str, expected: tuple[str, str]) -> None:
    assert split_syllable(syllable) == expected


def test_labels_when_syllables_differ_then_classes_differ_and_none_is_silence() -> None:
    classes = [labels(syllable) for syllable in ("ma1", "ma3", "na1", "an1")]

    assert len(set(classes)) == 4
    assert all(0 < initial <= len(INITIALS) and 0 < final <= len(finals()) for initial, final in classes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "零"),
        (10, "十"),
        (12, "十二"),
        (105, "一百零五"),
        (210, "二百一十"),
        (3200, "三千二百"),
        (10086, "一万零八十六"),
    ],
)
def test_read_number_when_whole_then_as_read_aloud(value: int, expected: str) -> None:
    assert sentences.read_number(value) == expected


def test_fill_when_any_template_then_no_slot_is_left_and_every_character_is_known() -> None:
    writer = Writer(np.random.default_rng(1))

    for template in sentences.templates():
        text = writer.fill(template)
        assert set(text) <= set(CHARACTERS) | set(PAUSES_S), template


def test_line_when_drawn_then_one_syllable_per_character_and_same_seed_same_lines() -> None:
    first, second = (Writer(np.random.default_rng(2)) for _ in range(2))

    lines = [first.line() for _ in range(60)]

    assert lines == [second.line() for _ in range(60)]
    assert all(len(line.pinyin) == len(evaluate.plain(line.text)) for line in lines)
    assert len({line.text for line in lines}) > 50


def test_heldout_when_compared_with_training_then_no_sentence_is_shared() -> None:
    held_out = {evaluate.plain(text) for text in sentences.read_lines("heldout.txt")}
    dialogues = {evaluate.plain(text) for text in sentences.dialogue_lines()}
    # Words of the lexicon may occur in a held-out sentence; a sentence of training's own may not be one.
    writer = Writer(np.random.default_rng(4))
    drawn = {evaluate.plain(writer.template_line().text) for _ in range(500)}

    assert len(held_out) >= 120
    assert not held_out & dialogues
    assert not held_out & drawn
    assert not held_out & {word for words in sentences.lexicon().values() for word in words}


def test_voice_when_drawn_for_training_then_never_a_voice_of_the_bundled_calls() -> None:
    rng = np.random.default_rng(6)
    bundled = sentences.bundled_voices()

    drawn = [corpus._voice(rng) for _ in range(3000)]

    assert bundled
    assert not {(voice.variant, voice.speed_wpm, voice.pitch) for voice in drawn} & bundled


# ---- windows ---------------------------------------------------------------------------------------------------


def test_make_window_when_one_is_made_then_its_characters_lie_inside_in_order() -> None:
    rng = np.random.default_rng(8)
    writer = Writer(rng)

    windows = [corpus.make_window(writer, rng) for _ in range(12)]

    assert any(window.characters for window in windows)
    for window in windows:
        assert window.mel.shape[0] == 80
        assert np.isfinite(window.mel.astype(np.float32)).all()
        firsts = [item.first for item in window.characters]
        assert firsts == sorted(firsts)
        assert all(item.first <= item.last < window.mel.shape[1] / 2 for item in window.characters)


def test_write_shard_when_read_back_then_windows_are_the_same(tmp_path: Path) -> None:
    windows = [_window("您好"), Window(np.full((80, 30), -1.5, np.float16), ()), _window("再见", 2.0)]
    path = tmp_path / "shard-1.npz"

    corpus.write_shard(windows, path)
    restored = corpus.read_shard(path)

    assert [window.characters for window in restored] == [window.characters for window in windows]
    for before, after in zip(windows, restored, strict=True):
        np.testing.assert_array_equal(before.mel, after.mel)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


# ---- the network -----------------------------------------------------------------------------------------------


def test_vocabulary_when_a_character_is_written_then_its_tokens_spell_it(vocabulary: Vocabulary) -> None:
    for character in "您好幺圳呃嗯":
        assert vocabulary.tokenizer.decode(list(vocabulary.character_tokens[character])) == character
    assert vocabulary.unused_count + len(vocabulary.tokens) == DIMENSIONS.n_vocab


def test_encode_and_decode_when_every_pad_is_taken_then_equal_whisper_on_thirty_seconds(
    trainee: Trainee, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    batch = train.Collator(vocabulary, np.random.default_rng(1))([_window()])
    path = tmp_path / "tiny.pt"
    export(trainee.state_dict(), vocabulary, path)
    reference = whisper.load_model(str(path), device="cpu")
    full = torch.cat([batch.mel, batch.mel[:, :, -1:].expand(-1, -1, 3000 - batch.mel.shape[2])], dim=2)
    tokens = torch.tensor(vocabulary.tokens)

    with torch.no_grad():
        frames = trainee.encode(batch.mel).frames
        ours = trainee.encode(batch.mel, torch.arange(frames, DIMENSIONS.n_audio_ctx))
        logits, _ = trainee.decode(batch.rows, ours)
        theirs = reference.encoder(full)
        expected = reference.decoder(tokens[batch.rows], theirs)[:, :, tokens]

    # Half precision of the stored weights is the only difference.
    torch.testing.assert_close(ours.states[:, :frames], theirs[:, :frames], atol=0.02, rtol=0.02)
    torch.testing.assert_close(logits[:, :, :-1], expected, atol=0.02, rtol=0.02)


def test_export_when_tokens_are_unused_then_all_share_one_row(
    trainee: Trainee, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.pt"
    export(trainee.state_dict(), vocabulary, path)

    embedding = whisper.load_model(str(path), device="cpu").decoder.token_embedding.weight
    unused = torch.ones(DIMENSIONS.n_vocab, dtype=torch.bool)
    unused[torch.tensor(vocabulary.tokens)] = False

    assert len(torch.unique(embedding[unused], dim=0)) == 1
    assert len(torch.unique(embedding[~unused], dim=0)) == len(vocabulary.tokens)
    assert [found.name for found in tmp_path.iterdir()] == ["tiny.pt"]


# ---- training --------------------------------------------------------------------------------------------------


def test_average_when_one_of_two_checkpoints_is_all_twos_then_lies_half_way(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    for name, value in (("zeros", 0.0), ("twos", 2.0)):
        state = {key: torch.full_like(weight, value) for key, weight in Trainee(vocabulary).state_dict().items()}
        export(state, vocabulary, tmp_path / f"{name}.pt")
    average([tmp_path / "zeros.pt", tmp_path / "twos.pt"], tmp_path / "mean.pt")
    loaded = whisper.load_model(str(tmp_path / "mean.pt"), device="cpu")
    assert all(bool((weight == 1.0).all()) for weight in loaded.parameters())


def test_near_lines_when_drawn_thenbroken_phrases_are_not_the_phrase_itself() -> None:
    writer = Writer(np.random.default_rng(3))
    phrases = set(short_phrases())
    broken = ["".join(writer.broken_phrase()) for _ in range(300)]
    assert sum(text in phrases for text in broken) < 15
    assert any(text.startswith("这") and not text.startswith("这个") for text in broken)


def test_collate_when_nobody_speaks_then_the_first_target_is_no_speech(vocabulary: Vocabulary) -> None:
    silent = Window(np.full((80, 100), -1.5, np.float16), ())

    batch = train.Collator(vocabulary, np.random.default_rng(1))([silent])

    row = vocabulary.row
    assert batch.targets[0, 0] == row[vocabulary.tokenizer.no_speech]
    assert batch.targets[0, -1] == row[vocabulary.tokenizer.eot]
    assert (batch.initials == 0).all()


def test_collate_when_someone_speaks_then_targets_spell_the_text_and_spans_say_when(vocabulary: Vocabulary) -> None:
    collate = train.Collator(vocabulary, np.random.default_rng(1))
    tokenizer = vocabulary.tokenizer

    for _ in range(20):  # with timestamps and without
        batch = collate([_window("您好")])
        tokens = [vocabulary.tokens[row] for row in batch.targets[0].tolist() if row >= 0]
        text = [token for token in tokens if token < tokenizer.eot]
        assert tokenizer.decode(text) == "您好"
        assert tokens[-1] == tokenizer.eot
        spans = [tuple(span) for span in batch.spans[0].tolist() if span[0] >= 0]
        assert set(spans) == {(5, 14), (17, 26)}
        assert len(spans) == len(text)


def test_losses_when_one_batch_is_repeated_then_they_fall(vocabulary: Vocabulary) -> None:
    torch.manual_seed(1)
    model = Trainee(vocabulary)
    batch = train.Collator(vocabulary, np.random.default_rng(1))([_window("您好"), _window("再见")])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    totals = []

    for _ in range(8):
        terms = train.losses(model, batch)
        total = sum(weight * terms[name] for name, weight in train.WEIGHTS.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))

    assert totals[-1] < 0.7 * totals[0]


def test_rate_when_time_passes_then_rises_falls_and_ends_low() -> None:
    rates = [
        train.rate_at(0.0, 0),
        train.rate_at(0.02, train.WARM_UP_STEPS),
        train.rate_at(0.5, 4000),
        train.rate_at(1.0, 8000),
    ]

    assert rates[0] < rates[1] / 100
    assert rates[1] > rates[2] > rates[3] > 0
    assert rates[3] == pytest.approx(0.02 * train.PEAK_RATE)


# ---- evaluation and the checkpoint -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("不行就是不行", "钱已经扣了不行就是不行", True),
        ("我不清楚你找*地方问去", "我不清楚你找别的地方问去", True),
        ("*公司不是为你家开的", "移动公司不是为你家开的", True),
        ("我不清楚你找*地方问去", "我不清楚你找一下我们那个最近的地方问去", False),
    ],
    ids=["plain", "inside", "leading", "too-far"],
)
def test_phrase_pattern_when_searched_then_star_is_a_few_characters(phrase: str, text: str, found: bool) -> None:
    assert bool(evaluate.phrase_pattern(phrase).search(text)) is found


def test_rulebook_phrases_when_read_then_forbidden_ones_are_there_and_greetings_are_not() -> None:
    phrases = evaluate.rulebook_phrases()

    assert {"不行就是不行", "喂喂", "不关我的事"} <= set(phrases)
    assert "您好" not in phrases


def test_clause_limits_when_read_then_only_wordings_that_stand_alone_have_one() -> None:
    limits = evaluate.clause_limits()

    assert limits["这个"] == 3
    assert "喂喂" not in limits
    assert "笨蛋" not in limits


def test_unseen_turns_when_made_then_none_says_a_phrase_of_the_rulebook() -> None:
    phrases = evaluate.rulebook_phrases()

    turns = list(evaluate.unseen_turns(16, 3, phrases))

    assert len(turns) == 16
    for turn in turns:
        assert not any(evaluate.phrase_pattern(phrase).search(turn.text) for phrase in phrases)
        assert len(turn.samples) > 0


def test_error_rate_when_one_of_four_characters_is_wrong_then_a_quarter() -> None:
    turn = evaluate.Turn("made", np.zeros(1, np.float32), "您好再见")

    assert evaluate.error_rate([(turn, "您好在见")]) == pytest.approx(0.25)


def test_main_when_nothing_is_asked_then_says_what_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.main([])

    assert "--heldout" in capsys.readouterr().err


def test_checkpoint_when_loaded_then_small_enough_and_of_the_stated_size() -> None:
    model = whisper.load_model(str(CHECKPOINT), device="cpu")

    assert CHECKPOINT.stat().st_size < 30_000_000
    assert model.dims == DIMENSIONS
    assert model.is_multilingual


def test_checkpoint_when_bundled_turns_are_decoded_then_error_rate_meets_the_target(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    every = list(evaluate.bundled_turns())
    assert len(every) > 200
    monkeypatch.setattr(evaluate, "bundled_turns", lambda: every[::7])

    code = evaluate.main(["--bundled", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert report["bundled"]["turns"] == len(every[::7])
    assert report["bundled"]["cer"] < 0.05
    assert code == 0


def test_checkpoint_when_nobody_speaks_then_says_so() -> None:
    model = whisper.load_model(str(CHECKPOINT), device="cpu")
    quiet = (1e-3 * np.random.default_rng(3).standard_normal(32000)).astype(np.float32)
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(quiet))

    result = whisper.decode(model, mel, whisper.DecodingOptions(language="zh", without_timestamps=True, fp16=False))

    assert result.no_speech_prob > 0.5
