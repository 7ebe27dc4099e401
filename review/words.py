"""The words in which the pages name what the code names: lanes, severities, roles, verdicts, reasons."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pipeline.errors import RECORDING_PROBLEMS

LANES = {
    "must": _("必听"),
    "risk": _("风险"),
    "probability": _("抽样·盲评"),
    "hand": _("人工挑选"),
    "": _("未入队"),
    "calibration": _("校准"),
}
LANE_MEANINGS = {
    "must": _("规则要求由人来听"),
    "risk": _("机器评分最低的通话"),
    "probability": _("随机抽样，每通都有机会；提交前不显示机器结果"),
    "hand": _("由人挑选，不计入坐席估计"),
    "": _("不在队列中"),
    "calibration": _("校准：各自盲评，之后一起对照"),
}
SEVERITIES = {"fatal": _("致命"), "deduct": _("扣分"), "add": _("加分"), "warn": _("提示")}
ROLES = {"agent": _("坐席"), "customer": _("客户"), "unknown": _("未知")}
VERDICTS = {"confirm": _("成立"), "reject": _("不成立"), "unsure": _("存疑")}
REASONS = {
    "misheard": _("转写错误"),
    "context": _("语境不符"),
    "rule": _("规则不当"),
    "place": _("对象或时间不对"),
    "other": _("其他"),
}
MATCHES = {"exact": _("原话"), "variant": _("变体"), "homophone": _("同音"), "measure": _("测量")}
ACCOUNT_ROLES = {
    "reviewer": _("质检员"),
    "supervisor": _("质检主管"),
    "trainer": _("培训专员"),
    "agent": _("坐席"),
    "administrator": _("管理员"),
}
DIRECTIONS = {"inbound": _("呼入"), "outbound": _("呼出")}
LAYOUTS = {
    "stereo": _("双声道"),
    "mono": _("单声道"),
    "dual_mono": _("双声道同音"),
    "dead_channel": _("一个声道无声"),
}
METHODS = {
    "greg": _("回归估计"),
    "greg_rolling": _("三个月滚动"),
    "simple": _("抽样平均"),
    "census": _("全部评过"),
}
USES = {"pay": _("绩效"), "ranking": _("排名"), "coaching": _("辅导")}
RATE_CHANGES = {
    "fell": _("变少了"),
    "rose": _("变多了"),
    "unclear": _("看不出变化"),
    "not enough data": _("数据不足"),
}
SCOPE_MEANINGS = {
    "individual": _("问题出在个别坐席：一对一辅导。"),
    "group": _("问题出在个别班组：在班组里讲。"),
    "universal": _("各班组都有：安排全员培训，并看流程和口径本身。"),
    "none": _("没有哪个坐席或班组明显偏多，总体也没有超过允许的比例。"),
    "not enough data": _("每位坐席的通话还太少，看不出是谁的问题；先不要下结论。"),
}
APPEALS = {"": _("待决定"), "upheld": _("支持"), "dismissed": _("驳回")}
SCOPES = {
    "none": _("无异常"),
    "individual": _("个别人"),
    "group": _("班组"),
    "universal": _("普遍"),
    "not enough data": _("数据不足"),
}
DIMENSIONS = {
    "M score": _("机器得分"),
    "I flags": _("标记数"),
    "T hour": _("时段"),
    "T part of month": _("旬"),
    "L minutes": _("时长（分）"),
    "A type": _("业务类型"),
}
BACKTESTS = {
    "": "–",
    "wanted": _("等待试算"),
    "running": _("试算中"),
    "done": _("已试算"),
    "failed": _("试算没有成功"),
}
PROBLEMS = {code: _(text) for code, text in RECORDING_PROBLEMS.items()}
CHANGES = {"added": _("新增"), "removed": _("删去"), "changed": _("改动")}
