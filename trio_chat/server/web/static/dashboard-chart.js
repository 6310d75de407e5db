// A chart of lines over time, as a picture and in words and as a table. `scale`, `path` and
// `inWords` are pure.

import { h } from "./dom.js";
import { span, spread } from "./dashboard-figures.js";

const SVG = "http://www.w3.org/2000/svg";
/** What the picture is drawn in: it is stretched to the place that there is. */
const WIDTH = 600;
const HEIGHT = 150;
const ROWS = 10;
/** Seconds that the axis is of at least, where there are not many samples yet. */
const SHORTEST = 60;

/** Where the axis ends for what is at most `max`, and `least` at least: the half of that is round too. */
export function scale(max, least) {
  const top = Math.max(max, least);
  const power = 10 ** Math.floor(Math.log10(top) + 1e-9);
  const leading = top / power;
  for (const step of [1, 2, 4, 6, 8]) if (leading <= step * (1 + 1e-9)) return step * power;
  return 10 * power;
}

/** The path through what is known of `samples`, from `from` to `to` in seconds, up to `top`. */
export function path(samples, key, { from, to, top }) {
  let found = "";
  let move = true;
  for (const sample of samples) {
    const value = sample[key];
    if (value !== null) {
      const x = ((sample.time - from) / (to - from)) * WIDTH;
      const y = HEIGHT - (value / top) * HEIGHT;
      found += `${move ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    }
    move = value === null;
  }
  return found;
}

const known = (samples, key) => samples.map((one) => one[key]).filter((value) => value !== null);

/** What a chart shows, in a sentence for each line. */
export function inWords(samples, series, format) {
  return series
    .map(({ key, name }) => {
      const values = known(samples, key);
      if (!values.length) return `${name}: nothing yet.`;
      const least = values.reduce((a, b) => Math.min(a, b));
      const most = values.reduce((a, b) => Math.max(a, b));
      const now = samples.at(-1)[key];
      const range = `from ${format(least)} to ${format(most)}`;
      return now === null ? `${name}: ${range}.` : `${name}: now ${format(now)}, ${range}.`;
    })
    .join(" ");
}

const drawn = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

export class Chart {
  #samples = [];
  #range = { from: 0, to: 1, top: 1 };
  #at = null;

  /** `series`: `[{key, name}]`; `format` writes a value, and `least` is where the axis ends at
   * least; `clock` writes a time. */
  constructor({ title, series, format, least, filled = false }, clock) {
    Object.assign(this, { title, series, format, least, clock });
    this.lines = series.map((_, place) => drawn("path", { class: `line series-${place + 1}` }));
    this.area = drawn("path", { class: "area series-1" });
    this.cursor = drawn("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    this.picture = drawn("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
    });
    for (const y of [0, HEIGHT / 2, HEIGHT])
      this.picture.append(drawn("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y }));
    this.picture.append(...(filled ? [this.area] : []), ...this.lines, this.cursor);
    this.values = series.map(() => h("span", { class: "value" }));
    this.time = h("span", { class: "at quiet" });
    this.top = h("span", {});
    this.middle = h("span", {});
    this.left = h("span", {});
    this.body = h("tbody", {});
    this.details = h(
      "details",
      {},
      h("summary", { "aria-label": `${title}: as a table` }, "Table"),
      this.#table(),
    );
    this.plot = h("div", { class: "plot" }, this.picture);
    this.element = h(
      "figure",
      { class: "card" },
      h("figcaption", {}, h("h3", {}, title), this.time),
      h("ul", { class: "legend" }, series.map((one, place) => this.#key(one, place))),
      h(
        "div",
        { class: "frame" },
        this.plot,
        h("div", { class: "axis", "aria-hidden": "true" }, this.top, this.middle, h("span", {}, "0")),
      ),
      h("div", { class: "times", "aria-hidden": "true" }, this.left, h("span", {}, "now")),
      this.details,
    );
    this.details.addEventListener("toggle", () => this.#fillTable());
    this.plot.addEventListener("pointermove", (event) => this.#point(event));
    this.plot.addEventListener("pointerleave", () => this.#point(null));
  }

  #key({ name }, place) {
    const swatch = drawn("svg", { class: "swatch", viewBox: "0 0 16 6", "aria-hidden": "true" });
    swatch.append(drawn("path", { class: `line series-${place + 1}`, d: "M0 3H16" }));
    return h("li", {}, swatch, h("span", {}, name), this.values[place]);
  }

  #table() {
    const heads = ["Time", ...this.series.map(({ name }) => name)];
    const row = h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)));
    return h(
      "div",
      { class: "scrolls" },
      h("table", {}, h("caption", { class: "unseen" }, this.title), h("thead", {}, row), this.body),
    );
  }

  /** Show samples. */
  show(samples) {
    this.#samples = samples;
    const to = samples.at(-1)?.time ?? 0;
    const seconds = Math.max(SHORTEST, to - (samples[0]?.time ?? 0));
    const values = this.series.flatMap(({ key }) => known(samples, key));
    const top = scale(values.reduce((a, b) => Math.max(a, b), 0), this.least);
    this.#range = { from: to - seconds, to, top };
    for (const [place, { key }] of this.series.entries())
      this.lines[place].setAttribute("d", path(samples, key, this.#range));
    const first = path(samples, this.series[0].key, this.#range);
    const runs = first.split("M").filter(Boolean);
    this.area.setAttribute("d", runs.map((run) => closed(run)).join(""));
    this.top.textContent = this.format(top);
    this.middle.textContent = this.format(top / 2);
    this.left.textContent = `${span(seconds)} ago`;
    this.picture.setAttribute("aria-label", `${this.title}. ${inWords(samples, this.series, this.format)}`);
    this.#say();
    this.#fillTable();
  }

  /** Write the values of now, or of where somebody points. */
  #say() {
    const { from, to } = this.#range;
    let sample = this.#samples.at(-1);
    if (this.#at !== null && sample) {
      const time = from + this.#at * (to - from);
      const nearer = (a, b) => (Math.abs(b.time - time) < Math.abs(a.time - time) ? b : a);
      sample = this.#samples.reduce(nearer);
      const x = ((sample.time - from) / (to - from)) * WIDTH;
      this.cursor.setAttribute("x1", x);
      this.cursor.setAttribute("x2", x);
    }
    this.cursor.setAttribute("visibility", this.#at === null ? "hidden" : "visible");
    this.time.textContent = this.#at === null || !sample ? "" : this.clock(sample.time);
    for (const [place, { key }] of this.series.entries())
      this.values[place].textContent = this.format(sample?.[key] ?? null);
  }

  #point(event) {
    const box = this.plot.getBoundingClientRect();
    this.#at = event && Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.#say();
  }

  #fillTable() {
    if (!this.details.open) return;
    const rows = spread(this.#samples, ROWS).map((sample) => {
      const cells = this.series.map(({ key }) => h("td", {}, this.format(sample[key])));
      return h("tr", {}, h("th", { scope: "row" }, this.clock(sample.time)), cells);
    });
    this.body.replaceChildren(...rows);
  }
}

/** The area below one run of a path, which is written without its `M`. */
function closed(run) {
  const points = run.split("L");
  const [start] = points[0].split(" ");
  const [end] = points.at(-1).split(" ");
  return `M${start} ${HEIGHT}L${run}L${end} ${HEIGHT}Z`;
}
