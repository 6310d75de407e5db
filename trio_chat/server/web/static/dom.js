// Elements, and lists of them that are kept as they are where nothing has changed.
// Every text goes in as text: there is no way here to make an element out of one.

import { fold } from "./irc.js";
import { LOOKS, plain, spans } from "./formatting.js";

const NICK_COLOURS = 12;

export const $ = (id) => document.getElementById(id);

/** Make an element with attributes; without those, and those children, that are false. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== false && value !== undefined) element.setAttribute(key, value);
  element.append(...children.flat().filter(Boolean));
  return element;
}

export function button(content, doing, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, content);
  element.addEventListener("click", doing);
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
      if (focused) (row.element.querySelector("button") ?? row.element).focus();
    }
    if (row.element === next) next = next.nextElementSibling;
    else parent.insertBefore(row.element, next);
  }
  parent.rows = after;
}

/** A name, which has no say in the direction of what stands around it. */
export const named = (name) => h("bdi", {}, plain(name));

export function nickClass(nick) {
  const mix = (sum, letter) => (sum * 31 + letter.codePointAt(0)) % 1000003;
  const hash = [...fold(nick)].reduce(mix, 0);
  return `nick-${hash % NICK_COLOURS}`;
}

/** What somebody wrote, with its formatting and its links. */
export function written(text) {
  return spans(text).map(({ text: piece, href, fg, bg, ...look }) => {
    const colours = [fg !== undefined && `fg-${fg}`, bg !== undefined && `bg-${bg} on`];
    const classes = [...LOOKS.filter((name) => look[name]), ...colours].filter(Boolean).join(" ");
    const style = classes ? { class: classes } : {};
    const link = { href, target: "_blank", rel: "noopener noreferrer" };
    if (href) return h("a", { ...style, ...link }, piece);
    return classes ? h("span", style, piece) : piece;
  });
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
export const clock = (time) => CLOCK.format(new Date(time));
export const day = (time) => DAY.format(new Date(time));
export const timeOf = (time) =>
  h("time", { datetime: time, title: `${day(time)}, ${clock(time)}` }, clock(time));
