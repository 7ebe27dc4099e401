// Sends what was done to the server, one thing after the other; keeps what could not be sent and tries again.
const token = document.querySelector('meta[name="csrf-token"]').content;

async function post(url, body, keepalive = false) {
  const response = await fetch(url, {
    method: "POST",
    keepalive,
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    // A proxy's error page is no JSON; the status says enough.
  }
  return { status: response.status, answer };
}

export class Saver {
  constructor(data, on) {
    this.data = data;
    this.on = on;
    this.queue = [];
    this.busy = false;
    this.stopped = false;
  }

  get pending() {
    return this.queue.length > 0 && !this.stopped;
  }

  send(kind, payload) {
    if (!this.data.judging || this.stopped) return;
    this.queue.push({ kind, payload });
    this.on.onState("saving");
    this.work();
  }

  async work() {
    if (this.busy) return;
    this.busy = true;
    let wait = 500;
    while (this.queue.length && !this.stopped) {
      const { kind, payload } = this.queue[0];
      try {
        const { status, answer } = await post(this.data.urls.events, { version: this.data.version, kind, payload });
        if (status === 200) {
          this.queue.shift();
          wait = 500;
          this.on.onAnswer(answer);
          this.on.onState(this.queue.length ? "saving" : "saved");
        } else if (status === 422) {
          this.queue.shift();
          this.on.onState("", answer.message);
        } else if (status === 409 || status === 401 || status === 403) {
          this.stopped = status === 409;
          this.on.onLost(answer.message || String(status), Boolean(answer.lost));
          if (status !== 409) await pause((wait = Math.min(wait * 2, 15_000)));
        } else {
          throw new Error(String(status));
        }
      } catch {
        // The network or the server is away: what was done stays here until it is back.
        this.on.onState("failed");
        await pause(wait);
        wait = Math.min(wait * 2, 15_000);
      }
    }
    this.busy = false;
  }

  async idle() {
    while (this.busy && !this.stopped) await pause(40);
  }

  async submit() {
    await this.idle();
    if (this.stopped) return null;
    try {
      const { status, answer } = await post(this.data.urls.submit, { version: this.data.version });
      if (status === 200) return answer;
      if (status === 409) {
        this.stopped = true;
        this.on.onLost(answer.message, Boolean(answer.lost));
      } else {
        this.on.onState("", answer.message || String(status));
      }
      return answer;
    } catch {
      this.on.onState("failed");
      return null;
    }
  }

  async heartbeat(listened, leaving = false) {
    try {
      const { status, answer } = await post(this.data.urls.renew, { listened_s: listened }, leaving);
      if (status === 409) {
        this.stopped = true;
        this.on.onLost(answer.message, Boolean(answer.lost));
      }
    } catch {
      // The next one will tell.
    }
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
