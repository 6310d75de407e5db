// What the server says of itself: from lines to a document, and from one document and the next to
// what happened in between. Pure: knows no page and no network.

const COLUMN = /([a-z]+)=("(?:[^"\\]|\\.)*"|\S+)/g;
/** What a connection speaks, in the order in which it is shown. */
export const KINDS = ["irc", "websocket", "plain", "http", "opening"];
/** Seconds that are remembered. */
export const KEPT = 3600;

/** The document that its lines (`STATS t`) say: `name: JSON`, and for each row of a table
 * `name: column=JSON …`. Throws a `SyntaxError` for what is none. */
export function read(lines) {
  const found = {};
  for (const line of lines) {
    const [name, value] = line.split(/: (.*)/s);
    const path = name.split(".");
    const last = path.pop();
    let inner = found;
    for (const key of path) inner = inner[key] ??= {};
    if (/^[a-z]+=/.test(value)) {
      const columns = [...value.matchAll(COLUMN)].map(([, key, one]) => [key, JSON.parse(one)]);
      (inner[last] ??= []).push(Object.fromEntries(columns));
    } else inner[last] = JSON.parse(value);
  }
  return found;
}

/** How long it took at most in the part `q` of all cases, in seconds: within a bucket evenly spread.
 * Null where there was none. What is in the last bucket, which has no end, took its beginning. */
export function quantile(bounds, counts, q) {
  const rank = q * counts.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return null;
  let before = 0;
  for (const [place, count] of counts.entries()) {
    if (before + count >= rank && count) {
      const start = place ? bounds[place - 1] : 0;
      const end = bounds[place] ?? start;
      return start + ((end - start) * (rank - before)) / count;
    }
    before += count;
  }
  return bounds.at(-1);
}

const between = (before, after) => after.counts.map((count, place) => count - before.counts[place]);

/** What there is at one moment, and, where another document of the same server came `before`, what
 * has happened since then in each second. Null: nothing of that is known. */
export function sample(before, now) {
  const seconds = before && before.started === now.started ? now.time - before.time : 0;
  const rate = (of) => (seconds > 0 ? (of(now) - of(before)) / seconds : null);
  const took = (of, q) =>
    seconds > 0 ? quantile(now.bounds, between(of(before), of(now)), q) : null;
  const clients = {};
  for (const kind of KINDS) {
    const { plain = 0, tls = 0 } = now.connections.kinds[kind] ?? {};
    clients[kind] = plain + tls;
  }
  return {
    time: now.time,
    ...clients,
    lines: rate((one) => one.lines),
    messages: rate((one) => one.messages),
    deliveries: rate((one) => one.deliveries),
    tickMedian: took((one) => one.ticks, 0.5),
    tickWorst: took((one) => one.ticks, 0.99),
    commitMedian: took((one) => one.commits, 0.5),
    commitWorst: took((one) => one.commits, 0.99),
    lag: took((one) => one.lag, 0.99),
    queued: now.queued.bytes,
    largest: now.queued.largest,
    behind: now.queued.behind,
    inbox: now.inbox,
    cpu: rate((one) => one.cpu),
  };
}

/** Samples, the oldest first: of the last hour, of one run of the server. */
export class Past {
  samples = [];
  #last = null;

  /** Take a document, and return it as a sample. */
  take(document) {
    if (this.#last && this.#last.started !== document.started) this.samples = [];
    const made = sample(this.#last, document);
    this.#last = document;
    this.samples.push(made);
    const from = made.time - KEPT;
    const old = this.samples.findIndex(({ time }) => time >= from);
    if (old > 0) this.samples.splice(0, old);
    return made;
  }

  /** Those of the last so many seconds. */
  since(seconds) {
    const from = (this.samples.at(-1)?.time ?? 0) - seconds;
    return this.samples.filter(({ time }) => time >= from);
  }
}

/** At most `count` of the samples, the newest first, evenly spread: for a table. */
export function spread(samples, count) {
  const step = Math.max(1, Math.ceil(samples.length / count));
  return samples.filter((_, place) => (samples.length - 1 - place) % step === 0).reverse();
}

// --- As people read it

const digits = (value) => (value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2);
const plain = (value) =>
  value.toLocaleString("en", { maximumFractionDigits: digits(value), useGrouping: true });

/** Each takes a number, or null where nothing is known. */
export const count = (value) => (value === null ? "–" : plain(value));

export const perSecond = (value) => (value === null ? "–" : `${plain(value)}/s`);

export function duration(seconds) {
  if (seconds === null) return "–";
  if (seconds < 0.001) return `${plain(seconds * 1e6)} µs`;
  return seconds < 1 ? `${plain(seconds * 1000)} ms` : `${plain(seconds)} s`;
}

const SIZES = ["B", "kB", "MB", "GB", "TB"];

export function bytes(value) {
  if (value === null) return "–";
  let power = 0;
  for (; value >= 1000 && power < SIZES.length - 1; power++) value /= 1000;
  return `${plain(Math.round(value * 100) / 100)} ${SIZES[power]}`;
}

export const percent = (part) => (part === null ? "–" : `${plain(Math.round(part * 1000) / 10)} %`);

const SPANS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** How long: in two units at most. */
export function span(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const first = SPANS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0 s";
  const parts = [];
  for (const [size, unit] of SPANS.slice(first, first + 2)) {
    const times = Math.floor(rest / size);
    if (times) parts.push(`${times} ${unit}`);
    rest -= times * size;
  }
  return parts.join(" ");
}
