// What people write, as spans to show: mIRC formatting codes and links. Pure.
// A span is text and how it looks; nothing in it is markup. Other control characters are left out,
// and so are those that turn the direction of text for longer than their line.

const CODES = "\x02\x11\x16\x1d\x1e\x1f";
export const LOOKS = ["bold", "mono", "reverse", "italic", "strike", "underline"];
const COLOUR = /\x03(?:(\d{1,2})(?:,(\d{1,2}))?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?/;
const PIECES = new RegExp(`${COLOUR.source}|[\x02\x0f\x11\x16\x1d-\x1f]`, "gi");
const UNSHOWN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const LINK = /\bhttps?:\/\/[^\s<>"`\u0000-\u001f]+/gi;
/** The colours that every client knows; those above are shown as none is. */
const COLOURS = 16;

/** The text without what is not shown. */
const shown = (text) => text.replace(UNSHOWN, "");

/** The text without any formatting, on one line: for notifications, names and titles. */
export const plain = (text) => shown(text.replace(PIECES, "").replace(/[\n\t]/g, " "));

/** What does not belong to an address that stands in a sentence: `(see http://a.example/b).` */
function trimmed(address, most = 20) {
  const last = address.at(-1);
  const opening = { ")": "(", "]": "[", "}": "{" }[last];
  const unmatched = opening && address.split(last).length > address.split(opening).length;
  if (!most || (!unmatched && !/[.,;:!?'*]/.test(last))) return address;
  return trimmed(address.slice(0, -1), most - 1);
}

/** Cut pieces at the ends of links. These are found as if there were no formatting: what looks like
 * one link goes where all of it says. */
function withLinks(pieces) {
  const whole = pieces.map(({ text }) => text).join("");
  const links = [...whole.matchAll(LINK)].map((found) => [found.index, trimmed(found[0])]);
  const valid = links.filter(([, href]) => URL.canParse(href));
  const cuts = valid.flatMap(([at, href]) => [{ at, href }, { at: at + href.length }]);
  const found = [];
  let [at, href] = [0, undefined];
  for (const { text, ...look } of pieces) {
    const end = at + text.length;
    while (at < end) {
      while (cuts[0]?.at <= at) ({ href } = cuts.shift());
      const next = Math.min(end, cuts[0]?.at ?? end);
      found.push({ ...look, text: whole.slice(at, next), ...(href && { href }) });
      at = next;
    }
  }
  return found;
}

/** Read a text: a list of `{text, href?, fg?, bg?, bold?, italic?, …}`. */
export function spans(text) {
  const found = [];
  let look = {};
  let from = 0;
  const add = (end) => {
    const piece = shown(text.slice(from, end));
    if (piece) found.push({ ...look, text: piece });
  };
  for (const code of text.matchAll(PIECES)) {
    add(code.index);
    from = code.index + code[0].length;
    look = after(look, code);
  }
  add(text.length);
  return withLinks(found);
}

/** How it looks behind a code. */
function after(look, [code, fg, bg]) {
  if (code[0] === "\x0f") return {};
  if (code[0] === "\x04") return look;
  if (code[0] === "\x03") {
    const { fg: _, bg: before, ...rest } = look;
    if (fg === undefined) return rest;
    const colours = Object.entries({ fg: Number(fg), bg: Number(bg ?? before) });
    return { ...rest, ...Object.fromEntries(colours.filter(([, number]) => number < COLOURS)) };
  }
  const name = LOOKS[CODES.indexOf(code)];
  const { [name]: on, ...rest } = look;
  return on ? rest : { ...rest, [name]: true };
}
