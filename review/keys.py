"""The keys of the page of one call: what each does, and which a person has put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# action: (key, what it does). Digits choose reasons and sides; space, arrows, ? and Ctrl+Enter stay what they are.
ACTIONS = {
    "next": ("j", gettext_lazy("下一条标记（从证据前几秒播起）")),
    "previous": ("k", gettext_lazy("上一条标记")),
    "confirm": ("y", gettext_lazy("成立，并到下一条")),
    "reject": ("x", gettext_lazy("不成立，选原因，并到下一条")),
    "unsure": ("u", gettext_lazy("存疑，并到下一条")),
    "undo": ("z", gettext_lazy("撤销")),
    "add": ("m", gettext_lazy("补记违规（选中的文字或拖出的一段）")),
    "comment": ("c", gettext_lazy("在此刻备注")),
    "correct": ("e", gettext_lazy("更正正在播放的一行")),
    "again": ("p", gettext_lazy("再听这条标记")),
    "replay": ("r", gettext_lazy("重听刚才 3 秒")),
    "slower": ("[", gettext_lazy("放慢（音高不变）")),
    "faster": ("]", gettext_lazy("加快（音高不变）")),
    "skip": ("s", gettext_lazy("跳过静默")),
}
FOR_JUDGING = list(ACTIONS).index("again")
TAKEN = "0123456789? "


def keys_of(preferences: Mapping[str, Any]) -> dict[str, str]:
    """Key by action, in small letters; what a person has not chosen is as it comes."""
    chosen = preferences.get("keys") or {}
    return {action: str(chosen.get(action) or key) for action, (key, _what) in ACTIONS.items()}


def key_table(keys: Mapping[str, str]) -> list[list[tuple[str, str, Any]]]:
    """Action, key and what it does, for judging and for listening."""
    rows = [(action, keys[action], what) for action, (_key, what) in ACTIONS.items()]
    return [rows[:FOR_JUDGING], rows[FOR_JUDGING:]]


class KeysForm(forms.Form):
    """Other keys for the actions; an empty field means the key as it comes."""

    def __init__(self, *args: Any, preferences: Mapping[str, Any], **kwargs: Any) -> None:
        """One field for each action, with the key that it has now."""
        super().__init__(*args, initial=keys_of(preferences), **kwargs)
        for action, (key, what) in ACTIONS.items():
            shown = forms.TextInput(attrs={"placeholder": key, "class": "key", "autocomplete": "off"})
            self.fields[action] = forms.CharField(required=False, max_length=1, label=what, widget=shown, strip=True)

    def clean(self) -> dict[str, str]:
        """The keys in small letters; each may stand once, and none that means something else already."""
        found = {
            action: (str(self.cleaned_data.get(action, "")) or key).lower() for action, (key, _w) in ACTIONS.items()
        }
        for action, key in found.items():
            if key in TAKEN or not key.isprintable():
                self.add_error(action, _("这个键另有用途，请换一个。"))
            elif list(found.values()).count(key) > 1:
                self.add_error(action, _("一个键只能做一件事。"))
        return found
