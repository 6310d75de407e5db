// One conversation: a room, or what is said between us and one person. Pure.
// Its items are in the order in which everybody is shown them, each once: all lines have an id, by
// which what comes live and what history has are found to be the same. `reader` is always who reads
// it: `{nick, isOwn(message), ignores(nick)}`.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";

/** Items above which the oldest are let go, where nobody looks at them; and how many stay. */
const MANY = 1500;
const KEPT = 500;
/** Milliseconds for which somebody is typing, by what they have said last (`typing`). */
const TYPING = new Map([["active", 6000], ["paused", 30000]]);
const ACTION = /^\x01ACTION ?([^\x01]*)\x01?$/s;
const SAID = new Set(["message", "action", "notice"]);

const because = (reason) => (reason ? ` (${reason})` : "");
/** What happened, as words behind the nickname of who did it. */
const EVENTS = {
  JOIN: () => "joined",
  PART: ([, reason]) => `left${because(reason)}`,
  QUIT: ([reason]) => `left${because(reason?.replace(/^Quit: /, ""))}`,
  KICK: ([, who, reason]) => `removed ${who}${because(reason)}`,
  NICK: ([name]) => `is now ${name}`,
  MODE: ([, ...modes]) => `set ${modes.join(" ")}`,
  TOPIC: ([, topic]) => (topic ? `set the topic: ${topic}` : "took the topic away"),
};
/** Events that are folded: people come and go. */
const FOLDED = new Set(["JOIN", "PART", "QUIT", "NICK"]);

/** Whether a text names somebody, as a word of its own. */
export function mentions(text, nick) {
  const name = fold(nick).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const alone = new RegExp(`(?<![\\p{L}\\p{N}_-])${name}(?![\\p{L}\\p{N}_-])`, "u");
  return alone.test(fold(plain(text)));
}

/** The id of the message that another one is about, as a reply or a reaction. */
const aboutOf = (tags) => tags["+draft/reply"] ?? tags["+reply"] ?? "";

/** Make an item of a line; null for one that is not shown by itself. */
function itemOf(message, { nick, isOwn, ignores }) {
  const { command, params, tags } = message;
  const own = isOwn(message);
  const base = { id: tags.msgid ?? "", time: tags.time ?? "", nick: message.nick, own, changes: 0 };
  if (command !== "PRIVMSG" && command !== "NOTICE") {
    const text = EVENTS[command]?.(params);
    return text ? { ...base, kind: "event", text, folds: FOLDED.has(command) } : null;
  }
  const action = ACTION.exec(params[1]);
  if ((params[1][0] === "\x01" && !action) || (!own && ignores(message.nick))) return null;
  const kind = action ? "action" : command === "NOTICE" ? "notice" : "message";
  const text = action ? action[1] : params[1];
  const to = /^[^#]+(?=#)/.exec(params[0])?.[0] ?? "";
  return { ...base, kind, text, to, replyTo: aboutOf(tags), mention: !own && mentions(text, nick) };
}

export class Conversation {
  topic = "";
  channelKey = "";
  /** Folded nickname → `{nick, prefix}`. */
  members = new Map();
  items = [];
  byId = new Map();
  /** What follows the last item: `live`, what happens now; `behind`, history that we have missed;
   * `past`, history that was left out, as somebody has gone back far. */
  place = "behind";
  /** The last line that came live: what we have said and not seen comes after it. */
  seenId = "";
  /** What comes live while history is read; null while it is not. */
  held = null;
  /** Messages that came live and are not among the items. */
  unseen = 0;
  /** Whether the first item is the first of all. */
  complete = false;
  /** Times: of the last item that was read, of that after which a line stands, and of our JOIN. */
  readAt = "";
  lineAt = "";
  joinedAt = "";
  /** What we have said and the server has not shown us yet: `{key, text, nick, replyTo, state,
   * reason}`, with the state `waiting`, `sent`, `unsure` (whether it arrived) or `failed`. */
  pending = [];
  draft = "";
  replyTo = "";
  atBottom = true;
  #typing = new Map();
  #reactions = new Map();
  #local = 0;

  constructor(name) {
    this.name = name;
    this.key = fold(name);
    this.isRoom = name[0] === "#";
    /** Whether we can write here: directly one always can; and whether we come back to the room. */
    this.joined = !this.isRoom;
    this.wanted = this.isRoom;
  }
  enter(name, time) {
    Object.assign(this, { name, joined: true, wanted: true, joinedAt: time });
    this.members.clear();
  }
  add(nick, prefix) { this.members.set(fold(nick), { nick, prefix }); }

  remove(nick) {
    this.members.delete(fold(nick));
    this.#typing.delete(fold(nick));
  }
  rename(before, now) {
    const { prefix } = this.members.get(fold(before));
    this.remove(before);
    this.add(now, prefix);
  }

  /** A member is given or loses what a prefix shows; they have all of theirs, from the highest. */
  raise(nick, symbol, sign, symbols) {
    const member = this.members.get(fold(nick)) ?? {};
    const all = new Set(member.prefix);
    all[sign === "+" ? "add" : "delete"](symbol);
    member.prefix = [...symbols].filter((one) => all.has(one)).join("");
  }
  get firstId() { return this.items.find((item) => item.id)?.id ?? ""; }
  get lastId() { return this.items.findLast((item) => item.id)?.id ?? ""; }
  has(id) { return this.byId.has(id); }

  /** How much was said since the last item that was read, and whether we were meant. */
  get unread() {
    let [count, mentioned] = [this.unseen, false];
    for (let at = this.items.length - 1; at >= 0; at--) {
      const { id, time, own, redacted, kind, mention } = this.items[at];
      if (id && time <= this.readAt) break;
      if (own || redacted || !SAID.has(kind)) continue;
      count += 1;
      mentioned ||= mention || !this.isRoom;
    }
    return { count, mentioned };
  }

  /** Everything up to a time is read. Returns whether that is news. */
  read(time) {
    if (!time || time <= this.readAt) return false;
    this.readAt = time;
    return true;
  }

  /** Take what happens now. Returns the item that it is, if it is one. */
  hear(message, reader) {
    if (!this.unsure.length) this.seenId = message.tags.msgid ?? this.seenId;
    if (this.place === "live") {
      const item = this.#apply(message, reader);
      if (this.atBottom && this.items.length > MANY) this.#forget(this.items.length - KEPT);
      return item;
    }
    this.held?.push(message);
    const item = itemOf(message, reader);
    if (!this.held && item && SAID.has(item.kind) && !item.own) this.unseen += 1;
    return item;
  }

  /** Take a page that follows the last item. */
  append(messages, reader) { for (const message of messages) this.#apply(message, reader); }

  /** Whether a page ends where what is held begins, so that nothing is between them. */
  meets(page) {
    const first = this.held?.find(({ tags }) => tags.msgid)?.tags.msgid;
    return !page.length || page.some(({ tags }) => first && tags.msgid === first);
  }

  /** History is read: from here on everything comes live. */
  release(reader) {
    const held = this.held ?? [];
    [this.held, this.place, this.unseen] = [null, "live", 0];
    this.append(held, reader);
    if (!this.unsure.length) this.seenId = this.lastId;
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
  }

  /** Say something here that is not from the server, such as what a command has found out. */
  tell(text, time, kind = "info") {
    const key = `local-${++this.#local}`;
    this.items.push({ key, id: "", time, kind, nick: "", text, own: true, changes: 0 });
  }

  /** Forget the items: others are shown, from another place in history. */
  reset(place) {
    this.#forget(this.items.length);
    [this.place, this.held] = [place, null];
  }

  /** The connection is lost. What was sent may have arrived, or not: that has to be found out. */
  lose() {
    if (this.place === "live") this.place = "behind";
    [this.held, this.joined] = [null, !this.isRoom];
    this.#typing.clear();
    for (const said of this.pending) if (said.state === "sent") said.state = "unsure";
  }

  /** The reactions to an item: a list of `[reaction, nicknames]`. */
  reactionsTo(id) {
    const all = [...(this.#reactions.get(id) ?? [])];
    const who = (people) => [...people.values()].filter(({ on }) => on).map(({ nick }) => nick);
    return all.map(([one, people]) => [one, who(people)]).filter(([, nicks]) => nicks.length);
  }

  /** Who is typing at a time, in milliseconds. */
  typingAt(now) {
    return [...this.#typing.values()].filter(({ until }) => until > now).map(({ nick }) => nick);
  }
  hearTyping(nick, state, now) {
    this.#typing.delete(fold(nick));
    const until = now + (TYPING.get(state) ?? 0);
    if (until > now) this.#typing.set(fold(nick), { nick, until });
  }
  get unsure() { return this.pending.filter(({ state }) => state === "unsure"); }

  /** Something is to be said. It waits until it is sent, and is here until it comes back. */
  say(text, nick, replyTo) {
    const key = `pending-${++this.#local}`;
    this.pending.push({ key, text, nick, replyTo, state: "waiting", reason: "" });
  }

  /** Say what became of something that we have said; without a state, it is there, or forgotten. */
  settle(said, state = "", reason = "") {
    if (state) Object.assign(said, { state, reason });
    else this.pending = this.pending.filter((other) => other !== said);
  }

  /** Look whether a line of history is what we had sent, in the order in which that was. */
  confirm({ command, params, nick }) {
    if (command !== "PRIVMSG") return;
    const isIt = (one) => fold(one.nick) === fold(nick) && plain(one.text) === plain(params[1]);
    this.settle(this.unsure.find(isIt));
  }
  #apply(message, reader) {
    if (this.#react(message, true) || this.#redact(message)) return null;
    const item = this.#make(message, reader);
    if (!item) return null;
    this.#typing.delete(fold(item.nick));
    this.items.push(item);
    return item;
  }
  #make(message, reader) {
    const item = this.has(message.tags.msgid) ? null : itemOf(message, reader);
    if (!item) return null;
    item.key = item.id || `local-${++this.#local}`;
    if (item.id) this.byId.set(item.id, item);
    return item;
  }
  #forget(count) {
    for (const item of this.items.splice(0, count)) this.byId.delete(item.id);
    this.complete = false;
  }

  /** Take a reaction, given or taken back. An older one counts only where there is no other. */
  #react({ command, tags, nick }, later) {
    if (command !== "TAGMSG") return false;
    const reaction = tags["+draft/react"] ?? tags["+draft/unreact"];
    const id = aboutOf(tags);
    if (!reaction || !id) return true;
    const all = this.#reactions.get(id) ?? new Map();
    const people = all.get(reaction) ?? new Map();
    this.#reactions.set(id, all.set(reaction, people));
    const known = people.has(fold(nick));
    if (later || !known) people.set(fold(nick), { nick, on: "+draft/react" in tags });
    if (this.has(id)) this.byId.get(id).changes += 1;
    return true;
  }
  #redact({ command, params, nick }) {
    if (command !== "REDACT") return false;
    const [, id, reason = ""] = params;
    const item = this.byId.get(id) ?? {};
    const changes = item.changes + 1;
    Object.assign(item, { redacted: { nick, reason }, text: "", mention: false, changes });
    return true;
  }
}
