// Sound and its picture: one lane a channel, regions for flags, pre-roll, exact stop, speed, silence, mute.
import WaveSurfer from "../vendor/wavesurfer.js";
import Regions from "../vendor/wavesurfer.regions.js";
import Timeline from "../vendor/wavesurfer.timeline.js";

const LANE_HEIGHT = 52;
const AFTER_S = 1; // played beyond the end of the evidence
const SHORTEST_SILENCE_S = 1.2;
const LEFT_OF_SILENCE_S = 0.3;
const WIDE_SHARE = 0.6;
const SLOW = 0.75; // of the chosen speed, where a person wants what is heard again slower
const $ = (id) => document.getElementById(id);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Player {
  constructor(data, nonce) {
    this.data = data;
    this.nonce = nonce;
    this.audio = $("audio");
    this.stopAt = null;
    this.slowUntil = null;
    this.speed = 1;
    this.skip = false;
    this.muted = new Set();
    this.listened = 0;
    this.lastTick = null;
    this.onRegion = this.onSelect = this.onTime = () => {};
    const speech = [...data.lines].sort((a, b) => a.start - b.start);
    this.gaps = [];
    let end = 0;
    for (const line of speech) {
      if (line.start - end > SHORTEST_SILENCE_S) this.gaps.push([end, line.start]);
      end = Math.max(end, line.end);
    }
    if (data.duration - end > SHORTEST_SILENCE_S) this.gaps.push([end, data.duration]);
  }

  get time() {
    return this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  async start() {
    this.controls();
    this.audio.preservesPitch = true;
    this.setSpeed(this.data.preferences.speed);
    const tick = () => {
      this.tick();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    for (const event of ["timeupdate", "ended"]) this.audio.addEventListener(event, () => this.stopInTime());
    try {
      await this.picture();
    } catch (error) {
      $("wave-loading").textContent = error.message;
      $("wave-loading").classList.add("failed");
    }
  }

  async picture() {
    const response = await fetch(this.data.urls.peaks, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error((await response.json()).message);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const line = bytes.indexOf(10);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, line)));
    const levels = bytes.subarray(line + 1);
    const peaks = [];
    for (let channel = 0; channel < header.channels; channel += 1) {
      const part = levels.subarray(channel * header.count, (channel + 1) * header.count);
      peaks.push(Float32Array.from(part, (level) => level / 255));
    }
    this.channels = header.channels;
    this.lanes = peaks.map((_, channel) => this.laneOf(channel));
    this.laneButtons();
    $("wave-loading").remove();
    const colours = this.lanes.map((lane) => ({
      height: LANE_HEIGHT,
      waveColor: css(lane === "customer" ? "--customer" : "--agent"),
      progressColor: css(lane === "customer" ? "--customer" : "--agent"),
      overlay: false,
    }));
    this.regions = Regions.create();
    this.wave = WaveSurfer.create({
      container: "#wave",
      media: this.audio,
      peaks,
      duration: header.duration_s,
      height: LANE_HEIGHT,
      splitChannels: colours,
      normalize: true,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      cursorColor: css("--text"),
      cursorWidth: 2,
      autoScroll: true,
      cspNonce: this.nonce,
      plugins: [this.regions, Timeline.create({ height: 18, secondaryLabelOpacity: 0.85, style: { fontSize: "11px", color: css("--muted") } })],
    });
    this.wave.on("interaction", () => {
      this.stopAt = null;
    });
    document.addEventListener("tingjian:theme", () => this.recolour());
    if (this.data.judging) {
      this.regions.enableDragSelection({ color: this.tint("--accent", 0.22) }, 6);
      this.regions.on("region-created", (region) => {
        if (region.id.startsWith("region-")) {
          this.selection?.remove();
          this.selection = region;
          this.selected();
          region.on("update-end", () => this.selected());
        }
      });
    }
    this.regions.on("region-clicked", (region, event) => {
      event.stopPropagation();
      if (region.id.startsWith("flag-")) this.onRegion(Number(region.id.slice(5)));
      else this.playEvidence(region.start, region.end, {});
    });
    if (this.last) this.draw(...this.last);
  }

  selected() {
    const { start, end } = this.selection;
    this.onSelect(Math.round(start * 1000) / 1000, Math.round(end * 1000) / 1000, "agent");
  }

  clearSelection() {
    this.selection?.remove();
    this.selection = null;
  }

  laneOf(channel) {
    if (this.data.agent_channel === null || this.data.agent_channel === undefined || this.channels < 2) return "unknown";
    return channel === this.data.agent_channel ? "agent" : "customer";
  }

  channelOf(role) {
    const found = this.lanes.indexOf(role);
    return found < 0 ? undefined : found;
  }

  recolour() {
    const colours = this.lanes.map((lane) => css(lane === "customer" ? "--customer" : "--agent"));
    this.wave.setOptions({
      cursorColor: css("--text"),
      splitChannels: colours.map((colour) => ({ height: LANE_HEIGHT, waveColor: colour, progressColor: colour, overlay: false })),
    });
    if (this.last) this.draw(...this.last);
  }

  tint(name, share) {
    const colour = css(name);
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return `rgba(${r}, ${g}, ${b}, ${share})`;
  }

  draw(flags, added, current, comments) {
    this.last = [flags, added, current, comments];
    if (!this.wave) return;
    for (const region of this.regions.getRegions()) if (region !== this.selection) region.remove();
    const colours = { fatal: "--fatal", deduct: "--deduct", warn: "--warn", add: "--good" };
    for (const flag of flags) {
      const wide = flag.end - flag.start > WIDE_SHARE * this.data.duration;
      const share = (flag.verdict === "reject" ? 0.1 : 0.26) + (flag.id === current ? 0.22 : 0);
      this.place(flag.role, {
        id: `flag-${flag.id}`,
        start: flag.start,
        end: wide ? flag.start : Math.max(flag.end, flag.start + 0.25),
        color: wide ? this.tint(colours[flag.severity], 0.9) : this.tint(colours[flag.severity], share),
      });
    }
    for (const one of added) {
      this.place(one.role, {
        id: `added-${one.event}`,
        start: one.start,
        end: Math.max(one.end, one.start + 0.25),
        color: this.tint("--accent", 0.3),
      });
    }
    for (const one of comments) {
      this.place("", { id: `comment-${one.event}`, start: one.at, color: css("--good") });
    }
  }

  // A region in the lane of its party, or over all lanes; never over the scale below them.
  place(role, options) {
    const channel = this.channelOf(role);
    const region = this.regions.addRegion({ ...options, drag: false, resize: false });
    region.element.style.top = `${(channel ?? 0) * LANE_HEIGHT}px`;
    region.element.style.height = `${(channel === undefined ? this.channels : 1) * LANE_HEIGHT}px`;
  }

  // ---- Playing -------------------------------------------------------------------------------------------------
  async seek(seconds) {
    this.stopAt = null;
    this.slowDown(null);
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.data.duration);
    this.onTime();
  }

  play() {
    this.context?.resume();
    this.audio.play().catch(() => {}); // refused until the person has touched the page
  }

  pause() {
    this.audio.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else {
      this.stopAt = null;
      this.play();
    }
  }

  playFrom(seconds) {
    this.seek(seconds);
    this.play();
  }

  playEvidence(start, end, { again = false, moving = false }) {
    const wide = end - start > WIDE_SHARE * this.data.duration;
    this.slowDown(again && !wide ? end + AFTER_S : null);
    this.audio.currentTime = Math.max(0, start - this.preroll());
    this.stopAt = end === null || wide ? null : end + AFTER_S;
    this.onTime();
    // Only going on to the next flag is something that a person may want to do without a sound.
    if (!moving || this.data.preferences.autoplay) this.play();
  }

  replay() {
    const stop = this.stopAt;
    const until = Math.max(this.time, this.slowUntil ?? 0);
    this.seek(this.time - 3);
    this.stopAt = stop;
    this.slowDown(until);
    this.play();
  }

  // What is heard again is slower up to a moment, for those who want that; the chosen speed stays what is shown.
  slowDown(until) {
    this.slowUntil = this.data.preferences.slow_replay ? until : null;
    this.audio.playbackRate = this.slowUntil === null ? this.speed : this.speed * SLOW;
  }

  preroll() {
    const value = Number($("preroll").value);
    return Number.isFinite(value) ? Math.min(10, Math.max(0, value)) : 3;
  }

  setSpeed(speed) {
    const value = Math.min(2, Math.max(0.5, Math.round(speed * 10) / 10));
    this.speed = this.audio.defaultPlaybackRate = value;
    this.slowDown(this.slowUntil);
    $("speed").textContent = `${value.toFixed(1)}×`;
  }

  changeSpeed(by) {
    this.setSpeed(this.speed + by);
  }

  // A silence that is itself what a flag is about is always heard.
  isEvidence([start, end]) {
    return this.data.flags_data.some((flag) => {
      const length = flag.end - flag.start;
      return Math.min(end, flag.end) - Math.max(start, flag.start) > length / 2 && length < WIDE_SHARE * this.data.duration;
    });
  }

  toggleSkip() {
    this.skip = !this.skip;
    $("skip-silence").setAttribute("aria-pressed", this.skip);
  }

  toggleLane(lane) {
    if (this.channels !== 2) return;
    const channel = this.channelOf(lane) ?? (lane === "agent" ? 0 : 1);
    if (!this.context) {
      // Made on the first use alone: until then the browser plays the file as it is.
      this.context = new AudioContext();
      const source = this.context.createMediaElementSource(this.audio);
      const splitter = this.context.createChannelSplitter(2);
      const merger = this.context.createChannelMerger(2);
      source.connect(splitter);
      this.gains = [0, 1].map((one) => {
        const gain = this.context.createGain();
        splitter.connect(gain, one);
        gain.connect(merger, 0, one);
        return gain;
      });
      merger.connect(this.context.destination);
    }
    this.context.resume();
    if (this.muted.has(channel)) this.muted.delete(channel);
    else this.muted.add(channel);
    this.gains.forEach((gain, one) => {
      gain.gain.value = this.muted.has(one) ? 0 : 1;
    });
    document.querySelectorAll("#lane-names button").forEach((button) => {
      button.setAttribute("aria-pressed", this.muted.has(Number(button.dataset.channel)));
    });
  }

  line() {
    const at = this.time + 0.05;
    let found = 0;
    this.data.lines.forEach((line, number) => {
      if (line.start <= at) found = number;
    });
    return found;
  }

  takeListened() {
    const seconds = this.listened;
    this.listened = 0;
    return Math.round(seconds * 10) / 10;
  }

  // A busy machine notices late, and a hidden page is drawn by nobody; where it stops is still where the evidence ends.
  stopInTime() {
    if (this.stopAt === null || this.time < this.stopAt) return false;
    this.pause();
    this.audio.currentTime = this.stopAt;
    this.stopAt = null;
    return true;
  }

  tick() {
    const now = performance.now();
    if (this.playing && this.lastTick !== null) this.listened += Math.min(1, (now - this.lastTick) / 1000);
    this.lastTick = now;
    const at = this.time;
    if (this.playing) {
      if (this.slowUntil !== null && at >= this.slowUntil) this.slowDown(null);
      if (!this.stopInTime() && this.skip) {
        const gap = this.gaps.find(([start, end]) => at > start + LEFT_OF_SILENCE_S && at < end - LEFT_OF_SILENCE_S);
        if (gap && !this.isEvidence(gap)) this.audio.currentTime = gap[1] - LEFT_OF_SILENCE_S;
      }
      this.onTime();
    }
    const minutes = Math.floor(at / 60);
    $("now").textContent = `${minutes}:${(at % 60).toFixed(1).padStart(4, "0")}`;
    $("play-sign").textContent = this.playing ? "❚❚" : "▶";
  }

  // ---- Controls ------------------------------------------------------------------------------------------------
  controls() {
    $("preroll").value = this.data.preferences.preroll_s;
    const click = (id, action) => $(id).addEventListener("click", action);
    click("play", () => this.toggle());
    click("replay", () => this.replay());
    click("slower", () => this.changeSpeed(-0.1));
    click("faster", () => this.changeSpeed(0.1));
    click("skip-silence", () => this.toggleSkip());
    let zoom = 0;
    const zoomBy = (factor) => {
      const fit = $("wave").clientWidth / this.data.duration;
      zoom = Math.max(fit, Math.min(400, (zoom || fit) * factor));
      this.wave?.zoom(zoom);
    };
    click("zoom-in", () => zoomBy(1.6));
    click("zoom-out", () => zoomBy(1 / 1.6));
  }

  laneButtons() {
    const place = $("lane-names");
    this.lanes.forEach((lane, channel) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = lane;
      button.dataset.channel = channel;
      button.setAttribute("aria-pressed", "false");
      button.textContent = lane === "unknown" ? `${this.data.words.unknown} ${channel + 1}` : this.data.words[lane];
      if (this.channels === 2) {
        const hint = document.createElement("small");
        const key = lane === "customer" || (lane === "unknown" && channel === 1) ? "2" : "1";
        const name = document.createElement("kbd");
        name.textContent = key;
        hint.append(name);
        button.append(hint);
        button.addEventListener("click", () => this.toggleLane(key === "1" ? "agent" : "customer"));
      } else button.disabled = true;
      place.append(button);
    });
  }
}
