// One conversation: a room, or what is said between us and one person. Pure.
//
// Its items are in the order in which everybody is shown them, each once: every line of the server's
// has an id, by which what comes live and what history has are found to be the same.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";

/** Lines that come live and are held while history is read; what comes beyond is read there, too. */
const HELD = 500;
/** Items above which the oldest are let go, where nobody looks at them; and how many stay. */
const MANY = 1500;
const KEPT = 500;
/** Milliseconds for which somebody is typing, by what they have said last (`typing`). */
const TYPING = { active: 6000, paused: 30000 };
const ACTION = /^\x01ACTION ?([^\x01]*)\x01?$/s;

/** Whether a text names somebody, as a word of its own. */
export function mentions(text, nick) {
  const name = fold(nick).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${name}(?![\\p{L}\\p{N}_-])`, "u").test(fold(plain(text)));
}

/** What happened, as words behind the nickname of who did it. */
const EVENTS = {
  JOIN: () => "joined",
  PART: ([, reason]) => `left${because(reason)}`,
  QUIT: ([reason]) => `left${because(reason?.replace(/^Quit: /, ""))}`,
  KICK: ([, who, reason]) => `removed ${who}${because(reason)}`,
  NICK: ([name]) => `is now ${name}`,
  MODE: ([, ...modes]) => `set ${modes.join(" ")}`,
  TOPIC: ([, topic]) => (topic ? `set the topic: ${topic}` : "took the topic away"),
  RENAME: ([, name, reason]) => `renamed the room to ${name}${because(reason)}`,
};
/** Events that come and go with people, and are folded. */
const COMING_AND_GOING = new Set(["JOIN", "PART", "QUIT", "NICK"]);

const because = (reason) => (reason ? ` (${reason})` : "");

/** Make an item of a line; null for one that is not shown by itself. */
function itemOf(message, { nick, isOwn, ignores }) {
  const { command, params, tags } = message;
  const own = isOwn(message);
  const base = { id: tags.msgid ?? "", time: tags.time ?? "", nick: message.nick, own, changes: 0 };
  if (command === "PRIVMSG" || command === "NOTICE") {
    if (!own && ignores(message.nick)) return null;
    const [, text = ""] = params;
    const action = ACTION.exec(text);
    if (text[0] === "\x01" && !action) return null;
    const kind = action ? "action" : command === "NOTICE" ? "notice" : "message";
    const replyTo = tags["+draft/reply"] ?? tags["+reply"] ?? "";
    const said = action ? action[1] : text;
    const mention = !own && mentions(said, nick);
    const to = /^[^#]+(?=#)/.exec(params[0])?.[0] ?? "";
    return { ...base, kind, text: said, replyTo, mention, to, account: tags.account ?? "" };
  }
  const words = EVENTS[command]?.(params);
  return words ? { ...base, kind: "event", text: words, folds: COMING_AND_GOING.has(command) } : null;
}

export class Conversation {
  constructor(name, isRoom) {
    this.name = name;
    this.key = fold(name);
    this.isRoom = isRoom;
    /** Whether we are in the room; directly one can always write. */
    this.joined = !isRoom;
    /** Whether we want to be in it, and come back to it. */
    this.wanted = isRoom;
    this.channelKey = "";
    this.topic = "";
    this.members = new Map();
    this.items = [];
    this.byId = new Map();
    /** What follows the last item: `live`, what happens now; `behind`, history that we have missed;
     * `past`, history that was left out, as somebody has gone back far. */
    this.place = "behind";
    /** The last line that came live: what we have said and not seen comes after it. */
    this.seenId = "";
    /** What comes live while history is read; null while it is not. */
    this.held = null;
    this.overflowed = false;
    /** Whether the first item is the first of all. */
    this.complete = false;
    this.unseen = 0;
    /** The time of the last item that was read, and of that after which the line stands. */
    this.readAt = "";
    this.lineAt = "";
    /** What we have said, and the server has not shown us yet. */
    this.pending = [];
    this.typing = new Map();
    this.draft = "";
    this.replyTo = "";
    this.atBottom = true;
    this.version = 0;
    this.#reactions = new Map();
    this.#reactionsById = new Map();
    this.#local = 0;
  }

  #reactions;
  #reactionsById;
  #local;

  get firstId() {
    return this.items.find((item) => item.id)?.id ?? "";
  }

  get lastId() {
    return this.items.findLast((item) => item.id)?.id ?? "";
  }

  /** How much was said since the last item that was read, and whether we were meant. */
  get unread() {
    let [count, mentioned] = [this.unseen, false];
    for (let at = this.items.length - 1; at >= 0; at--) {
      const item = this.items[at];
      if (item.id && item.time <= this.readAt) break;
      if (item.own || item.redacted || !["message", "action", "notice"].includes(item.kind)) continue;
      count += 1;
      mentioned ||= item.mention || !this.isRoom;
    }
    return { count, mentioned };
  }

  /** Whether a line is here already. */
  has(id) {
    return this.byId.has(id);
  }

  /** Take what happens now. Returns the item that it is shown as, if it is. */
  hear(message, reader) {
    if (!this.unsure.length) this.seenId = message.tags.msgid ?? this.seenId;
    if (this.place === "live") {
      const item = this.#apply(message, reader);
      if (this.atBottom && this.items.length > MANY) this.#forget(this.items.length - KEPT);
      return item;
    }
    if (this.held?.length === HELD) this.overflowed = true;
    else this.held?.push(message);
    const item = itemOf(message, reader);
    if (!this.held && item && item.kind !== "event" && !item.own) this.unseen += 1;
    this.version += 1;
    return item;
  }

  /** Begin to hold what comes live, before history is asked for. */
  hold() {
    this.held = [];
    this.overflowed = false;
  }

  /** Take a page that follows the last item. */
  append(messages, reader) {
    for (const message of messages) this.#apply(message, reader);
  }

  /** Whether a page ends where what is held begins, so that nothing is between them. */
  meets(page) {
    const first = this.held?.find((message) => message.tags.msgid)?.tags.msgid;
    const found = first && page.some(({ tags }) => tags.msgid === first);
    return !this.overflowed && (!page.length || Boolean(found));
  }

  /** History is read: from here on everything comes live. */
  release(reader) {
    const held = this.held ?? [];
    [this.held, this.place, this.unseen] = [null, "live", 0];
    this.append(held, reader);
    if (!this.unsure.length) this.seenId = this.lastId;
    this.version += 1;
  }

  /** Take a page from before the first item. */
  prepend(messages, reader) {
    const older = [];
    for (const message of messages.toReversed()) {
      // What came later has been told already: this only adds to it.
      if (this.#react(message, false)) continue;
      const item = this.#make(message, reader);
      if (item) older.unshift(item);
    }
    this.items = [...older, ...this.items];
    this.complete = messages.length === 0;
    this.version += 1;
  }

  /** Say something here that is not from the server, such as what a command has found out. */
  tell(text, time, kind = "info") {
    this.items.push({ key: `local-${++this.#local}`, id: "", time, kind, nick: "", text, own: true });
    this.version += 1;
  }

  /** Forget the items: others are shown, from another place in history. */
  reset(place) {
    this.items = [];
    this.byId.clear();
    [this.place, this.held, this.complete] = [place, null, false];
    this.version += 1;
  }

  /** The connection is lost. What was sent may have arrived, or not: that has to be found out. */
  lose() {
    if (this.place === "live") this.place = "behind";
    [this.held, this.joined] = [null, !this.isRoom];
    this.typing.clear();
    for (const said of this.pending) if (said.state === "sent") said.state = "unsure";
    this.version += 1;
  }

  /** The reactions to an item: a list of `[reaction, nicknames]`. */
  reactionsTo(id) {
    const found = [...(this.#reactions.get(id) ?? [])];
    const present = found.map(([reaction, people]) => [
      reaction,
      [...people.values()].filter(({ on }) => on).map(({ nick }) => nick),
    ]);
    return present.filter(([, nicks]) => nicks.length);
  }

  /** Who is typing at a time, in milliseconds. */
  typingAt(now) {
    return [...this.typing.values()].filter(({ until }) => until > now).map(({ nick }) => nick);
  }

  hearTyping(nick, state, now) {
    if (state in TYPING) this.typing.set(fold(nick), { nick, until: now + TYPING[state] });
    else this.typing.delete(fold(nick));
    this.version += 1;
  }

  /** Everything up to a time is read. Returns whether that is news. */
  read(time) {
    if (!time || time <= this.readAt) return false;
    this.readAt = time;
    this.version += 1;
    return true;
  }

  // What we say.

  /** Something is to be said. It waits until it is sent, and is here until it comes back. */
  say(text, { nick, time, replyTo = "", notice = false }) {
    const command = notice ? "NOTICE" : "PRIVMSG";
    const key = `pending-${++this.#local}`;
    const said = { key, text, nick, time, replyTo, command, state: "waiting", reason: "" };
    this.pending.push(said);
    this.version += 1;
    return said;
  }

  settle(said, state = "", reason = "") {
    if (state) Object.assign(said, { state, reason });
    else this.pending = this.pending.filter((other) => other !== said);
    this.version += 1;
  }

  get unsure() {
    return this.pending.filter(({ state }) => state === "unsure");
  }

  /** Look whether a line of history is what we had sent, in the order in which that was. */
  confirm({ command, params, nick }) {
    const isIt = (said) =>
      said.command === command &&
      fold(said.nick) === fold(nick) &&
      plain(said.text) === plain(params[1] ?? "");
    const said = this.unsure.find(isIt);
    if (said) this.settle(said);
  }

  // Lines.

  #apply(message, reader) {
    if (this.#react(message, true) || this.#redact(message)) return null;
    const item = this.#make(message, reader);
    if (!item) return null;
    this.typing.delete(fold(item.nick));
    this.items.push(item);
    this.version += 1;
    return item;
  }

  #make(message, reader) {
    if (this.byId.has(message.tags.msgid)) return null;
    const item = itemOf(message, reader);
    if (!item) return null;
    item.key = item.id || `local-${++this.#local}`;
    if (item.id) this.byId.set(item.id, item);
    return item;
  }

  #forget(count) {
    for (const item of this.items.splice(0, count)) this.byId.delete(item.id);
    this.complete = false;
  }

  /** Take a reaction, or one that is taken back. An older one counts only where there is no other. */
  #react({ command, tags, nick }, later) {
    if (command !== "TAGMSG") return false;
    const reaction = tags["+draft/react"] ?? tags["+draft/unreact"];
    const id = tags["+draft/reply"] ?? tags["+reply"];
    if (reaction && id) {
      const of = this.#reactions.get(id) ?? new Map();
      const people = of.get(reaction) ?? new Map();
      this.#reactions.set(id, of.set(reaction, people));
      if (later || !people.has(fold(nick)))
        people.set(fold(nick), { nick, on: "+draft/react" in tags });
      if (this.byId.has(id)) this.byId.get(id).changes += 1;
      if (tags.msgid) this.#reactionsById.set(tags.msgid, { people, nick });
      this.version += 1;
    }
    return true;
  }

  #redact({ command, params, nick }) {
    if (command !== "REDACT") return false;
    const [, id, reason = ""] = params;
    const reaction = this.#reactionsById.get(id);
    reaction?.people.set(fold(reaction.nick), { nick: reaction.nick, on: false });
    const item = this.byId.get(id);
    const redacted = { nick, reason };
    if (item) Object.assign(item, { redacted, text: "", mention: false, changes: item.changes + 1 });
    this.version += 1;
    return true;
  }
}
