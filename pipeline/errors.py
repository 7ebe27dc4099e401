"""The one tree of errors: what a user can mend, and what is wrong with one recording, apart from bugs.

Every message says what happened, to which file or key, what was expected and what to do about it. A customer's words
never enter a message.
"""

from __future__ import annotations


class TingjianError(Exception):
    """Root of every error that a user may see; the text of the error is the whole message."""


class UsageError(TingjianError):
    """Wrong use or wrong configuration: the command ends with exit code 2."""


class ConfigurationError(UsageError):
    """A setting is missing or out of range."""


class ManifestError(UsageError):
    """The manifest, or a metadata value given by hand, cannot be understood."""


class RulebookError(UsageError):
    """A rulebook does not load: names file, rule, key, line, what was expected and what to do."""


class StatisticsError(UsageError):
    """Numbers given to a statistic are missing, impossible or too few; names which, and what was expected."""


class SidecarError(TingjianError):
    """A transcript that came with a recording cannot be understood."""


class EngineError(TingjianError):
    """A speech engine cannot be built or failed on a recording."""


class ModelNotFoundError(EngineError, UsageError):
    """The named speech model is not on this machine."""


class RecordingError(TingjianError):
    """One recording cannot be assessed; the batch goes on without it.

    Attributes:
        code: a short stable name of the reason, such as ``empty_file``; see ``RECORDING_PROBLEMS``.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message; an unknown code is a bug."""
        if code not in RECORDING_PROBLEMS:
            raise ValueError(f"unknown recording problem {code!r}; add it to RECORDING_PROBLEMS")
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[RecordingError], tuple[str, str]]:
        """Survive the way between processes with the code."""
        return (type(self), (self.code, str(self)))


RECORDING_PROBLEMS: dict[str, str] = {
    "not_a_file": "不是文件（目录、管道或失效的链接）",
    "not_readable": "没有读取权限，或存储出错",
    "empty_file": "文件为空（0 字节）",
    "not_audio": "不是可识别的音频",
    "no_samples": "文件头完整，但没有声音数据",
    "too_short": "录音太短，无法评估",
    "truncated": "录音被截断：数据比文件头声明的少",
    "shorter_than_manifest": "录音比清单中的时长短",
    "silent": "整段录音没有声音",
    "missing_channel": "缺少坐席声道",
    "swapped_channels": "坐席声道与说话内容矛盾（疑似声道接反）",
    "cross_talk": "声道之间串音",
    "unsupported_channels": "声道数不支持（只支持单声道和双声道）",
    "corrupt_samples": "声音数据损坏（无效数值）",
    "sidecar_invalid": "随附的转写文件无法使用",
    "worker_died": "处理这条录音时工作进程崩溃",
    "worker_timeout": "处理这条录音超过时限",
    "internal_error": "处理这条录音时出现内部错误",
}
"""Every reason for which a recording is set aside or marked, with the words that a supervisor reads."""
