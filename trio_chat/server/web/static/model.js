// What there is: who we are, the conversations, and who is in them. Pure.
// A line of the server's changes it (`take`), and so does what we do. It knows no network, no clock
// and no page; the time comes with what happens, in milliseconds. What has to be told at once is in
// `news`, which whoever shows it empties.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";
import { Conversation } from "./conversation.js";
import { refusalOf } from "./requests.js";

const SERVICES = new Set(["nickserv", "chanserv"]);
/** What is told nowhere: the frames of lists, figures, and what is shown in another way. */
const UNTOLD = new RegExp(
  "^(00[2-4]|25[0-5]|26[56]|315|31[78]|32[1-4]|329|331|333|352|366|37[56]|422|903|CAP|PONG|ACK|" +
    "AUTHENTICATE|AWAY|REGISTER|VERIFY|CHGHOST|SETNAME|CHATHISTORY)$",
);

const byName = (one, other) => (one.key < other.key ? -1 : 1);
const iso = (now) => new Date(now).toISOString();
const isRoom = (name) => name[0] === "#";
/** The room that a message to its operators alone is for, and any other name as it is. */
const withoutPrefix = (target) => target.replace(/^[^#]+(?=#)/, "");

export class Model {
  nick = "";
  account = "";
  support = { PREFIX: "(ov)@+", CHANMODES: "b,k,l,imnst" };
  conversations = new Map();
  /** The server's time of what happened last; and before the connection was lost. */
  latest = "";
  latestBefore = "";
  news = [];
  /** The folded names of those of whom we read nothing. */
  ignored = new Set();
  isRoom = isRoom;

  /** `marks`: up to when each conversation was read, by its folded name. */
  constructor({ network = "Server", marks = {} } = {}) {
    this.marks = marks;
    /** What the server says to us, and not in a conversation. */
    this.server = new Conversation(network);
    Object.assign(this.server, { key: "", place: "live", complete: true });
    this.active = this.server;
    this.reader = {
      nick: "",
      isOwn: (message) => this.isOwn(message),
      ignores: (nick) => this.ignored.has(fold(nick)),
    };
  }
  isMe(nick) { return fold(nick) === fold(this.nick); }

  isOwn({ nick, tags }) {
    return this.isMe(nick) || Boolean(this.account && tags.account === this.account);
  }
  find(name) { return this.conversations.get(fold(name)); }

  /** The letters of the modes that members have, and the prefixes that show them, highest first. */
  get prefixes() { return /^\((\w*)\)(.*)$/.exec(this.support.PREFIX)?.slice(1) ?? ["", ""]; }

  get all() { return [...this.conversations.values()].sort(byName); }
  get rooms() { return this.all.filter(({ name }) => isRoom(name)); }
  get directs() { return this.all.filter(({ name }) => !isRoom(name)); }

  /** Who is in a room, those with prefixes first. */
  membersOf({ members }) {
    const [, symbols] = this.prefixes;
    const rank = ({ prefix }) => (prefix ? symbols.indexOf(prefix[0]) : symbols.length);
    const order = ([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1);
    return [...members].sort(order).map(([, member]) => member);
  }

  /** Names that begin as a word does, those who spoke last first. */
  namesFor({ name, items, members }, start) {
    const here = new Set([...members.values()].map(({ nick }) => nick));
    if (!isRoom(name)) here.add(name);
    const spoke = items.map(({ nick }) => nick).reverse();
    const names = [...new Set([...spoke.filter((nick) => here.has(nick)), ...here])];
    return names.filter((nick) => nick && !this.isMe(nick) && fold(nick).startsWith(fold(start)));
  }

  /** The conversation of that name, made if it is not there. */
  open(name) {
    const known = this.find(name);
    if (known) return known;
    const made = new Conversation(name);
    if (Object.hasOwn(this.marks, made.key)) made.readAt = this.marks[made.key];
    this.conversations.set(made.key, made);
    return made;
  }
  /** Who talks with us is called something else. */
  rename(conversation, name) {
    this.conversations.delete(conversation.key);
    Object.assign(conversation, { name, key: fold(name) });
    this.conversations.set(conversation.key, conversation);
  }
  close(conversation) {
    this.conversations.delete(conversation.key);
    if (this.active === conversation) this.show([...this.rooms, ...this.directs][0] ?? this.server);
  }

  /** Look at a conversation: a line says where we had left off. */
  show(conversation) {
    this.active.lineAt = "";
    this.active = conversation;
    conversation.lineAt = conversation.unread.count ? conversation.readAt : "";
  }

  /** The connection is lost: history has what comes until it is there again. */
  lose() {
    this.latestBefore = this.latest;
    for (const conversation of this.conversations.values()) conversation.lose();
  }

  /** Take what the server says. `now` is our own time, in milliseconds. */
  take(message, now) {
    const { command, tags } = message;
    if (tags.time > this.latest) this.latest = tags.time;
    this.reader.nick = this.nick;
    if (Object.hasOwn(LINES, command)) LINES[command](this, message, now);
    else if (!UNTOLD.test(command)) this.tell(message, now);
    this.reader.nick = this.nick;
  }

  /** What a command was answered, or what is wrong. */
  tell(message, now) {
    const { command, params } = message;
    const words = /^\d/.test(command) ? params.slice(1) : params;
    const refused = refusalOf(message);
    const text = command === "FAIL" ? words.at(-1) : words.join(" ");
    (refused ? this.active : this.server).tell(plain(text), iso(now), refused ? "error" : "info");
  }
  hear(conversation, message) {
    const item = conversation?.hear(message, this.reader);
    if (item && !item.own && item.kind !== "event") this.news.push({ conversation, item });
  }

  /** Somebody does something that all rooms are shown that they are in. */
  hearInRooms(message, doing) {
    for (const room of this.conversations.values()) {
      if (!room.members.has(fold(message.nick))) continue;
      this.hear(room, message);
      doing(room);
    }
  }

  /** Somebody is not in a room any more. Of one that we left nothing is kept. */
  gone(message, name, nick) {
    const room = this.find(name);
    this.hear(room, message);
    room?.remove(nick);
    if (!room || !this.isMe(nick)) return;
    room.lose();
    room.wanted = false;
    room.members.clear();
    if (message.command === "PART") this.close(room);
  }

  /** Where a message belongs. Who writes to us for the first time begins a conversation. */
  conversationOf(message) {
    const { nick, params, command } = message;
    if (isRoom(withoutPrefix(params[0]))) return this.find(withoutPrefix(params[0]));
    const peer = this.isOwn(message) ? params[0] : nick;
    if (command === "TAGMSG" || command === "REDACT") return this.find(peer);
    const conversation = this.open(peer);
    if (conversation.place === "behind") conversation.held ??= [];
    return conversation;
  }
}

/** What each line changes: `(model, message, now)`. */
const LINES = {
  "001": (model, { params: [nick] }) => (model.nick = nick),
  "005": (model, { params }) => {
    for (const token of params.slice(1, -1)) {
      const [name, value = ""] = token.split(/=(.*)/s);
      model.support[name] = value;
    }
  },
  332: (model, { params: [, room, topic] }) => (model.open(room).topic = topic),
  353: (model, { params }) => {
    const [room, names] = params.slice(-2);
    const [, symbols] = model.prefixes;
    for (const word of names.split(" ").filter(Boolean)) {
      const at = [...word].findIndex((letter) => !symbols.includes(letter));
      model.find(room)?.add(word.slice(at), word.slice(0, at));
    }
  },
  900: (model, { params }) => (model.account = params[2]),
  901: (model) => (model.account = ""),
  ACCOUNT: (model, { nick, params: [account] }) => {
    if (model.isMe(nick)) model.account = account === "*" ? "" : account;
  },
  INVITE: (model, { nick, params: [who, room] }, now) => {
    const whom = model.isMe(who) ? "you" : who;
    model.active.tell(plain(`${nick} invites ${whom} to ${room}`), iso(now));
  },
  JOIN: (model, message) => {
    const { nick, params, tags } = message;
    const room = model.open(params[0]);
    if (model.isMe(nick)) {
      room.enter(params[0], tags.time ?? "");
      // What is said from here on is held until it is known what was said before.
      if (room.place === "behind") room.held = [];
    }
    room.add(nick, "");
    model.hear(room, message);
  },
  KICK: (model, message) => model.gone(message, message.params[0], message.params[1]),
  PART: (model, message) => model.gone(message, message.params[0], message.nick),
  QUIT: (model, message) => model.hearInRooms(message, (room) => room.remove(message.nick)),
  NICK: (model, message) => {
    const { nick, params: [now] } = message;
    model.hearInRooms(message, (room) => room.rename(nick, now));
    const direct = model.find(nick);
    if (model.isMe(nick)) model.nick = now;
    else if (direct && !model.find(now)) model.rename(direct, now);
  },
  MARKREAD: (model, { params: [target, stamp] }) => {
    const conversation = model.find(target);
    const time = stamp?.replace(/^timestamp=|^\*$/, "");
    // What was said before somebody came for the first time is not unread.
    conversation?.read(time || (conversation.readAt ? "" : conversation.joinedAt));
  },
  MODE: (model, message) => {
    const [target, modes = "", ...parameters] = message.params;
    const room = model.find(target);
    if (!isRoom(target) || !room) return;
    model.hear(room, message);
    const [letters, symbols] = model.prefixes;
    const [lists, always, onSet] = model.support.CHANMODES.split(",");
    let sign = "+";
    for (const letter of modes) {
      const rank = symbols[letters.indexOf(letter)];
      if ("+-".includes(letter)) sign = letter;
      else if (rank) room.raise(parameters.shift() ?? "", rank, sign, symbols);
      else if ((lists + always).includes(letter)) parameters.shift();
      else if (onSet.includes(letter) && sign === "+") parameters.shift();
    }
  },
  NOTICE: (model, message, now) => {
    const { nick, params: [target, text] } = message;
    const isServer = nick.includes(".") && !isRoom(withoutPrefix(target));
    if (isServer) model.server.tell(plain(text), iso(now));
    else if (!SERVICES.has(fold(nick)) || model.find(nick)) LINES.PRIVMSG(model, message);
    else model.active.tell(`${nick}: ${plain(text)}`, iso(now));
  },
  PRIVMSG: (model, message) => model.hear(model.conversationOf(message), message),
  REDACT: (model, message) => model.hear(model.conversationOf(message), message),
  TAGMSG: (model, message, now) => {
    const conversation = model.conversationOf(message);
    const typing = message.tags["+typing"];
    if (!typing) model.hear(conversation, message);
    else if (!model.isOwn(message)) conversation?.hearTyping(message.nick, typing, now);
  },
  TOPIC: (model, message) => {
    const [room, topic = ""] = message.params;
    if (model.find(room)) model.find(room).topic = topic;
    model.hear(model.find(room), message);
  },
};
