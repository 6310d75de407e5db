// Being in: what we ask and say on a connection, and coming back on the next one.
//
// After a connection is lost (docs/resuming.md): enter the rooms again; find in history what was sent
// and not answered, which is sent again only where it is certain that it did not arrive; read what was
// said meanwhile; then say what waits. A browser can not reset a connection, so the lost one may still
// say something as long as the server has it: that it has not is certain once our nickname is ours again.

import { byteLength, cut, escapeTag, LINE_LIMIT } from "./irc.js";
import { plainResponses, Registration, TAKEN } from "./registration.js";
import { Lost, Refused, refusalOf, Requests } from "./requests.js";

/** Messages of a page of history, where somebody scrolls; and where we catch up. */
const PAGE = 100;
const LONG_PAGE = 500;
/** Messages that are looked at to see whether the server still knows where we were. */
const FEW_AROUND = 5;
/** Milliseconds that clocks may differ by (chathistory, "Client pseudocode"), and a day. */
const SKEW = 10000;
const DAY = 86400000;
/** Milliseconds between two lines that say that we type. */
const TYPING_PAUSE = 3000;
/** Members of a room up to which we ask who of them is away. */
const FEW = 200;
/** Bytes of our user name and host in front of what others get, at most, with their signs. */
const USER_AND_HOST = 90;
const UNKNOWN = "It can not be known whether this arrived.";
const GAP = "Something may be missing here: the server has forgotten what came next.";

const stamp = (milliseconds) => `timestamp=${new Date(milliseconds).toISOString()}`;
const lastIdOf = (page) => page.findLast(({ tags }) => tags.msgid)?.tags.msgid ?? "";

export class Session {
  /** `connecting`, `ready`, `lost` or `refused`. */
  phase = "connecting";
  #connection;
  #registration = null;
  #requests = null;
  #loading = new Set();
  #typed = new Map();
  #wasIn = false;
  #multiline;

  /** `entrance`: see `Registration`. `rooms`: those to enter. `onPhase(phase, error)` is told how it
   * goes, and `onChange()` that something has changed. */
  constructor({ model, connection, entrance, rooms, onPhase, onChange, now = Date.now }) {
    Object.assign(this, { model, entrance, rooms, onPhase, onChange, now });
    this.#connection = connection;
    Object.assign(connection.handlers, {
      onOpen: () => this.#begin(),
      onLine: (message) => this.#take(message),
      onLost: () => this.#lose(),
    });
  }

  has(...names) {
    return names.every((name) => name in (this.#registration?.enabled ?? {}));
  }

  offers(name) {
    return this.#registration?.offered[name];
  }

  get hasHistory() {
    return this.has("batch", "message-tags", "labeled-response", "draft/chathistory");
  }

  // The connection.

  #become(phase, error = null) {
    this.phase = phase;
    this.onPhase(phase, error);
    this.onChange();
  }

  #begin() {
    const send = (...line) => this.send(...line);
    this.#requests = new Requests(send, (message, about) => this.#hear(message, about));
    this.#registration = new Registration(this.entrance, send);
    this.#become("connecting");
    this.#registration.begin();
  }

  #take(message) {
    if (message.command === "PING") this.send("PONG", message.params);
    else if (this.phase === "connecting") this.#register(message);
    else this.#requests?.take(message);
    this.onChange();
  }

  #register(message) {
    try {
      this.#registration.take(message);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refused(error);
      return;
    }
    if (!refusalOf(message)) this.model.take(message, this.now());
    if (this.#registration.done) this.#enter();
  }

  /** We are not let in. A nickname that is taken may be ours, on the lost connection. */
  #refused(error) {
    this.#lose();
    if (this.#wasIn && TAKEN.has(error.code)) {
      this.#connection.retry();
      this.onPhase("lost", error);
    } else {
      this.#connection.close();
      this.#become("refused", error);
    }
  }

  #lose() {
    this.#requests?.fail("the connection is lost");
    this.#requests = null;
    this.#loading.clear();
    this.model.lose();
    this.#become("lost");
  }

  /** Leave for good. */
  quit(reason = "") {
    this.send("QUIT", reason ? [reason] : []);
    this.hasQuit = true;
    this.#lose();
    this.#connection.close();
    this.#become("refused");
  }

  send(command, params = [], tags = {}) {
    this.#connection.send(command, params, tags);
  }

  /** Ask, and return the lines of the answer. Rejects with `Refused` or `Lost`. */
  async ask(command, params = [], options = {}) {
    if (!this.#requests) throw new Lost("You are not connected.");
    return this.#requests.ask(command, params, options);
  }

  // What happens.

  #hear(message, about) {
    this.model.take(message, this.now());
    const { command } = message;
    if (about?.said && (command === "PRIVMSG" || command === "NOTICE") && this.model.isOwn(message))
      about.conversation.settle(about.said);
    for (const conversation of this.model.conversations.values())
      if (conversation.held) this.arrive(conversation);
  }

  // Coming in, and coming back.

  async #enter() {
    this.#multiline = this.#registration.enabled["draft/multiline"];
    this.#become("ready");
    try {
      if (this.#wasIn) await this.#regain();
      else this.entrance.nick = this.model.nick;
      await this.#makeAccountLate();
      const again = this.model.rooms.filter(({ wanted }) => wanted);
      const rooms = this.#wasIn ? again.map(({ name }) => name) : this.rooms;
      this.#wasIn = true;
      await Promise.all(rooms.map((room) => this.#rejoin(room)));
      for (const direct of this.model.directs) this.arrive(direct);
      if (this.hasHistory) await this.#findDirects();
    } catch (error) {
      this.#failed(error, this.model.server);
    }
  }

  /** Take our nickname back from the lost connection, where we are logged in. */
  async #regain() {
    const { nick } = this.entrance;
    if (this.model.isMe(nick)) return;
    await this.ask("NS", ["GHOST", nick], { quiet: true });
    await this.ask("NICK", [nick]).catch((error) => this.#failed(error, this.model.active));
    this.entrance.nick = this.model.nick;
  }

  async #makeAccountLate() {
    const { register, password, email } = this.entrance;
    if (register && !this.model.account) await this.makeAccount(password, email);
    this.entrance.register = false;
    this.entrance.code = "";
  }

  async #rejoin(name) {
    const key = this.model.find(name)?.channelKey;
    try {
      await this.ask("JOIN", key ? [name, key] : [name]);
      this.arrive(this.model.open(name));
    } catch (error) {
      this.#failed(error, this.model.open(name));
    }
  }

  /** Direct conversations in which something was said: since we were here, or the latest. */
  async #findDirects() {
    const since = this.model.latestBefore ? Date.parse(this.model.latestBefore) - SKEW : 0;
    const times = [stamp(this.now() + DAY), stamp(since)];
    const limit = String(PAGE);
    const page = await this.ask("CHATHISTORY", ["TARGETS", ...times, limit], { quiet: true });
    for (const { command, params } of page)
      if (command === "CHATHISTORY" && !this.model.isRoom(params[1]))
        this.arrive(this.model.directFor(params[1]));
  }

  /** Bring a conversation up to what happens now. */
  async arrive(conversation) {
    if (this.#loading.has(conversation) || !this.#requests) return;
    const requests = this.#requests;
    this.#loading.add(conversation);
    try {
      if (!conversation.held && conversation.place === "behind") conversation.hold();
      if (!conversation.isRoom && this.has("draft/read-marker"))
        this.send("MARKREAD", [conversation.name]);
      await this.#settle(conversation);
      if (conversation.place === "behind") await this.#catchUp(conversation);
    } catch (error) {
      if (!(error instanceof Lost)) conversation.release(this.model.reader);
      this.#failed(error, conversation);
    }
    if (requests !== this.#requests) return;
    this.#loading.delete(conversation);
    this.flush(conversation);
    if (conversation.isRoom && conversation.members.size <= FEW)
      this.send("WHO", [conversation.name, "%tnf,1"]);
    this.onChange();
  }

  /** Say what went wrong, but for the loss of the connection, which is said elsewhere. */
  #failed(error, conversation) {
    if (error instanceof Lost) return;
    if (!(error instanceof Refused)) throw error;
    conversation.tell(error.message, new Date(this.now()).toISOString(), "error");
    this.onChange();
  }

  // History.

  #history(command, conversation, reference, limit = PAGE) {
    const params = [command, conversation.name, reference, String(limit)];
    return this.ask("CHATHISTORY", params, { quiet: true });
  }

  async #catchUp(conversation) {
    const { reader } = this.model;
    const lasts = conversation.isRoom || this.model.account || !conversation.lastId;
    if (this.hasHistory && lasts) {
      if (!conversation.lastId) await this.#readLatest(conversation);
      else if (!(await this.#readOn(conversation))) {
        conversation.tell(GAP, new Date(this.now()).toISOString(), "gap");
        await this.#readLatest(conversation);
      }
    }
    conversation.release(reader);
  }

  async #readLatest(conversation) {
    const page = await this.#history("LATEST", conversation, "*");
    if (!conversation.items.length) conversation.complete = page.length < PAGE;
    conversation.append(page, this.model.reader);
    if (conversation.overflowed) await this.#readOn(conversation);
  }

  /** Read what follows the last item; return false where the server has forgotten that. */
  async #readOn(conversation) {
    let reference = `msgid=${conversation.lastId}`;
    for (let first = true; ; first = false) {
      if (conversation.overflowed) conversation.hold();
      const page = await this.#history("AFTER", conversation, reference, LONG_PAGE);
      if (first && !page.length && !(await this.#knows(conversation, reference))) return false;
      conversation.append(page, this.model.reader);
      if (conversation.meets(page)) return true;
      reference = `msgid=${lastIdOf(page)}`;
    }
  }

  /** Whether the server's history has what we have seen up to a point (docs/resuming.md, 2). */
  async #knows(conversation, reference) {
    const around = await this.#history("AROUND", conversation, reference, FEW_AROUND);
    return around.some(({ tags }) => conversation.has(tags.msgid));
  }

  /** Find out what became of what was sent and not answered (docs/resuming.md, 4). */
  async #settle(conversation) {
    const { unsure, seenId } = conversation;
    if (!unsure.length) return;
    const lasts = conversation.isRoom ? conversation.joined : this.model.account;
    const ours = unsure.every(({ nick }) => this.model.isMe(nick));
    const sure = lasts && ours && seenId && this.hasHistory && (await this.#confirm(conversation));
    for (const said of conversation.unsure)
      conversation.settle(said, sure ? "waiting" : "failed", sure ? "" : UNKNOWN);
  }

  async #confirm(conversation) {
    let reference = `msgid=${conversation.seenId}`;
    for (let first = true; ; first = false) {
      const page = await this.#history("AFTER", conversation, reference, LONG_PAGE);
      if (first && !page.length) return this.#knows(conversation, reference);
      for (const message of page) conversation.confirm(message);
      if (!page.length) return true;
      reference = `msgid=${lastIdOf(page)}`;
    }
  }

  /** Read what is before the first item, or behind the last one, where somebody has gone back. */
  async read(conversation, older) {
    const { firstId, lastId, place, complete } = conversation;
    const done = older ? complete : place !== "past";
    if (this.#loading.has(conversation) || done || !firstId || !this.hasHistory) return;
    this.#loading.add(conversation);
    const requests = this.#requests;
    try {
      if (older) {
        const page = await this.#history("BEFORE", conversation, `msgid=${firstId}`);
        conversation.prepend(page, this.model.reader);
      } else {
        conversation.hold();
        const page = await this.#history("AFTER", conversation, `msgid=${lastId}`);
        conversation.append(page, this.model.reader);
        if (conversation.meets(page)) conversation.release(this.model.reader);
        else conversation.held = null;
      }
    } catch (error) {
      this.#failed(error, conversation);
    }
    if (requests === this.#requests) this.#loading.delete(conversation);
    this.onChange();
  }

  /** Show a message and what is around it. */
  async goTo(conversation, id) {
    if (conversation.has(id)) return;
    const page = await this.#history("AROUND", conversation, `msgid=${id}`);
    conversation.reset("past");
    conversation.append(page, this.model.reader);
    this.onChange();
  }

  /** Show what was said last. */
  async goToEnd(conversation) {
    if (conversation.place !== "past") return;
    conversation.reset("behind");
    await this.arrive(conversation);
  }

  /** Find messages; `where` is a conversation, or null for all. */
  async search(text, where) {
    const words = { text, limit: "50", ...(where && { in: where.name }) };
    const query = Object.entries(words).map(([name, value]) => `${name}=${escapeTag(value)}`);
    const found = await this.ask("SEARCH", [query.join(";")], { quiet: true });
    return found.filter(({ command }) => command === "PRIVMSG" || command === "NOTICE");
  }

  // Saying.

  /** Say a text: now, or when there is a connection again. */
  say(conversation, text, { replyTo = "", notice = false } = {}) {
    const time = new Date(this.now()).toISOString();
    for (const part of this.#parts(text, this.#room(conversation, notice)))
      conversation.say(part, { nick: this.entrance.nick, time, replyTo, notice });
    this.#typed.delete(conversation);
    if (conversation.place === "behind" && conversation.joined) this.arrive(conversation);
    this.flush(conversation);
    this.onChange();
  }

  /** Say once more, or forget, what was not sent. */
  forget(conversation, said) {
    conversation.settle(said);
    this.onChange();
  }

  again(conversation, said) {
    conversation.settle(said, "waiting");
    this.flush(conversation);
  }

  flush(conversation) {
    const ready = this.phase === "ready" && conversation.joined && !this.#loading.has(conversation);
    if (!ready || conversation.place === "behind") return;
    for (const said of conversation.pending.filter(({ state }) => state === "waiting"))
      this.#sendSaid(conversation, said);
  }

  async #sendSaid(conversation, said) {
    const tags = said.replyTo ? { "+draft/reply": said.replyTo } : {};
    const write = (all) => this.#write(conversation, said, all);
    conversation.settle(said, "sent");
    try {
      await this.ask("", [], { tags, write, about: { conversation, said } });
      conversation.settle(said);
    } catch (error) {
      if (error instanceof Refused) conversation.settle(said, "failed", error.message);
    }
    this.onChange();
  }

  /** Bytes of a line that are left for what is said. */
  #room(conversation, notice) {
    const head = `:${this.model.nick || this.entrance.nick}${notice ? " NOTICE" : " PRIVMSG"}`;
    return LINE_LIMIT - byteLength(`${head} ${conversation.name} :\r\n`) - USER_AND_HOST;
  }

  /** What each message has of a text that is too long for one. */
  #parts(text, room) {
    const value = this.#multiline;
    const limit = (name) => Number(new RegExp(`${name}=(\\d+)`).exec(value ?? "")?.[1] ?? Infinity);
    const pieces = text.split("\n").map((line) => (line ? cut(line, room) : [""]));
    if (value === undefined) return pieces.flat().filter(Boolean);
    const parts = [];
    let [part, lines, size] = [[], 0, 0];
    for (const line of pieces) {
      const more = line.reduce((sum, piece) => sum + byteLength(piece) + 1, 0);
      if (part.length && (lines + line.length > limit("max-lines") || size + more > limit("max-bytes"))) {
        parts.push(part.join("\n"));
        [part, lines, size] = [[], 0, 0];
      }
      part.push(line.join(""));
      [lines, size] = [lines + line.length, size + more];
    }
    return [...parts, part.join("\n")].filter((one) => one.trim());
  }

  #write(conversation, { text, command }, tags) {
    const room = this.#room(conversation, command === "NOTICE");
    const lines = text.split("\n").map((line) => (line ? cut(line, room) : [""]));
    if (lines.flat().length === 1) {
      this.send(command, [conversation.name, text], tags);
      return;
    }
    this.send("BATCH", ["+m", "draft/multiline", conversation.name], tags);
    for (const [first, ...rest] of lines) {
      this.send(command, [conversation.name, first], { batch: "m" });
      for (const piece of rest)
        this.send(command, [conversation.name, piece], { batch: "m", "draft/multiline-concat": "" });
    }
    this.send("BATCH", ["-m"]);
  }

  async react(conversation, id, reaction, on) {
    const tags = { "+draft/reply": id, [on ? "+draft/react" : "+draft/unreact"]: reaction };
    await this.ask("TAGMSG", [conversation.name], { tags });
  }

  async redact(conversation, id) {
    await this.ask("REDACT", [conversation.name, id]);
  }

  /** Say that somebody types here, or has stopped, no more often than one may. */
  type(conversation, isTyping) {
    const last = this.#typed.get(conversation) ?? -Infinity;
    const can = this.phase === "ready" && this.has("message-tags") && conversation.joined;
    const isNews = isTyping || this.#typed.has(conversation);
    if (!can || !isNews || this.now() - last < TYPING_PAUSE) return;
    this.send("TAGMSG", [conversation.name], { "+typing": isTyping ? "active" : "done" });
    if (isTyping) this.#typed.set(conversation, this.now());
    else this.#typed.delete(conversation);
  }

  /** Everything in a conversation that is shown is read. */
  markRead(conversation) {
    const time = conversation.items.findLast((item) => item.id)?.time;
    if (!conversation.read(time)) return;
    this.model.marks[conversation.key] = time;
    if (this.phase === "ready" && this.has("draft/read-marker") && conversation.joined)
      this.send("MARKREAD", [conversation.name, `timestamp=${time}`]);
  }

  // Accounts.

  async logIn(account, password) {
    await this.ask("AUTHENTICATE", ["PLAIN"], { quiet: true });
    const [...pieces] = plainResponses(account, password);
    const last = pieces.pop();
    for (const piece of pieces) this.send("AUTHENTICATE", [piece]);
    await this.ask("AUTHENTICATE", [last]);
    Object.assign(this.entrance, { account, password });
  }

  /** Make an account of our nickname. Returns what the server says: perhaps that a code is mailed. */
  async makeAccount(password, email = "") {
    const replies = await this.ask("REGISTER", ["*", email || "*", password]);
    Object.assign(this.entrance, { account: this.model.nick, password });
    return replies.find(({ command }) => command === "REGISTER")?.params ?? [];
  }

  async verify(code) {
    await this.ask("VERIFY", [this.model.nick, code]);
  }

  async logOut() {
    await this.ask("NS", ["LOGOUT"]);
    Object.assign(this.entrance, { account: "", password: "" });
  }
}
