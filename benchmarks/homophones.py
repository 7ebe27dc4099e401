"""Phrases known by their sound: ``python -m benchmarks.homophones``.

Recognition errors are made on purpose, characters replaced by others of the same sound, and it is counted how many of
the default rulebook's forbidden phrases are still found; and how many are invented in talk in which nobody says any.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from pypinyin import Style, lazy_pinyin

from benchmarks.phrase_rulebooks import phrase_rulebook, write_into
from models.demo_speech.sentences import Writer, frequent_words, read_lines
from pipeline.rules import Rulebook, judge, load_rulebook, parse_rulebook
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.matching import WILDCARD, plain, sounds_enough
from pipeline.types import Call, MatchKind

PAGE = "rules-homophones.md"
CONFUSED = (("n", "l"), ("zh", "z"), ("ch", "c"), ("sh", "s"), ("ing", "in"), ("eng", "en"))


@cache
def characters_by_sound() -> dict[str, tuple[tuple[str, ...], tuple[float, ...]]]:
    """Characters for every syllable without tone, and how often each is read so in the 5,000 most frequent words.

    A recogniser writes frequent characters in their frequent readings. A reading that a character has in less than a
    twentieth of its uses (貉 for hao) is none that it would be written for.
    """
    counts: dict[str, dict[str, float]] = {}
    for word, weight in zip(*frequent_words(), strict=True):
        for character, sound in zip(word, lazy_pinyin(word, style=Style.NORMAL), strict=True):
            sounds = counts.setdefault(character, {})
            sounds[sound] = sounds.get(sound, 0.0) + weight
    found: dict[str, list[tuple[str, float]]] = {}
    for character, sounds in counts.items():
        total = sum(sounds.values())
        for sound, weight in sounds.items():
            if weight >= total / 20:
                found.setdefault(sound, []).append((character, weight))
    return {
        sound: (tuple(one for one, _ in all_), tuple(weight for _, weight in all_)) for sound, all_ in found.items()
    }


def confused(sound: str) -> list[str]:
    """The syllables that a sound is taken for by the usual confusions, one at a time."""
    initial = next((one for one in ("zh", "ch", "sh") if sound.startswith(one)), sound[:1])
    final = sound[len(initial) :]
    others = []
    for one, other in CONFUSED:
        for left, right in ((one, other), (other, one)):
            if initial == left:
                others.append(right + final)
            if final == left:
                others.append(initial + right)
    return [other for other in others if other in characters_by_sound()]


def misheard(text: str, share: float, chance: random.Random, *, confusions: bool = False) -> str:
    """Each character replaced, with a probability, by another one of its sound in this context.

    ``confusions``: half of the replaced ones get a sound that it is confused with instead, where there is one.
    """
    sounds = lazy_pinyin(text, style=Style.NORMAL, errors=lambda rest: list(rest))
    result = []
    for character, sound in zip(text, sounds, strict=True):
        if chance.random() < share:
            if confusions and confused(sound) and chance.random() < 0.5:
                sound = chance.choice(confused(sound))
            characters, weights = characters_by_sound().get(sound, ((), ()))
            others = [(other, weight) for other, weight in zip(characters, weights, strict=True) if other != character]
            if others:
                character = chance.choices([one for one, _ in others], [weight for _, weight in others])[0]
        result.append(character)
    return "".join(result)


def spoken_form(phrase: str) -> str:
    """A phrase as somebody says it: something short where a wildcard stands inside."""
    return "别的".join(part for part in map(plain, phrase.split(WILDCARD)) if part)


def ordinary_talk(characters: int, seed: int) -> Iterator[str]:
    """Service sentences and random words that no rule's author wrote as an example; ``characters`` of them at least."""
    writer = Writer(np.random.default_rng(seed), rulebook_phrases=False)
    chance = random.Random(seed)
    templates = read_lines("templates.txt")
    written = 0
    while written < characters:
        text = writer.fill(chance.choice(templates)) if chance.random() < 0.8 else writer.random_line(8).text
        written += len(plain(text))
        yield text


def long_phrases(rulebook: Rulebook) -> list[str]:
    """The forbidden phrases of a rulebook that are long enough to be known by their sound, with all their wordings."""
    found: dict[str, None] = {}
    for rule in rulebook.rules:
        said = rule.parameters.when.say
        if said is None or said.role != "agent" or rule.parameters.severity not in ("fatal", "deduct"):
            continue
        for phrase in said.any:
            found |= dict.fromkeys(text for text in (phrase.text, *phrase.variants) if sounds_enough(text))
    return list(found)


def rulebook_of(phrases: Sequence[str]) -> Rulebook:
    """A rulebook with one rule that finds the phrases, by sound too."""
    return parse_rulebook(phrase_rulebook(phrases, homophones=True), "bench.yaml")


def recalls(
    phrases: Sequence[str], share: float, *, confusions: bool = False, repeats: int = 3, seed: int = 1
) -> tuple[float, float]:
    """Shares of misheard phrases, each said among ordinary talk, that are found as written, and found at all."""
    rulebook = rulebook_of(phrases)
    chance = random.Random(seed)
    talk = list(ordinary_talk(2000, seed))
    exact = found = total = 0
    for _ in range(repeats):
        for phrase in phrases:
            heard = misheard(spoken_form(phrase), share, chance, confusions=confusions)
            spoken = call_from_lines([f"agent: {chance.choice(talk)}{heard}。{chance.choice(talk)}"])
            kinds = {finding.match for finding in judge(spoken, {}, rulebook).findings}
            exact += bool(kinds - {MatchKind.HOMOPHONE})
            found += bool(kinds)
            total += 1
    return exact / total, found / total


def false_hits(
    phrases: Sequence[str], characters: int, seed: int, *, share: float = 0.0
) -> list[tuple[str, MatchKind]]:
    """What is found in so many characters of ordinary talk, in which nobody says any of the phrases.

    ``share`` of the characters are misheard, half of them by the usual confusions.
    """
    rulebook = rulebook_of(phrases)
    chance = random.Random(seed)
    talk = [
        misheard(text, share, chance, confusions=True) if share else text for text in ordinary_talk(characters, seed)
    ]
    return [
        (finding.quote, finding.match) for spoken in calls_of(talk) for finding in judge(spoken, {}, rulebook).findings
    ]


def calls_of(texts: Sequence[str], turns: int = 20) -> list[Call]:
    """Calls in which the agent says the texts, so many turns in each."""
    return [
        call_from_lines([f"agent: {text}" for text in texts[place : place + turns]])
        for place in range(0, len(texts), turns)
    ]


def run(repeats: int, characters: int, say: Callable[[str], None]) -> None:
    """Everything, as Markdown."""
    rulebook = load_rulebook("mobile_service")
    phrases = long_phrases(rulebook)
    say(
        f"{len(phrases)} forbidden wordings of {rulebook.name} {rulebook.version} with four characters or more, "
        f"each misheard {repeats} times among ordinary talk:\n"
    )
    say("| characters replaced | by | found as written | found, sound included |")
    say("|---|---|---|---|")
    for share in (0.1, 0.2):
        for confused_too, by in ((False, "homophones"), (True, "homophones, half of them by the usual confusions")):
            exact, found = recalls(phrases, share, confusions=confused_too, repeats=repeats, seed=7)
            say(f"| {share:.0%} | {by} | {exact:.3f} | {found:.3f} |")
    say(f"\nInvented in {characters:,} characters of ordinary talk in which nobody says any of them:\n")
    say("| characters replaced | as written | by sound | by sound in 100,000 characters |")
    say("|---|---|---|---|")
    for share in (0.0, 0.1, 0.2):
        kinds = [kind for _, kind in false_hits(phrases, characters, seed=23, share=share)]
        by_sound = kinds.count(MatchKind.HOMOPHONE)
        rate = 100_000 * by_sound / characters
        say(f"| {share:.0%} | {len(kinds) - by_sound} | {by_sound} | {rate:.2f} |")


def main() -> None:
    """The command: Markdown tables."""
    parser = argparse.ArgumentParser(description="Recall and false hits of phrases known by their sound.")
    parser.add_argument("--repeats", type=int, default=10, help="how often each phrase is misheard")
    parser.add_argument("--characters", type=int, default=500_000, help="of ordinary talk")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE} as well")
    options = parser.parse_args()
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    run(options.repeats, options.characters, say)
    if options.page:
        write_into(PAGE, "make bench-homophones", lines)


if __name__ == "__main__":
    main()
