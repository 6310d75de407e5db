// Being in: what we ask and say on a connection, and coming back on the next one.
// After a connection is lost (docs/resuming.md): enter the rooms; find in history what was sent and
// not answered, which is sent again only where it is certain that it did not arrive; read what was
// said meanwhile; say what waits. A browser can not reset a connection, so the lost one may say
// something as long as the server has it: it has not any more when our nickname is ours again.

import { byteLength, cut, escapeTag, LINE_LIMIT } from "./irc.js";
import { FINAL, plainResponses, Registration, TAKEN } from "./registration.js";
import { Lost, Refused, refusalOf, Requests } from "./requests.js";

/** Messages of a page of history: where somebody scrolls, and where we catch up. */
const PAGE = 100;
const LONG_PAGE = 500;
/** Milliseconds that clocks may differ by (chathistory, "Client pseudocode"), and a day. */
const SKEW = 10000;
const DAY = 86400000;
/** Milliseconds between two lines that say that we type. */
const TYPING_PAUSE = 3000;
/** Bytes of our user name and host in front of what others get, at most, with their signs. */
const USER_AND_HOST = 90;
const UNKNOWN = "It can not be known whether this arrived.";
const GAP = "Something may be missing here: the server has forgotten what came next.";

const stamp = (milliseconds) => `timestamp=${new Date(milliseconds).toISOString()}`;
const after = (page) => `msgid=${page.findLast(({ tags }) => tags.msgid)?.tags.msgid ?? ""}`;
const lineOf = (text, room) => (text ? cut(text, room) : [""]);

export class Session {
  /** `connecting`, `ready`, `lost` or `refused`; and whether it is so because we have left. */
  phase = "lost";
  hasQuit = false;
  /** How we come in: see `Registration`. */
  entrance = {};
  #connection;
  #registration = null;
  #requests = null;
  /** What is done about the history of conversations. */
  #loading = new Map();
  #typed = new Map();
  /** Up to when what was read, that the server has not been told. */
  #marks = new Map();
  /** Whether we have been in; who we are was said anew since; another client of ours sent us off. */
  #wasIn = false;
  #isNew = true;
  #wasSentOff = false;
  #multiline;

  /** `rooms`: those to enter. `onPhase(phase, error)` is told how it goes, and `onChange()` that
   * something has changed. */
  constructor({ model, connection, rooms, onPhase, onChange, now = Date.now }) {
    Object.assign(this, { model, rooms, onPhase, onChange, now });
    this.#connection = connection;
    Object.assign(connection.handlers, {
      onOpen: () => this.#begin(),
      onLine: (message) => this.#take(message),
      onLost: () => this.#lose(),
    });
  }
  has(...names) { return names.every((name) => name in (this.#registration?.enabled ?? {})); }
  get #time() { return new Date(this.now()).toISOString(); }

  /** Come in, as who `entrance` says, whatever there was. */
  enter(entrance) {
    Object.assign(this.entrance, entrance);
    this.#isNew = true;
    this.#lose();
    this.#connection.open();
  }
  #become(phase, error = null) {
    this.phase = phase;
    this.onPhase(phase, error);
    this.onChange();
  }
  #begin() {
    const send = (...line) => this.send(...line);
    this.#requests = new Requests(send, (message, about) => this.#hear(message, about));
    this.#registration = new Registration(this.entrance, send);
    this.model.account = "";
    this.#become("connecting");
    this.#registration.begin();
  }
  #take(message) {
    if (message.command === "ERROR") this.#wasSentOff = message.params[0].includes("(GHOST ");
    if (message.command === "PING") this.send("PONG", message.params);
    else if (this.phase === "connecting") this.#register(message);
    else this.#requests?.take(message);
    this.onChange();
  }
  #register(message) {
    const refusal = this.#registration.take(message);
    if (refusal) this.#refused(refusal);
    else if (!refusalOf(message)) this.model.take(message, this.now());
    if (this.#registration.done) this.#enter();
  }

  /** We are not let in. A nickname that is taken may be ours, on the lost connection; and who was in
   * before comes again, unless that can not help. */
  #refused(refusal) {
    const mayHelp = refusal && (TAKEN.has(refusal.code) || !(this.#isNew || FINAL.has(refusal.code)));
    const again = this.#wasIn && mayHelp;
    this.#lose();
    this.#become(again ? "lost" : "refused", refusal);
    if (again) this.#connection.retry();
    else this.#connection.close();
  }
  #lose() {
    this.#requests?.fail("The connection is lost.");
    this.#requests = null;
    this.#loading.clear();
    this.model.lose();
    this.#become("lost");
  }

  /** Leave for good. */
  quit(reason = "") {
    this.send("QUIT", reason ? [reason] : []);
    this.hasQuit = true;
    this.#refused(null);
  }
  send(command, params = [], tags = {}) { this.#connection.send(command, params, tags); }

  /** Ask, and return the lines of the answer. Rejects with `Refused` or `Lost`. */
  async ask(command, params = [], options = {}) {
    if (this.phase !== "ready") throw new Lost("You are not connected.");
    return this.#requests.ask(command, params, options);
  }
  /** Say something of which nobody has to know that it is refused. */
  #hint(command, params, tags = {}) { this.ask(command, params, { tags }).catch(() => {}); }
  #hear(message, about) {
    this.model.take(message, this.now());
    const isSaid = message.command === "PRIVMSG" || message.command === "NOTICE";
    if (about && isSaid && this.model.isOwn(message)) about.conversation.settle(about.said);
    for (const conversation of this.model.conversations.values())
      if (conversation.held) this.arrive(conversation);
  }

  /** Say what went wrong, but for the loss of the connection, which is said elsewhere. */
  #failed(error, conversation) {
    if (error instanceof Lost) return;
    if (!(error instanceof Refused)) throw error;
    conversation.tell(error.message, this.#time, "error");
    this.onChange();
  }
  async #enter() {
    const { model, entrance } = this;
    this.#multiline = this.#registration.enabled["draft/multiline"];
    this.#become("ready");
    const failed = (error) => this.#failed(error, model.active);
    try {
      // Where we are logged in, our nickname can be taken back from the lost connection; but not
      // from whoever has taken it back from us.
      if (this.#wasIn && !this.#wasSentOff && !model.isMe(entrance.nick)) {
        await this.ask("NS", ["GHOST", entrance.nick], { quiet: true });
        await this.ask("NICK", [entrance.nick]).catch(failed);
      }
      const { register, password, email } = entrance;
      if (register && !model.account) await this.makeAccount(password, email).catch(failed);
      Object.assign(entrance, { nick: model.nick, register: false, code: "" });
      if (model.account) entrance.account = model.account;
      const again = model.rooms.filter(({ wanted }) => wanted).map(({ name }) => name);
      const rooms = this.#wasIn ? again : this.rooms;
      [this.#wasIn, this.#isNew] = [true, false];
      await Promise.all(rooms.map((room) => this.#rejoin(room)));
      for (const direct of model.directs) this.arrive(direct);
      if (this.has("draft/chathistory")) await this.#findDirects();
    } catch (error) {
      failed(error);
    }
  }
  async #rejoin(name) {
    const conversation = this.model.open(name);
    const joining = this.ask("JOIN", [name, conversation.channelKey].filter(Boolean));
    await joining.catch((error) => {
      conversation.wanted &&= error instanceof Lost;
      this.#failed(error, conversation);
    });
    if (conversation.joined) this.arrive(conversation);
  }

  /** Find with whom something was said: since we were here, or else the latest. */
  async #findDirects() {
    const { latestBefore } = this.model;
    const since = latestBefore ? Date.parse(latestBefore) - SKEW : 0;
    const params = ["TARGETS", stamp(this.now() + DAY), stamp(since), `${PAGE}`];
    for (const { params: [, name] } of await this.ask("CHATHISTORY", params, { quiet: true }))
      if (name && !this.model.isRoom(name)) this.arrive(this.model.open(name));
  }

  /** Bring a conversation up to what happens now. */
  async arrive(conversation) {
    await this.#load(conversation, async () => {
      if (conversation.place === "behind") conversation.held ??= [];
      if (!conversation.isRoom) this.#hint("MARKREAD", [conversation.name]);
      await this.#settle(conversation);
      if (conversation.place === "behind") await this.#catchUp(conversation);
    });
  }

  /** Do something about the history of a conversation, unless something is being done. */
  #load(conversation, doing) {
    const can = this.phase === "ready" && !this.#loading.has(conversation);
    if (can) this.#loading.set(conversation, this.#finish(conversation, doing));
    return this.#loading.get(conversation);
  }
  async #finish(conversation, doing) {
    const requests = this.#requests;
    try {
      await doing();
    } catch (error) {
      if (conversation.held && !(error instanceof Lost)) conversation.release(this.model.reader);
      this.#failed(error, conversation);
    }
    // There may be another connection by now.
    if (requests === this.#requests) this.#loading.delete(conversation);
    this.flush(conversation);
    this.onChange();
  }
  #history(command, { name }, reference, limit = PAGE) {
    return this.ask("CHATHISTORY", [command, name, reference, `${limit}`], { quiet: true });
  }
  async #catchUp(conversation) {
    const { isRoom, lastId } = conversation;
    // Without an account, direct messages end with the connection.
    if (this.has("draft/chathistory") && (isRoom || this.model.account || !lastId)) {
      const isKnown = lastId && (await this.#readOn(conversation));
      if (lastId && !isKnown) conversation.tell(GAP, this.#time, "gap");
      const page = isKnown ? [] : await this.#history("LATEST", conversation, "*");
      if (!conversation.items.length) conversation.complete = page.length < PAGE;
      conversation.append(page, this.model.reader);
    }
    conversation.release(this.model.reader);
  }

  /** Read what follows the last item; return false where the server has forgotten that. */
  async #readOn(conversation) {
    let reference = `msgid=${conversation.lastId}`;
    for (let first = true; ; first = false) {
      const page = await this.#history("AFTER", conversation, reference, LONG_PAGE);
      if (first && !page.length && !(await this.#knows(conversation, reference))) return false;
      conversation.append(page, this.model.reader);
      if (conversation.meets(page)) return true;
      reference = after(page);
    }
  }

  /** Whether the server's history has what we have seen up to a point (docs/resuming.md, 2). */
  async #knows(conversation, reference) {
    const around = await this.#history("AROUND", conversation, reference);
    const ids = around.map(({ tags }) => tags.msgid);
    return ids.some((id) => conversation.has(id) || reference === `msgid=${id}`);
  }

  /** Find out what became of what was sent and not answered (docs/resuming.md, 4). */
  async #settle(conversation) {
    const { unsure, seenId, isRoom, joined } = conversation;
    if (!unsure.length) return;
    const ours = unsure.every(({ nick }) => this.model.isMe(nick));
    const lasts = ours && seenId && (isRoom ? joined : this.model.account);
    const sure = lasts && this.has("draft/chathistory") && (await this.#confirm(conversation));
    for (const said of conversation.unsure)
      conversation.settle(said, sure ? "waiting" : "failed", sure ? "" : UNKNOWN);
  }
  async #confirm(conversation) {
    let reference = `msgid=${conversation.seenId}`;
    for (let first = true; ; first = false) {
      const page = await this.#history("AFTER", conversation, reference, LONG_PAGE);
      if (!page.length) return !first || this.#knows(conversation, reference);
      for (const message of page) conversation.confirm(message);
      reference = after(page);
    }
  }

  /** Read what is before the first item, or behind the last one, where somebody has gone back. */
  async read(conversation, older) {
    const { firstId, lastId, place, complete } = conversation;
    const { reader } = this.model;
    if (!firstId || !this.has("draft/chathistory") || (older ? complete : place !== "past")) return;
    await this.#load(conversation, async () => {
      if (older) {
        const page = await this.#history("BEFORE", conversation, `msgid=${firstId}`);
        // Somebody may have gone elsewhere meanwhile.
        if (conversation.firstId === firstId) conversation.prepend(page, reader);
        return;
      }
      conversation.held = [];
      const page = await this.#history("AFTER", conversation, `msgid=${lastId}`);
      if (conversation.lastId !== lastId || !conversation.held) return;
      conversation.append(page, reader);
      if (conversation.meets(page)) conversation.release(reader);
      else conversation.held = null;
    });
  }

  /** Show a message and what is around it. */
  async goTo(conversation, id) {
    await this.#loading.get(conversation);
    if (conversation.has(id)) return;
    await this.#load(conversation, async () => {
      const page = await this.#history("AROUND", conversation, `msgid=${id}`);
      if (!page.length) throw new Refused("", "The server has this message no longer.");
      conversation.reset("past");
      conversation.append(page, this.model.reader);
    });
  }

  /** Show what was said last. */
  async goToEnd(conversation) {
    await this.#loading.get(conversation);
    if (conversation.place === "past") conversation.reset("behind");
    await this.arrive(conversation);
  }

  /** Find messages; `where` is a conversation, or null for all. */
  async search(text, where) {
    const query = { text, limit: "50", ...(where && { in: where.name }) };
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${escapeTag(value)}`);
    const found = await this.ask("SEARCH", [pairs.join(";")], { quiet: true });
    return found.filter(({ command }) => command === "PRIVMSG" || command === "NOTICE");
  }

  /** Say a text: now, or when there is a connection again. */
  say(conversation, text, { replyTo = "" } = {}) {
    const { name, isRoom, wanted } = conversation;
    if (isRoom && !wanted) throw new RangeError(`You are not in ${name}: /join it.`);
    const parts = this.#parts(text, this.#room(conversation));
    for (const part of parts) conversation.say(part, this.entrance.nick, replyTo);
    this.#typed.delete(conversation);
    if (conversation.place !== "live" && conversation.joined) this.goToEnd(conversation);
    this.flush(conversation);
    this.onChange();
  }

  /** Say once more what was not said; without a state forget it. */
  again(conversation, said, state = "") {
    conversation.settle(said, state);
    this.flush(conversation);
    this.onChange();
  }

  /** Send what waits, where everything up to now is known. */
  flush(conversation) {
    const ready = this.phase === "ready" && conversation.joined && conversation.place !== "behind";
    if (!ready || this.#loading.has(conversation)) return;
    for (const said of conversation.pending)
      if (said.state === "waiting") this.#sendSaid(conversation, said);
  }
  async #sendSaid(conversation, said) {
    const tags = said.replyTo ? { "+draft/reply": said.replyTo } : {};
    const write = (all) => this.#write(conversation, said.text, all);
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
  #room({ name }) {
    const head = `:${this.model.nick || this.entrance.nick} PRIVMSG ${name} :\r\n`;
    return LINE_LIMIT - byteLength(head) - USER_AND_HOST;
  }

  /** The messages that a text is: one, where there are such of several lines. */
  #parts(text, room) {
    const value = this.#multiline;
    if (value === undefined) return text.split("\n").flatMap((line) => cut(line, room));
    const limit = (name) => Number(new RegExp(`${name}=(\\d+)`).exec(value)?.[1] ?? Infinity);
    const lines = text.split("\n").flatMap((line) => lineOf(line, room)).length;
    if (lines <= limit("max-lines") && byteLength(text) <= limit("max-bytes")) return [text];
    const most = `${limit("max-lines")} lines and ${limit("max-bytes")} bytes`;
    throw new RangeError(`A message has at most ${most}: this one is too long.`);
  }
  #write(conversation, text, tags) {
    const { name } = conversation;
    const lines = text.split("\n").map((line) => lineOf(line, this.#room(conversation)));
    if (lines.flat().length === 1) return this.send("PRIVMSG", [name, text], tags);
    this.send("BATCH", ["+m", "draft/multiline", name], tags);
    for (const [first, ...rest] of lines) {
      this.send("PRIVMSG", [name, first], { batch: "m" });
      for (const piece of rest)
        this.send("PRIVMSG", [name, piece], { batch: "m", "draft/multiline-concat": "" });
    }
    return this.send("BATCH", ["-m"]);
  }
  react({ name }, id, reaction, on) {
    const tags = { "+draft/reply": id, [on ? "+draft/react" : "+draft/unreact"]: reaction };
    return this.ask("TAGMSG", [name], { tags });
  }
  redact({ name }, id) { return this.ask("REDACT", [name, id]); }

  /** Say that somebody types here, or has stopped, no more often than one may. */
  type(conversation, isTyping) {
    const last = this.#typed.get(conversation) ?? -Infinity;
    const can = this.has("message-tags") && conversation.joined;
    const isNews = isTyping || this.#typed.has(conversation);
    if (!can || !isNews || this.now() - last < TYPING_PAUSE) return;
    this.#hint("TAGMSG", [conversation.name], { "+typing": isTyping ? "active" : "done" });
    if (isTyping) this.#typed.set(conversation, this.now());
    else this.#typed.delete(conversation);
  }

  /** Everything in a conversation that is shown is read. */
  markRead(conversation) {
    const time = conversation.items.findLast((item) => item.id)?.time;
    if (!conversation.read(time)) return;
    this.model.marks[conversation.key] = time;
    if (this.has("draft/read-marker") && conversation.joined) this.#marks.set(conversation.name, time);
  }

  /** Tell the server what is read: now and then, as it takes a line each. */
  tellRead() {
    for (const [name, time] of this.#marks) this.#hint("MARKREAD", [name, `timestamp=${time}`]);
    this.#marks.clear();
  }
  async rename(nick) {
    await this.ask("NICK", [nick]);
    this.entrance.nick = nick;
  }
  async logIn(account, password) {
    await this.ask("AUTHENTICATE", ["PLAIN"], { quiet: true });
    const pieces = plainResponses(account, password);
    for (const piece of pieces.slice(0, -1)) this.send("AUTHENTICATE", [piece]);
    await this.ask("AUTHENTICATE", pieces.slice(-1));
    Object.assign(this.entrance, { account, password });
  }

  /** Make an account of our nickname. Returns what the server says: a code may be mailed. */
  async makeAccount(password, email = "") {
    const replies = await this.ask("REGISTER", ["*", email || "*", password]);
    const { account } = this.model;
    if (account) Object.assign(this.entrance, { account, password });
    return replies.find(({ command }) => command === "REGISTER")?.params ?? [];
  }
  async logOut() {
    await this.ask("NS", ["LOGOUT"]);
    Object.assign(this.entrance, { account: "", password: "" });
  }
}
