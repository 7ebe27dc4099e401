"""An openai-whisper checkpoint as a CTranslate2 folder, made on this machine, without a network.

The folder holds what faster-whisper expects: ``model.bin``, ``config.json``, ``vocabulary.json``, ``tokenizer.json``,
``preprocessor_config.json``; and ``tingjian.json``, which says what it was made from and how windows are packed for it.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.asr.vocabulary import is_chinese
from pipeline.asr.whisper_model import published_name, read_profile
from pipeline.audio.decode import sha256_of
from pipeline.errors import EngineError

FORMAT = 2
"""Raised when a converted folder would come out differently, so that folders in a cache are made again."""

ORIGIN_FILE = "tingjian.json"
QUANTIZATIONS = ("int8", "int8_float16", "int8_float32", "float16", "float32")
_BLANK = " "
# 51,865 rows are those of 99 languages; each language more is a row more.
_ROWS_WITHOUT_LANGUAGES = 51_766


def convert_checkpoint(checkpoint: Path, folder: Path, quantization: str = "int8") -> Path:
    """Write the CTranslate2 form of a checkpoint into ``folder``, which appears whole or not at all.

    Args:
        checkpoint: an openai-whisper ``.pt`` file, multilingual.
        folder: must not exist, or be empty.
        quantization: how weights are stored, one of ``QUANTIZATIONS``; ``int8`` runs on a CPU and on a GPU.

    Raises:
        EngineError: it is no multilingual openai-whisper checkpoint, or the folder cannot be written.
    """
    if quantization not in QUANTIZATIONS:
        raise EngineError(f"quantization is {quantization!r}; expected one of {', '.join(QUANTIZATIONS)}")
    dims, weights = read_checkpoint(checkpoint)
    digest = sha256_of(checkpoint)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise EngineError(
            f"folder {str(folder)!r} cannot be made ({error.strerror}); name one in a place that can be written"
        ) from error
    try:
        profile = read_profile(checkpoint)
        _write(dims, weights, digest, making, quantization, chinese_only=profile.chinese_only)
        origin = {
            "format": FORMAT,
            "source": checkpoint.name,
            "source_sha256": digest,
            "quantization": quantization,
            "profile": profile.contents(),
        }
        (making / ORIGIN_FILE).write_text(json.dumps(origin, ensure_ascii=False, indent=2) + "\n", "utf-8")
        making.chmod(0o755)  # mkdtemp's folders are the owner's alone
        try:
            os.replace(making, folder)
        except OSError:
            # Another process made it meanwhile; both folders hold the same.
            if not (folder / ORIGIN_FILE).is_file():
                raise
    except OSError as error:
        raise EngineError(
            f"folder {str(folder)!r} cannot be written ({error.strerror}); expected an empty or new folder with room"
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def read_checkpoint(checkpoint: Path) -> tuple[Mapping[str, int], Mapping[str, Any]]:
    """Dimensions and weights (torch tensors, float32) of a checkpoint, without building the network.

    Raises:
        EngineError: it is no multilingual openai-whisper checkpoint.
    """
    import torch

    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        dims = {name: int(value) for name, value in content["dims"].items()}
        weights = {name: value.float() for name, value in content["model_state_dict"].items()}
        multilingual = dims["n_vocab"] >= 51865
    except (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError, pickle.UnpicklingError) as error:
        raise EngineError(
            f"speech model {str(checkpoint)!r} cannot be read ({type(error).__name__}); expected a checkpoint in "
            "openai-whisper's format: copy the file again or name another model"
        ) from error
    if not multilingual:
        raise EngineError(
            f"speech model {str(checkpoint)!r} knows English only; expected a multilingual one: name another model"
        )
    return dims, weights


def _write(
    dims: Mapping[str, int],
    weights: Mapping[str, Any],
    digest: str,
    folder: Path,
    quantization: str,
    *,
    chinese_only: bool,
) -> None:
    from ctranslate2.specs import WhisperSpec

    spec = WhisperSpec(dims["n_audio_layer"], dims["n_audio_head"], dims["n_text_layer"], dims["n_text_head"])
    try:
        _fill_encoder(spec.encoder, weights)
        _fill_decoder(spec.decoder, weights)
    except KeyError as error:
        raise EngineError(
            f"the checkpoint has no weight {error.args[0]!r}; expected one in openai-whisper's format: name another"
        ) from error
    tokenizer = _tokenizer(dims["n_vocab"])
    special = tokenizer.special_tokens
    ranks = _ranks()
    kept = [token for token in sorted(ranks, key=ranks.__getitem__) if is_chinese(token) or not chinese_only]
    row_of = {ranks[token]: row for row, token in enumerate(kept)}
    row_of |= {number: row for row, number in enumerate(sorted(special.values()), len(kept))}
    if chinese_only:
        spec.decoder.embeddings.weight = spec.decoder.projection.weight = spec.decoder.embeddings.weight[list(row_of)]
    # In order of their rows: the tokenizer's own order differs from process to process, and with it the digest.
    spec.config.lang_ids = sorted(row_of[token] for token in tokenizer.all_language_tokens)
    suppressed = {
        *tokenizer.non_speech_tokens,
        tokenizer.transcribe,
        tokenizer.translate,
        tokenizer.sot,
        tokenizer.sot_prev,
        tokenizer.sot_lm,
        tokenizer.no_speech,
    }
    spec.config.suppress_ids = sorted(row_of[token] for token in suppressed & row_of.keys())
    spec.config.suppress_ids_begin = [row_of[tokenizer.encode(_BLANK)[0]], row_of[tokenizer.eot]]
    spec.config.alignment_heads = alignment_heads(digest, dims)
    names = [byte_level(token) for token in kept] + sorted(special, key=special.__getitem__)
    spec.register_vocabulary(names)
    spec.validate()
    spec.optimize(quantization=None if quantization == "float32" else quantization)
    spec.save(str(folder))
    _tokenizer_file(ranks, special, folder / "tokenizer.json")
    features = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": dims["n_mels"],
        "sampling_rate": 16_000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(features, indent=2) + "\n", "utf-8")


def alignment_heads(digest: str, dims: Mapping[str, int]) -> list[tuple[int, int]]:
    """(layer, head) pairs of the decoder that follow the sound: published for the published models, known by digest.

    For any other model the heads of the upper half of the layers, as openai-whisper takes them.
    """
    name = published_name(digest)
    if name is None:
        layers = range(dims["n_text_layer"] // 2, dims["n_text_layer"])
        return list(product(layers, range(dims["n_text_head"])))
    import gzip

    import whisper

    flags = np.frombuffer(gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS[name])), dtype=bool)
    found = np.argwhere(flags.reshape(dims["n_text_layer"], dims["n_text_head"]))
    return [(int(layer), int(head)) for layer, head in found]


def _fill_encoder(spec: Any, weights: Mapping[str, Any]) -> None:
    for name in ("conv1", "conv2"):
        _fill_linear(getattr(spec, name), weights, f"encoder.{name}")
    spec.position_encodings.encodings = weights["encoder.positional_embedding"]
    _fill_norm(spec.layer_norm, weights, "encoder.ln_post")
    for number, layer in enumerate(spec.layer):
        _fill_layer(layer, weights, f"encoder.blocks.{number}")


def _fill_decoder(spec: Any, weights: Mapping[str, Any]) -> None:
    spec.embeddings.weight = weights["decoder.token_embedding.weight"]
    spec.projection.weight = spec.embeddings.weight
    spec.position_encodings.encodings = weights["decoder.positional_embedding"]
    _fill_norm(spec.layer_norm, weights, "decoder.ln")
    for number, layer in enumerate(spec.layer):
        prefix = f"decoder.blocks.{number}"
        _fill_layer(layer, weights, prefix)
        cross = layer.attention
        _fill_linear(cross.linear[0], weights, f"{prefix}.cross_attn.query")
        _fuse(cross.linear[1], weights, *(f"{prefix}.cross_attn.{part}" for part in ("key", "value")))
        _fill_linear(cross.linear[2], weights, f"{prefix}.cross_attn.out")
        _fill_norm(cross.layer_norm, weights, f"{prefix}.cross_attn_ln")


def _fill_layer(spec: Any, weights: Mapping[str, Any], prefix: str) -> None:
    attention = spec.self_attention
    _fuse(attention.linear[0], weights, *(f"{prefix}.attn.{part}" for part in ("query", "key", "value")))
    _fill_linear(attention.linear[1], weights, f"{prefix}.attn.out")
    _fill_norm(attention.layer_norm, weights, f"{prefix}.attn_ln")
    _fill_linear(spec.ffn.linear_0, weights, f"{prefix}.mlp.0")
    _fill_linear(spec.ffn.linear_1, weights, f"{prefix}.mlp.2")
    _fill_norm(spec.ffn.layer_norm, weights, f"{prefix}.mlp_ln")


def _fill_linear(spec: Any, weights: Mapping[str, Any], name: str) -> None:
    spec.weight = weights[f"{name}.weight"]
    if f"{name}.bias" in weights:  # Whisper's keys have none
        spec.bias = weights[f"{name}.bias"]


def _fuse(spec: Any, weights: Mapping[str, Any], *names: str) -> None:
    from ctranslate2.converters import utils
    from ctranslate2.specs.common_spec import LinearSpec

    layers = [LinearSpec() for _ in names]
    for layer, name in zip(layers, names, strict=True):
        _fill_linear(layer, weights, name)
    utils.fuse_linear(spec, layers)


def _fill_norm(spec: Any, weights: Mapping[str, Any], name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]


def _tokenizer(n_vocab: int) -> Any:
    from pipeline.asr.whisper_model import whisper_tokenizer

    return whisper_tokenizer(n_vocab - _ROWS_WITHOUT_LANGUAGES)


def _ranks() -> dict[bytes, int]:
    """Whisper's multilingual vocabulary: the bytes of each token and its number."""
    import whisper

    path = Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken"
    lines = (line.split() for line in path.read_text("ascii").splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def byte_level(token: bytes) -> str:
    """Bytes as the printable characters that GPT-2's byte-level vocabularies write for them."""
    return "".join(_CHARACTER_OF_BYTE[byte] for byte in token)


def _characters_of_bytes() -> Iterator[tuple[int, str]]:
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    for byte in range(256):
        yield byte, chr(byte if byte in printable else next(others))


_CHARACTER_OF_BYTE = dict(_characters_of_bytes())


def _tokenizer_file(ranks: Mapping[bytes, int], special: Mapping[str, int], path: Path) -> None:
    """The vocabulary in the form of the library ``tokenizers``."""
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers

    model = models.BPE(
        vocab={byte_level(token): rank for token, rank in ranks.items()},
        merges=[(byte_level(left), byte_level(right)) for left, right in _merges(ranks)],
        fuse_unk=False,
    )
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            tokenizers.AddedToken(name, special=True, normalized=False)
            for name in sorted(special, key=special.__getitem__)
        ]
    )
    tokenizer.save(str(path))


def _merges(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """The pair of tokens that each longer token was merged from, in order: tiktoken's files leave them out.

    A token is merged from what its bytes are when only earlier merges are done.
    """
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) == 1:
            continue
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            pairs = [ranks.get(parts[at] + parts[at + 1], rank) for at in range(len(parts) - 1)]
            best = min(range(len(pairs)), key=pairs.__getitem__)
            if pairs[best] >= rank:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        if len(parts) == 2:
            yield parts[0], parts[1]


def origin_of(folder: Path) -> dict[str, Any]:
    """What ``convert_checkpoint`` noted of a folder; empty for a folder that it did not make.

    Raises:
        EngineError: the note is damaged.
    """
    path = folder / ORIGIN_FILE
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{str(path)!r} is not readable JSON; convert the model again") from error
    if not isinstance(content, dict):
        raise EngineError(f"{str(path)!r} holds {type(content).__name__}; expected an object: convert the model again")
    return content
