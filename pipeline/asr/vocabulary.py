"""The tokens that a model which writes Chinese alone can write, and numbers of tokens in a folder cut down to them.

Two thirds of what a small decoder computes are scores of 51,865 tokens, of which Chinese text uses a tenth. A profile
with ``chinese_only`` has the others left out when its checkpoint is converted; all else counts tokens as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

VOCABULARY_FILE = "vocabulary.json"
"""A model folder's tokens, in the order of its rows."""

_LATIN_WORD = re.compile(rb"[A-Za-z].*[A-Za-z]", re.DOTALL)
# First bytes of the characters from U+2000 on: marks, Chinese characters, full-width forms, rare characters.
_LEADING = frozenset((0xE2, 0xE3, *range(0xE4, 0xEA), 0xEF, 0xF0))
_LEAST_LEADING = 0xC0


def is_chinese(token: bytes) -> bool:
    """Whether a token belongs to Chinese text: characters or parts of them, marks, digits, a letter by itself.

    Single bytes always do, so that there is nothing that cannot be spelled.
    """
    if len(token) == 1:
        return True
    if token.isascii():
        return not _LATIN_WORD.search(token)
    return all(byte in _LEADING for byte in token if byte >= _LEAST_LEADING)


class Rows:
    """Between tokens as the tokenizer numbers them and rows of a model, which may know a part of them only."""

    def __init__(self, tokenizer: Any, names: Sequence[str] | None = None) -> None:
        """Keep both ways.

        Args:
            tokenizer: of the library ``tokenizers``.
            names: the model's tokens in order; None where it knows all of them.
        """
        self._tokenizer = tokenizer
        self._token_of = None if names is None else [int(tokenizer.token_to_id(name)) for name in names]
        self._row_of = {token: row for row, token in enumerate(self._token_of or ())}

    def rows(self, tokens: Sequence[int]) -> list[int]:
        """Rows of tokens; a token that was left out is spelled by its bytes."""
        if self._token_of is None:
            return list(tokens)
        return [row for token in tokens for row in self._spelled(token)]

    def tokens(self, rows: Sequence[int]) -> list[int]:
        """Tokens of rows."""
        return list(rows) if self._token_of is None else [self._token_of[row] for row in rows]

    def _spelled(self, token: int) -> Iterator[int]:
        if token in self._row_of:
            yield self._row_of[token]
            return
        for byte in self._tokenizer.id_to_token(token):
            yield self._row_of[self._tokenizer.token_to_id(byte)]
