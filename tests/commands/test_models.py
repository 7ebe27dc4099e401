"""tingjian models: list, check, pull from a server of the test's own, convert; and what is said without a network."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import whisper

from pipeline.asr.model_store import is_as_published, pull
from pipeline.errors import EngineError
from tests.asr import tiny_onnx
from tests.asr.test_engines import save
from tingjian.cli import EXIT_DONE, EXIT_WRONG_USE, run


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> bytes:
    return save(tmp_path_factory.mktemp("model") / "tiny-random.pt").read_bytes()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """Folders of the test's own for checkpoints and for converted models."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TINGJIAN_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def checkpoint(home, weights) -> Path:
    path = home / "ours.pt"
    path.write_bytes(weights)
    return path


@pytest.fixture
def published(weights, monkeypatch):
    """A server that gives these bytes as ``tiny``, and what it was asked for; the digest is that of the true bytes."""
    given = {"body": weights, "status": 200}
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(given["status"])
            body = given["body"] if given["status"] == 200 else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        digest = hashlib.sha256(weights).hexdigest()
        address = f"http://127.0.0.1:{server.server_port}/{digest}/tiny.pt"
        monkeypatch.setattr(whisper, "_MODELS", {**whisper._MODELS, "tiny": address})
        yield given, asked
        server.shutdown()
        thread.join()


def test_pull_keeps_what_has_the_published_digest_and_fetches_it_once(home, published, weights, capsys) -> None:
    _, asked = published
    assert run(["models", "pull", "tiny"]) == run(["models", "pull", "tiny"]) == EXIT_DONE
    assert (home / "cache" / "whisper" / "tiny.pt").read_bytes() == weights
    assert len(asked) == 1
    assert "--model tiny" in capsys.readouterr().out


def test_pull_of_other_bytes_keeps_nothing(home, published, capsys) -> None:
    given, _ = published
    given["body"] = b"something else"
    assert run(["models", "pull", "tiny"]) != EXIT_DONE
    assert "not the published model tiny" in capsys.readouterr().err
    assert list((home / "cache" / "whisper").iterdir()) == []


@pytest.mark.parametrize("offline", ["no network", "not there"])
def test_pull_without_a_network_says_what_to_copy_where(home, published, offline, monkeypatch, capsys) -> None:
    given, _ = published
    if offline == "not there":
        given["status"] = 404
    else:
        monkeypatch.setattr(whisper, "_MODELS", {**whisper._MODELS, "tiny": f"http://127.0.0.1:9/{'0' * 64}/tiny.pt"})
    assert run(["models", "pull", "tiny"]) == EXIT_WRONG_USE
    told = capsys.readouterr().err
    assert whisper._MODELS["tiny"] in told
    assert str(home / "cache" / "whisper" / "tiny.pt") in told
    assert "SHA-256" in told
    assert "Traceback" not in told


def test_pull_over_another_file_leaves_it_alone(home, published) -> None:
    there = home / "cache" / "whisper" / "tiny.pt"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"somebody's own")
    with pytest.raises(EngineError, match="move it away"):
        pull("tiny")
    assert there.read_bytes() == b"somebody's own"


@pytest.mark.parametrize("name", ["tiny.en", "gigantic"])
def test_pull_of_a_name_without_chinese_lists_those_with_it(name, capsys) -> None:
    assert run(["models", "pull", name]) == EXIT_WRONG_USE
    assert "expected one of tiny, base, small" in capsys.readouterr().err


def test_convert_then_list_then_check_a_checkpoint(home, checkpoint, capsys) -> None:
    assert run(["models", "convert", str(checkpoint)]) == EXIT_DONE
    capsys.readouterr()
    assert run(["models", "list", "--format", "json"]) == EXIT_DONE
    listed = json.loads(capsys.readouterr().out)
    (model,) = listed["models"]
    assert (model["kind"], model["origin"]) == ("CTranslate2", "ours.pt, int8")
    assert "small" in listed["can_be_pulled"]
    assert run(["models", "check", model["name"], "--format", "json"]) == EXIT_DONE
    said = json.loads(capsys.readouterr().out)
    assert said["engine"] == "faster-whisper"
    assert len(said["digest"]) == 64
    assert said["capabilities"] == {"character_times": True, "confidence": True, "hot_words": True, "verbatim": False}
    # What was converted by hand is what the engine takes for the checkpoint itself.
    assert run(["models", "check", str(checkpoint), "--format", "json"]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["digest"] == said["digest"]
    assert len(list(Path(model["path"]).parent.glob("[!.]*"))) == 1


def test_convert_into_a_named_folder_by_precision(home, checkpoint, capsys) -> None:
    folder = home / "models" / "half"
    assert run(["models", "convert", str(checkpoint), str(folder), "--precision", "float16"]) == EXIT_DONE
    assert run(["models", "check", str(folder)]) == EXIT_DONE
    told = capsys.readouterr().out
    assert "faster-whisper" in told
    assert "character times, confidence, hot words" in told


def test_convert_with_a_precision_that_is_none_lists_them(checkpoint, capsys) -> None:
    assert run(["models", "convert", str(checkpoint), "--precision", "int3"]) != EXIT_DONE
    assert "expected one of int8" in capsys.readouterr().err


def test_check_of_a_published_name_with_other_bytes_is_refused(home, weights, published, monkeypatch, capsys) -> None:
    monkeypatch.setattr("pipeline.asr.conversion.published_name", lambda digest: None)  # this one has other dimensions
    there = home / "cache" / "whisper" / "tiny.pt"
    there.parent.mkdir(parents=True)
    there.write_bytes(weights)
    assert is_as_published("tiny", there)
    assert run(["models", "check", "tiny"]) == EXIT_DONE
    there.write_bytes(weights + b"\0")
    assert run(["models", "check", "tiny"]) != EXIT_DONE
    assert "not the published model tiny" in capsys.readouterr().err


def test_check_of_a_sherpa_folder_needs_no_engine_named(home, capsys) -> None:
    folder = tiny_onnx.sense_voice(home / "sense")
    assert run(["models", "check", str(folder), "--format", "json"]) == EXIT_DONE
    said = json.loads(capsys.readouterr().out)
    assert (said["engine"], said["options"]["kind"]) == ("sherpa-onnx", "sense_voice")


def test_check_of_a_model_that_is_not_here_says_how_to_get_it(capsys) -> None:
    assert run(["models", "check", "small"]) == EXIT_WRONG_USE
    assert "tingjian models pull small" in capsys.readouterr().err


def test_list_for_people_names_what_is_in_use(home, checkpoint, capsys) -> None:
    (home / "var" / "models" / "broken").mkdir(parents=True)
    (home / "var" / "models" / "broken" / "model.bin").write_bytes(b"")
    (home / "var" / "models" / "broken" / "tingjian.json").write_text("{")
    assert run(["models", "list"]) == EXIT_DONE
    out = capsys.readouterr().out
    assert "In use: faster-whisper, the demo model (bundled samples only)" in out
    assert "its note is damaged" in out
