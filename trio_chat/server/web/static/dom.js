// Elements, and lists of them that are kept as they are where nothing has changed.
//
// Every text goes in as text: there is no way here to make an element out of one.

import { fold } from "./irc.js";
import { spans } from "./formatting.js";

const NICK_COLOURS = 12;
const LOOKS = ["bold", "italic", "underline", "strike", "mono", "reverse"];

export const $ = (id) => document.getElementById(id);

/** Make an element. Of `props`, what begins with `on` is called, and the others are attributes. */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false));
  return element;
}

/** Make the children of an element be what `rows` says: `[{key, version, make()}]`.
 *
 * What has the same version stays the element that it is. */
export function fill(parent, rows) {
  const before = parent.rows ?? new Map();
  const after = new Map(rows.map((row) => [row.key, row]));
  for (const [key, { element }] of before) if (!after.has(key)) element.remove();
  let next = parent.firstElementChild;
  for (const row of after.values()) {
    const old = before.get(row.key);
    row.element = old?.version === row.version ? old.element : row.make();
    if (old && old.element !== row.element) {
      const focused = old.element.contains(document.activeElement);
      if (next === old.element) next = row.element;
      old.element.replaceWith(row.element);
      if (focused) (row.element.tabIndex < 0 ? row.element : row.element.querySelector("button"))?.focus();
    }
    if (row.element === next) next = next.nextElementSibling;
    else parent.insertBefore(row.element, next);
  }
  parent.rows = after;
}

export const nickClass = (nick) => {
  let hash = 0;
  for (const letter of fold(nick)) hash = (hash * 31 + letter.codePointAt(0)) % 1000003;
  return `nick-${hash % NICK_COLOURS}`;
};

/** What somebody wrote, with its formatting and its links. */
export function written(text) {
  return spans(text).map(({ text: piece, href, fg, bg, ...look }) => {
    const classes = LOOKS.filter((name) => look[name]);
    if (fg !== undefined) classes.push(`fg-${fg}`);
    if (bg !== undefined) classes.push(`bg-${bg}`, "on");
    const props = classes.length ? { class: classes.join(" ") } : {};
    if (href) return h("a", { ...props, href, target: "_blank", rel: "noopener noreferrer" }, piece);
    return classes.length ? h("span", props, piece) : piece;
  });
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const clock = (time) => CLOCK.format(new Date(time));
export const day = (time) => DAY.format(new Date(time));
export const timeOf = (time) =>
  h("time", { datetime: time, title: `${day(time)}, ${clock(time)}` }, clock(time));
