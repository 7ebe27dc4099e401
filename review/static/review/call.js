// The page of one call: sound, keys, verdicts. The server renders what is shown; this moves it.
import { Saver } from "./saver.js";
import { Player } from "./player.js";

const data = JSON.parse(document.getElementById("call-data").textContent);
const $ = (id) => document.getElementById(id);
const player = new Player(data, document.querySelector("script[data-nonce]").nonce || "");
let currentFlag = null;
let moved = false; // whether a flag was played since the page was opened
let drawn = null; // a stretch dragged on the waveform

const saver = new Saver(data, {
  onAnswer: (answer) => {
    Object.assign(data, answer);
    if (answer.flags) $("flags").innerHTML = answer.flags;
    if (answer.sheet) $("sheet").innerHTML = answer.sheet;
    if (answer.dialogue) $("dialogue").innerHTML = answer.dialogue;
    showState();
  },
  onState: (state, message) => {
    const place = $("saved");
    if (!place) return;
    place.textContent = data.words[state] || "";
    place.classList.toggle("failed", state === "failed");
    if (message) banner(message);
  },
  onLost: (message, gone) => {
    player.pause();
    if ($("saved")) {
      $("saved").textContent = data.words.unsaved;
      $("saved").classList.add("failed");
    }
    banner(message, gone ? "back" : "reload");
  },
});

function banner(text, way = "") {
  const place = $("banner");
  place.textContent = text;
  place.classList.remove("hidden");
  if (way) {
    // Whose call it no longer is goes back to where calls are; else the page itself shows what has come since.
    const button = document.createElement("button");
    button.className = "small";
    button.textContent = data.words[way];
    button.addEventListener("click", () => (way === "back" ? location.assign(data.urls.back) : location.reload()));
    place.append(" ", button);
  }
}

function showState() {
  player.draw(data.flags_data, data.added_data, currentFlag, data.comments_data);
  if ($("undo")) $("undo").disabled = !data.undoable;
  if ($("left")) {
    const judged = data.flags_data.filter((flag) => flag.verdict).length;
    $("left").textContent = data.flags_data.length ? `${data.words.judged} ${judged} / ${data.flags_data.length}` : "";
  }
  mark();
}

// ---- Flags -----------------------------------------------------------------------------------------------------
const flagOf = (id) => data.flags_data.find((flag) => flag.id === id);
const card = (id) => document.querySelector(`[data-flag="${id}"]`);

function mark() {
  document.querySelectorAll(".flag.current, mark.current").forEach((one) => one.classList.remove("current"));
  const flag = currentFlag === null ? null : flagOf(currentFlag);
  if (!flag) return;
  card(flag.id)?.classList.add("current");
  document.querySelectorAll("mark[data-flags]").forEach((one) => {
    if (one.dataset.flags.split(",").includes(String(flag.number))) one.classList.add("current");
  });
}

function choose(id, play, { again = false, moving = false } = {}) {
  const flag = flagOf(id);
  if (!flag) return;
  currentFlag = id;
  moved ||= play;
  document.querySelectorAll(".reasons").forEach((one) => one.classList.add("hidden"));
  showState();
  card(id)?.scrollIntoView({ block: "nearest" });
  document.querySelector("mark.current")?.scrollIntoView({ block: "center" });
  if (play) player.playEvidence(flag.start, flag.end, { again, moving });
}

function move(step, onlyOpen = false) {
  const flags = data.flags_data;
  if (!flags.length) return false;
  const at = flags.findIndex((flag) => flag.id === currentFlag);
  if (!onlyOpen && step > 0 && at >= 0 && !moved) {
    // The first key press plays the flag that is shown, it does not pass over it.
    choose(currentFlag, true, { moving: true });
    return true;
  }
  for (let n = 1; n <= flags.length; n += 1) {
    const next = at < 0 ? (step > 0 ? n - 1 : flags.length - n) : at + step * n;
    if (!onlyOpen && (next < 0 || next >= flags.length)) return false;
    const flag = flags[((next % flags.length) + flags.length) % flags.length];
    if (onlyOpen && (flag.verdict || flag.id === currentFlag)) continue;
    choose(flag.id, true, { moving: true });
    return true;
  }
  return false;
}

function judge(verdict, reason = "") {
  if (!data.judging || currentFlag === null) return;
  const flag = flagOf(currentFlag);
  if (!flag) return;
  if (verdict === "reject" && !reason) {
    const reasons = card(flag.id)?.querySelector(".reasons");
    reasons?.classList.remove("hidden");
    reasons?.scrollIntoView({ block: "nearest" });
    return;
  }
  flag.verdict = verdict; // at once; the server's word follows
  const shown = card(flag.id);
  shown?.classList.remove("confirm", "reject", "unsure");
  shown?.classList.add(verdict);
  saver.send("verdict", { finding: flag.id, verdict, reason });
  if (!move(1, true)) {
    player.pause();
    $("submit")?.focus();
  }
}

const reasonsOpen = () => document.querySelector(".reasons:not(.hidden)");

function undo(event) {
  saver.send("undo", event ? { event } : {});
}

// ---- Selections ------------------------------------------------------------------------------------------------
function selectedStretch() {
  const selection = getSelection();
  if (selection && !selection.isCollapsed && $("dialogue").contains(selection.anchorNode)) {
    const range = selection.getRangeAt(0);
    const first = placeOf(range.startContainer, range.startOffset);
    const last = placeOf(range.endContainer, range.endOffset);
    if (first && last) {
      const end = last.line === first.line || last.offset > 0 ? last : first;
      const lineEnd = data.lines[end.line];
      const times = lineEnd.times;
      return {
        start_s: timeAt(first.line, first.offset),
        end_s: end.offset < times.length ? times[end.offset] : lineEnd.end,
        role: data.lines[first.line].role,
        quote: selection.toString().replace(/\s+/g, "").slice(0, 500),
      };
    }
  }
  if (drawn) return { ...drawn, quote: "" };
  return null;
}

function placeOf(node, offset) {
  const words = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest(".words");
  if (!words) return null;
  const before = document.createRange();
  before.selectNodeContents(words);
  before.setEnd(node, offset);
  return { line: Number(words.closest("[data-line]").dataset.line), offset: before.toString().length };
}

const timeAt = (line, offset) => {
  const { times, start } = data.lines[line];
  return times.length ? times[Math.min(offset, times.length - 1)] : start;
};

// ---- Dialogs ---------------------------------------------------------------------------------------------------
let stretch = null;
let writing = null;

function openAdd() {
  if (!data.judging) return;
  stretch = selectedStretch();
  if (!stretch) {
    const at = moment();
    stretch = { start_s: Math.max(0, at - 3), end_s: at, role: "agent", quote: "" };
  }
  $("add-place").textContent = `${clock(stretch.start_s)} – ${clock(stretch.end_s)}${stretch.quote ? ` “${stretch.quote}”` : ""}`;
  $("rule-search").value = "";
  $("add-comment").value = "";
  $("add-error").classList.add("hidden");
  filterRules();
  player.pause();
  $("add-dialog").showModal();
  $("rule-search").focus();
}

function filterRules() {
  const wanted = $("rule-search").value.trim().toLowerCase();
  let first = null;
  for (const option of $("rule-list").options) {
    const fits = !wanted || option.dataset.text.toLowerCase().includes(wanted);
    option.hidden = !fits;
    if (fits && !first) first = option;
  }
  if (first) first.selected = true;
  else $("rule-list").selectedIndex = -1;
}

function openText(kind, payload, place, text = "") {
  if (!data.judging) return;
  writing = { kind, payload };
  $("text-title").textContent = $("text-title").dataset[kind];
  $("text-place").textContent = place;
  $("text-input").value = text;
  player.pause();
  $("text-dialog").showModal();
  $("text-input").focus();
}

function openCorrection(number) {
  const line = document.querySelector(`[data-line="${number}"]`);
  if (!line) return;
  const heard = line.querySelector(".words").textContent;
  const known = line.querySelector(".corrected")?.lastChild?.textContent.trim();
  openText("correct", { line: number }, `${clock(data.lines[number].start)} ${heard}`, known || heard);
}

// Whoever marks something while it plays does so a little after having heard it.
const moment = () => Math.max(0, player.time - (player.playing ? data.preferences.reaction_s : 0));

function openComment() {
  const at = moment();
  openText("comment", { at_s: at }, clock(at));
}

$("add-form")?.addEventListener("submit", (event) => {
  const rule = $("rule-list").value;
  if (!rule) {
    event.preventDefault();
    $("add-error").textContent = data.words.choose_rule;
    $("add-error").classList.remove("hidden");
    return;
  }
  saver.send("add", { ...stretch, rule, comment: $("add-comment").value });
  drawn = null;
  player.clearSelection();
  getSelection()?.removeAllRanges();
});
$("rule-search")?.addEventListener("input", filterRules);
$("rule-search")?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    $("rule-list").focus();
  }
});
$("text-form")?.addEventListener("submit", () => {
  const text = $("text-input").value.trim();
  if (text) saver.send(writing.kind, { ...writing.payload, text });
});
$("text-input")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    $("text-form").requestSubmit();
  }
});

// ---- Submitting ------------------------------------------------------------------------------------------------
let submitting = false;
async function submit() {
  if (!data.judging) {
    $("next")?.click();
    return;
  }
  if (submitting) return;
  submitting = true;
  $("submit").disabled = true;
  const answer = await saver.submit();
  if (answer?.next) {
    location.assign(answer.next);
    return;
  }
  submitting = false;
  $("submit").disabled = false;
  if (answer?.undecided) move(1, true);
}

// ---- Keys and clicks -------------------------------------------------------------------------------------------
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const actions = {
  next: () => move(1),
  previous: () => move(-1),
  again: () => currentFlag !== null && choose(currentFlag, true, { again: true }),
  confirm: () => judge("confirm"),
  reject: () => judge("reject"),
  unsure: () => judge("unsure"),
  undo: () => undo(),
  add: openAdd,
  comment: () => data.judging && openComment(),
  correct: () => openCorrection(player.line()),
  replay: () => player.replay(),
  skip: () => player.toggleSkip(),
  slower: () => player.changeSpeed(-0.1),
  faster: () => player.changeSpeed(0.1),
};
const keys = {
  " ": () => player.toggle(),
  ArrowLeft: () => player.seek(player.time - 5),
  ArrowRight: () => player.seek(player.time + 5),
  "?": () => $("help").showModal(),
};
for (const [action, key] of Object.entries(data.keys)) keys[key] = actions[action];

document.addEventListener("keydown", (event) => {
  // What closed a dialog has done its work: it does not hand the call in as well.
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const open = reasonsOpen();
  if (open) {
    if (event.key === "Escape") open.classList.add("hidden");
    const button = open.querySelectorAll("[data-reason]")[Number(event.key) - 1];
    if (button) {
      event.preventDefault();
      judge("reject", button.dataset.reason);
      return;
    }
  } else if (event.key === "1" || event.key === "2") {
    player.toggleLane(event.key === "1" ? "agent" : "customer");
    return;
  }
  const action = keys[event.key] || keys[event.key.toLowerCase()];
  if (!action) return;
  // Space and Enter on a button mean the button, unless it is space: the player's key everywhere.
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  const target = event.target;
  const on = (selector) => target.closest(selector);
  let found;
  if ((found = on("[data-open]"))) $(found.dataset.open).showModal();
  else if (on("[data-close]")) on("dialog").close();
  else if ((found = on("[data-verdict]"))) {
    currentFlag = Number(on("[data-flag]").dataset.flag);
    mark();
    judge(found.dataset.verdict);
  } else if ((found = on("[data-reason]"))) judge("reject", found.dataset.reason);
  else if ((found = on("[data-play-flag]"))) choose(Number(found.dataset.playFlag), true);
  else if ((found = on("[data-play]"))) player.playEvidence(Number(found.dataset.play), Number(found.dataset.end || found.dataset.play) || null, {});
  else if ((found = on("[data-undo]"))) undo(Number(found.dataset.undo));
  else if (on("[data-comment]") && on("button")) openComment();
  else if ((found = on("[data-correct]")) && on("button")) openCorrection(Number(found.dataset.correct));
  else if ((found = on("mark[data-flags]")) && getSelection().isCollapsed) {
    const number = Number(found.dataset.flags.split(",")[0]);
    choose(data.flags_data.find((flag) => flag.number === number)?.id, true);
  } else if (on(".words") && getSelection().isCollapsed) {
    const caret = caretAt(event);
    const place = caret && placeOf(caret.node, caret.offset);
    if (place) player.playFrom(timeAt(place.line, Math.max(0, place.offset - 1)));
  } else if ((found = on("[data-flag]")) && !on("button")) choose(Number(found.dataset.flag), false);
  else if (on("#all-measures")) {
    const all = on(".measures").classList.toggle("all");
    on("#all-measures").setAttribute("aria-pressed", all);
  } else if (on("#undo")) undo();
  else if (on("#add")) openAdd();
  else if (on("#submit")) submit();
});

function caretAt(event) {
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(event.clientX, event.clientY);
    return caret && { node: caret.offsetNode, offset: caret.offset };
  }
  const range = document.caretRangeFromPoint(event.clientX, event.clientY);
  return range && { node: range.startContainer, offset: range.startOffset };
}

player.onRegion = (id) => choose(id, true);
player.onSelect = (start, end, role) => {
  drawn = { start_s: start, end_s: end, role };
};
let lineShown = null;
player.onTime = () => {
  const number = player.line();
  if (number === lineShown) return;
  lineShown = number;
  document.querySelectorAll(".line.now").forEach((one) => one.classList.remove("now"));
  const line = document.querySelector(`[data-line="${number}"]`);
  line?.classList.add("now");
  if (player.playing) line?.scrollIntoView({ block: "nearest" });
};

window.addEventListener("beforeunload", (event) => {
  if (saver.pending) event.preventDefault();
});
if (data.judging) {
  setInterval(() => saver.heartbeat(player.takeListened()), 60_000);
  document.addEventListener("visibilitychange", () => document.hidden && saver.heartbeat(player.takeListened(), true));
}

player.start().then(() => {
  showState();
  const first = data.flags_data.find((flag) => !flag.verdict) || data.flags_data[0];
  if (first) choose(first.id, false);
  document.documentElement.dataset.ready = "1";
});
