// What there is: who we are, the conversations, and who is in them. Pure.
//
// A line of the server's changes it (`take`), and so does what we do. It knows no network, no clock
// and no page; the time comes with what happens, in milliseconds. What has to be told at once is in
// `news`, which whoever shows it empties.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";
import { Conversation } from "./conversation.js";

const SERVICES = new Set(["nickserv", "chanserv"]);
/** Replies that are shown nowhere: the frames of lists, and figures. */
const UNTOLD = /^(00[2-4]|25[0-5]|26[56]|315|31[78]|32[1-4]|329|33[13]|35[24]|366|37[56]|422|90[013]|CAP|PONG|ACK|AUTHENTICATE|REGISTER|VERIFY|CHGHOST|SETNAME|CHATHISTORY)$/;

export class Model {
  /** `marks`: up to when each conversation was read, by its folded name. */
  constructor({ network = "Server", marks = {} } = {}) {
    this.marks = marks;
    this.nick = "";
    this.account = "";
    this.support = { CHATHISTORY: "100", PREFIX: "(ov)@+", CHANMODES: "b,k,l,imnst" };
    this.conversations = new Map();
    /** What the server says to us, and not in a conversation. */
    this.server = new Conversation(network, false);
    Object.assign(this.server, { key: "", place: "live", complete: true });
    this.active = this.server;
    /** The server's time of the last thing that happened while we were connected. */
    this.latest = "";
    this.latestBefore = "";
    this.news = [];
    this.version = 0;
    this.#accounts = new Map();
    /** The folded names of those of whom we read nothing. */
    this.ignored = new Set();
    this.reader = {
      nick: "",
      isOwn: (message) => this.isOwn(message),
      ignores: (nick) => this.ignored.has(fold(nick)),
    };
  }

  #accounts;

  // Looking.

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  isOwn({ nick, tags }) {
    return this.isMe(nick) || Boolean(this.account && tags.account === this.account);
  }

  isRoom(name) {
    return name[0] === "#";
  }

  find(name) {
    return name === "" ? this.server : this.conversations.get(fold(name));
  }

  /** The prefixes of members, from the highest. */
  get prefixes() {
    return /^\((\w*)\)(.*)$/.exec(this.support.PREFIX)?.slice(1) ?? ["", ""];
  }

  get rooms() {
    return [...this.conversations.values()].filter(({ isRoom }) => isRoom).sort(byName);
  }

  get directs() {
    return [...this.conversations.values()].filter(({ isRoom }) => !isRoom).sort(byName);
  }

  /** Who is in a room, those with prefixes first. */
  membersOf(conversation) {
    const [, symbols] = this.prefixes;
    const rank = ({ prefix }) => (prefix ? symbols.indexOf(prefix[0]) : symbols.length);
    const members = [...conversation.members.values()];
    return members.sort((one, other) => rank(one) - rank(other) || compare(one.nick, other.nick));
  }

  /** Names that begin as a word does, those who spoke last first. */
  namesFor(conversation, start) {
    const spoke = conversation.items.filter(({ kind }) => kind !== "event").map(({ nick }) => nick);
    const there = [...conversation.members.values()].map(({ nick }) => nick);
    const peers = conversation.isRoom ? there : [conversation.name, ...there];
    const here = new Set(peers);
    const names = [...new Set([...spoke.reverse().filter((nick) => here.has(nick)), ...peers])];
    return names.filter((nick) => nick && !this.isMe(nick) && fold(nick).startsWith(fold(start)));
  }

  // Doing.

  /** The conversation of that name, made if it is not there. */
  open(name) {
    const known = this.find(name);
    if (known) return known;
    const made = new Conversation(name, this.isRoom(name));
    if (Object.hasOwn(this.marks, made.key)) made.readAt = this.marks[made.key];
    this.conversations.set(made.key, made);
    this.version += 1;
    return made;
  }

  close(conversation) {
    this.conversations.delete(conversation.key);
    if (this.active === conversation) this.show([...this.rooms, ...this.directs][0] ?? this.server);
    this.version += 1;
  }

  /** Look at a conversation: a line says where we had left off. */
  show(conversation) {
    this.active.lineAt = "";
    this.active = conversation;
    conversation.lineAt = conversation.unread.count ? conversation.readAt : "";
    this.version += 1;
  }

  /** The connection is lost: history has what comes until it is there again. */
  lose() {
    this.latestBefore = this.latest;
    for (const conversation of this.conversations.values()) conversation.lose();
    this.version += 1;
  }

  /** The conversation with somebody whom history calls by the name of their account. */
  directFor(name) {
    const known = this.directs.find(({ key }) => this.#accounts.get(key) === fold(name));
    return this.find(name) ?? known ?? this.open(name);
  }

  // Lines.

  /** Take what the server says. `now` is our own time, in milliseconds. */
  take(message, now) {
    const { command, tags } = message;
    if (tags.time && tags.time > this.latest) this.latest = tags.time;
    this.reader.nick = this.nick;
    this.version += 1;
    if (HANDLED.has(command)) this[`on${command}`](message, now);
    else if (!UNTOLD.test(command)) this.onReply(message, now);
  }

  #hear(conversation, message) {
    const item = conversation.hear(message, this.reader);
    if (item && !item.own && item.kind !== "event") this.news.push({ conversation, item });
  }

  #inRoomsOf(nick, doing) {
    for (const conversation of this.conversations.values())
      if (conversation.members.has(fold(nick))) doing(conversation);
  }

  on001({ params: [nick] }) {
    this.nick = nick;
    this.reader.nick = nick;
  }

  on005({ params }) {
    for (const token of params.slice(1, -1)) {
      const [name, value = ""] = token.split(/=(.*)/s);
      this.support[name] = value;
    }
  }

  on301({ params: [, nick, text] }, now) {
    (this.find(nick) ?? this.active).tell(`${nick} is away: ${text}`, iso(now));
  }

  on332({ params: [, room, topic] }) {
    this.open(room).topic = topic;
  }

  on331({ params: [, room] }) {
    this.open(room).topic = "";
  }

  on353({ params }) {
    const room = this.open(params.at(-2));
    const [, symbols] = this.prefixes;
    room.naming ??= new Map();
    for (const word of params.at(-1).split(" ").filter(Boolean)) {
      const nick = word.replace(new RegExp(`^[${symbols.replace(/[\]\\^-]/g, "\\$&")}]+`), "");
      const prefix = word.slice(0, word.length - nick.length);
      room.naming.set(fold(nick), { nick, prefix, away: room.members.get(fold(nick))?.away ?? false });
    }
  }

  on366({ params: [, name] }) {
    const room = this.find(name);
    if (!room?.naming) return;
    room.members = room.naming;
    room.naming = undefined;
    room.version += 1;
  }

  on354({ params: [, , nick, flags] }) {
    this.#inRoomsOf(nick, ({ members }) => (members.get(fold(nick)).away = flags[0] === "G"));
  }

  on900({ params }) {
    this.account = params[2];
  }

  on901() {
    this.account = "";
  }

  onJOIN(message) {
    const { nick, params, tags } = message;
    const room = this.open(params[0]);
    if (this.isMe(nick)) {
      [room.name, room.joined, room.wanted] = [params[0], true, true];
      room.members.clear();
      // What is said from here on is held until it is known what was said before.
      if (room.place === "behind") room.hold();
    }
    room.members.set(fold(nick), { nick, prefix: "", away: false });
    this.#hear(room, message);
    if (this.isMe(nick)) room.joinedAt = tags.time ?? "";
  }

  onMARKREAD({ params: [target, stamp] }) {
    const conversation = this.find(target);
    const time = stamp?.replace(/^timestamp=/, "");
    // What was said before somebody came for the first time is not unread.
    if (conversation && time === "*" && conversation.isRoom && !conversation.readAt)
      conversation.read(conversation.joinedAt);
    else if (time && time !== "*") conversation?.read(time);
  }

  onPART(message) {
    this.#gone(message, message.params[0], message.nick, false);
  }

  onKICK(message) {
    this.#gone(message, message.params[0], message.params[1], true);
  }

  #gone(message, name, nick, stays) {
    const room = this.find(name);
    if (!room) return;
    this.#hear(room, message);
    room.members.delete(fold(nick));
    room.typing.delete(fold(nick));
    if (!this.isMe(nick)) return;
    room.lose();
    room.wanted = false;
    room.members.clear();
    if (!stays) this.close(room);
  }

  onQUIT(message) {
    this.#inRoomsOf(message.nick, (room) => {
      this.#hear(room, message);
      room.members.delete(fold(message.nick));
      room.typing.delete(fold(message.nick));
    });
  }

  onNICK(message) {
    const [before, now] = [message.nick, message.params[0]];
    this.#inRoomsOf(before, (room) => {
      this.#hear(room, message);
      const member = room.members.get(fold(before));
      room.members.delete(fold(before));
      room.members.set(fold(now), { ...member, nick: now });
    });
    if (this.isMe(before)) this.nick = now;
    this.reader.nick = this.nick;
  }

  onMODE(message) {
    const [target, modes = "", ...parameters] = message.params;
    const room = this.find(target);
    if (!room?.isRoom) return;
    this.#hear(room, message);
    const [letters, symbols] = this.prefixes;
    const [lists, always, onSet] = this.support.CHANMODES.split(",");
    let sign = "+";
    for (const letter of modes) {
      if (letter === "+" || letter === "-") sign = letter;
      else if (letters.includes(letter)) {
        const member = room.members.get(fold(parameters.shift() ?? ""));
        if (member) member.prefix = changed(member.prefix, symbols[letters.indexOf(letter)], sign, symbols);
      } else if ((lists + always).includes(letter) || (sign === "+" && onSet.includes(letter)))
        parameters.shift();
    }
  }

  onTOPIC(message) {
    const room = this.find(message.params[0]);
    if (!room) return;
    room.topic = message.params[1] ?? "";
    this.#hear(room, message);
  }

  onRENAME(message) {
    const [before, name] = message.params;
    const room = this.find(before);
    if (!room) return;
    this.conversations.delete(room.key);
    [room.name, room.key] = [name, fold(name)];
    this.conversations.set(room.key, room);
    this.#hear(room, message);
  }

  onAWAY({ nick, params }) {
    this.#inRoomsOf(nick, (room) => {
      room.members.get(fold(nick)).away = params.length > 0;
      room.version += 1;
    });
  }

  onACCOUNT({ nick, params: [account] }) {
    if (this.isMe(nick)) this.account = account === "*" ? "" : account;
  }

  onINVITE({ nick, params: [who, room] }, now) {
    const whom = this.isMe(who) ? "you" : who;
    const where = this.isMe(who) ? this.active : (this.find(room) ?? this.active);
    const how = whom === "you" ? `: /join ${room} to go there` : "";
    where.tell(`${nick} invites ${whom} to ${room}${how}`, iso(now));
  }

  onPRIVMSG(message, now) {
    const conversation = this.#conversationOf(message);
    const typing = message.tags["+typing"];
    if (message.command === "TAGMSG" && typing) {
      if (!this.isOwn(message)) conversation?.hearTyping(message.nick, typing, now);
      return;
    }
    if (conversation) this.#hear(conversation, message);
    else if (message.command !== "TAGMSG") this.onReply(message, now);
  }

  onNOTICE(message, now) {
    const { nick, params } = message;
    const open = this.find(nick);
    if (nick.includes(".") && !this.isRoom(params[0])) this.server.tell(params[1], iso(now));
    else if (SERVICES.has(fold(nick)) && !open) this.active.tell(`${nick}: ${params[1]}`, iso(now));
    else this.onPRIVMSG(message, now);
  }

  onTAGMSG(message, now) {
    this.onPRIVMSG(message, now);
  }

  onREDACT(message) {
    const conversation = this.#conversationOf(message);
    if (conversation) this.#hear(conversation, message);
  }

  /** Where a message belongs; directly, somebody who writes to us for the first time begins one. */
  #conversationOf(message) {
    const { nick, params, tags, command } = message;
    const room = params[0].replace(/^[^#]+(?=#)/, "");
    if (this.isRoom(room)) return this.find(room);
    const peer = this.isOwn(message) ? params[0] : nick;
    if (tags.account && peer === nick) this.#accounts.set(fold(peer), fold(tags.account));
    if (command === "TAGMSG" || command === "REDACT") return this.find(peer);
    const conversation = this.open(peer);
    if (conversation.place === "behind" && !conversation.held) conversation.hold();
    return conversation;
  }

  /** Anything else: what a command was answered, or what is wrong. */
  onReply({ command, params }, now) {
    const words = /^\d/.test(command) ? params.slice(1) : params;
    const isError = /^[45]\d\d$/.test(command) || command === "FAIL";
    const text = isError && command === "FAIL" ? words.at(-1) : words.join(" ");
    (isError ? this.active : this.server).tell(plain(text), iso(now), isError ? "error" : "info");
  }
}

/** The commands that have a handler of their own. */
const HANDLED = new Set(
  Object.getOwnPropertyNames(Model.prototype)
    .filter((name) => /^on[A-Z\d]{3,}$/.test(name))
    .map((name) => name.slice(2)),
);

const compare = (one, other) => (fold(one) < fold(other) ? -1 : 1);
const byName = (one, other) => compare(one.name, other.name);
const iso = (now) => new Date(now).toISOString();

/** The prefixes of a member behind a change of mode, from the highest. */
function changed(prefix, symbol, sign, symbols) {
  const without = [...prefix].filter((one) => one !== symbol);
  const all = sign === "+" ? [...without, symbol] : without;
  return all.sort((one, other) => symbols.indexOf(one) - symbols.indexOf(other)).join("");
}
