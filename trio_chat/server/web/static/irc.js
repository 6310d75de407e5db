// IRC messages: a line to a message and back (Modern IRC, "Message Format"; IRCv3 message-tags).
// Knows the grammar and no command. Every line that leaves goes through `format`, which refuses CR,
// LF and NUL: nobody's text can become a second line.

/** Bytes of a line without its tags, CR LF counted. */
export const LINE_LIMIT = 512;

const UNESCAPED = { ":": ";", s: " ", r: "\r", n: "\n", "\\": "\\" };
const ENCODER = new TextEncoder();
const ESCAPED = { ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n", "\\": "\\\\" };

/** The number of bytes that a text has in UTF-8. */
export const byteLength = (text) => ENCODER.encode(text).length;

/** A name as it is compared: CASEMAPPING is `ascii`. */
export const fold = (name) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

export const escapeTag = (value) => value.replace(/[; \r\n\\]/g, (letter) => ESCAPED[letter]);

function parseTags(text) {
  // Without a prototype: `__proto__` is a name like any other.
  const tags = Object.create(null);
  for (const item of text.split(";")) {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(item);
    if (name) tags[name] = value.replace(/\\(.?)/gs, (_, letter) => UNESCAPED[letter] ?? letter);
  }
  return tags;
}

/** Read one line; `nick` is who it is from, a user or a server. Returns null for an empty one. */
export function parse(line) {
  const found = /^(?:@([^ ]*) +)?(?::([^ ]*) +)?([^ ]+)(.*)$/s.exec(line.replace(/[\r\n]+$/, ""));
  if (!found) return null;
  const [, tags, source = "", command, rest] = found;
  const [head, ...last] = rest.split(/ :(.*)/s);
  const params = head.split(" ").filter(Boolean);
  if (last.length) params.push(last[0]);
  const [nick] = source.split(/[!@]/, 1);
  return { tags: parseTags(tags ?? ""), source, nick, command: command.toUpperCase(), params };
}

/** Make a line. Throws a `RangeError` for what no line can hold. */
export function format(command, params = [], tags = {}) {
  const words = [command, ...params];
  const last = words.length - 1;
  const written = words.map((word, index) => {
    const trailing = index && index === last && (word === "" || /^:| /.test(word));
    if (!trailing && (word === "" || / /.test(word) || (index && word[0] === ":")))
      throw new RangeError(`“${word}” can not stand there`);
    return trailing ? `:${word}` : word;
  });
  const marks = Object.entries(tags).map(
    ([name, value]) => name + (value === "" ? "" : `=${escapeTag(value)}`),
  );
  const line = (marks.length ? `@${marks.join(";")} ` : "") + written.join(" ");
  if (/[\r\n\0]/.test(line)) throw new RangeError("a line has no line ends in it");
  return line;
}

/** Cut a text into pieces of at most `limit` bytes: behind a space where there is one. */
export function cut(text, limit) {
  const pieces = [];
  let piece = "";
  let size = 0;
  for (const character of text) {
    const more = byteLength(character);
    if (size + more > limit) {
      const space = piece.lastIndexOf(" ") + 1;
      const end = space > piece.length / 2 ? space : piece.length;
      pieces.push(piece.slice(0, end));
      piece = piece.slice(end);
      size = byteLength(piece);
    }
    piece += character;
    size += more;
  }
  return piece ? [...pieces, piece] : pieces;
}
