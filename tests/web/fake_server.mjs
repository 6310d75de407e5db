// A server in this process for tests of the session: a room whose history outlives connections.

import { format, parse } from "../../trio_chat/server/web/static/irc.js";

const CAPS =
  "batch echo-message labeled-response message-tags server-time sasl=PLAIN draft/account-registration=before-connect " +
  "draft/chathistory draft/event-playback draft/multiline=max-bytes=4096,max-lines=100 draft/read-marker soju.im/search";

export class FakeServer {
  /** Lines of rooms, oldest first: `{id, time, source, command, params, tags}`. */
  log = [];
  links = new Set();
  /** Nicknames that nobody is given. */
  taken = new Set();
  /** What whoever connects is told, and is not let in; and what a command is refused with. */
  refusal = null;
  refuses = {};
  caps = CAPS;
  forgotten = 0;
  #ids = 0;

  record(nick, command, params, tags = {}) {
    const id = `i${++this.#ids}`;
    const time = new Date(Date.UTC(2026, 10, 28, 10, 0, this.#ids)).toISOString();
    const entry = { id, time, source: `${nick}!~u@h`, command, params, tags };
    this.log.push(entry);
    return entry;
  }

  /** Somebody says something; whoever is in the room hears it. */
  say(nick, room, text) {
    this.#tell(this.record(nick, "PRIVMSG", [room, text]));
  }

  /** All connections are cut. Lines that were not read by then are lost with `drop`. */
  cut({ drop = false } = {}) {
    for (const link of this.links) link.cut(drop);
    this.links.clear();
  }

  carry(link, line) {
    const { command, params, tags, source } = parse(line);
    const label = tags.label ? { label: tags.label } : {};
    const nick = link.nick;
    const reply = (name, words, more = {}) => link.hear(name, words, { ...label, ...more });
    const handlers = {
      CAP: () => {
        if (params[0] === "LS") link.hear("CAP", ["*", "LS", this.caps]);
        else if (params[0] === "REQ") link.hear("CAP", ["*", "ACK", params[1]]);
        else if (this.refusal) link.hear(...this.refusal);
        else if (this.taken.has(fold(link.nick))) link.hear("433", ["*", link.nick, "In use"]);
        else link.welcome();
      },
      NICK: () => {
        if (this.taken.has(fold(params[0]))) reply("433", ["*", params[0], "In use"]);
        else {
          if (link.welcomed) link.raw([`:${nick}!~u@h`, "NICK", params], label);
          link.nick = params[0];
        }
      },
      AUTHENTICATE: () => {
        if (params[0] === "PLAIN") reply("AUTHENTICATE", ["+"]);
        else if (atob(params[0]).endsWith("\0secret")) {
          reply("900", ["*", "x!x@x", atob(params[0]).split("\0")[1], "You are logged in"]);
          link.hear("903", ["*", "Done"]);
        } else reply("904", ["*", "Wrong password"]);
      },
      JOIN: () => {
        link.rooms.add(params[0]);
        const entry = this.record(nick, "JOIN", [params[0]]);
        this.#tell(entry, link);
        link.batch(label, "labeled-response", [], [
          this.#line(entry),
          [":irc.test", "MARKREAD", [params[0], "*"]],
          [":irc.test", "353", [nick, "=", params[0], nick]],
          [":irc.test", "366", [nick, params[0], "End"]],
        ]);
      },
      PRIVMSG: () => {
        if (params[1] === "forbidden") return reply("404", [nick, params[0], "You can not speak"]);
        const { label: _, batch: __, ...own } = tags;
        const entry = this.record(nick, "PRIVMSG", params, own);
        this.#tell(entry, link);
        link.raw(this.#line(entry), label);
      },
      CHATHISTORY: () => {
        const [which, target, reference, limit] = params;
        if (which === "TARGETS") return link.batch(label, "draft/chathistory-targets", [], []);
        const page = this.#page(which, target, reference, Number(limit));
        link.batch(label, "chathistory", [target], page.map((entry) => this.#line(entry)));
      },
      NS: () => {
        this.taken.delete(fold(params[1]));
        reply("NOTICE", [nick, "Done"]);
      },
      MARKREAD: () => link.hear("MARKREAD", params.length > 1 ? params : [params[0], "*"], label),
      BATCH: () => this.#batch(link, params, tags),
      SEARCH: () =>
        link.batch(label, "soju.im/search", [], this.log.slice(-1).map((entry) => this.#line(entry))),
    };
    if (command === "PRIVMSG" && tags.batch) link.lines.push({ text: params[1], tags });
    else if (command in this.refuses) reply("FAIL", this.refuses[command]);
    else handlers[command]?.();
  }

  #batch(link, [reference, , target], tags) {
    if (reference[0] === "+") Object.assign(link, { lines: [], opening: { target, tags } });
    else {
      const { opening, lines } = link;
      const text = lines.map(({ text: one, tags: marks }, index) =>
        index && !("draft/multiline-concat" in marks) ? `\n${one}` : one).join("");
      const entry = this.record(link.nick, "PRIVMSG", [opening.target, text]);
      const marks = { label: opening.tags.label, msgid: entry.id, time: entry.time };
      const source = `:${entry.source}`;
      link.raw([source, "BATCH", [`+${entry.id}`, "draft/multiline", opening.target], marks]);
      for (const { text: one, tags: { label: _, ...own } } of lines)
        link.raw([source, "PRIVMSG", [opening.target, one], { ...own, batch: entry.id }]);
      link.raw([source, "BATCH", [`-${entry.id}`]]);
    }
  }

  #page(which, target, reference, limit) {
    const all = this.log.slice(this.forgotten).filter(({ params, command }) => params[0] === target || command === "QUIT");
    const at = all.findIndex(({ id }) => `msgid=${id}` === reference);
    if (which === "LATEST") return all.slice(-limit);
    if (at < 0) return [];
    if (which === "AFTER") return all.slice(at + 1, at + 1 + limit);
    if (which === "BEFORE") return all.slice(Math.max(at - limit, 0), at);
    return all.slice(Math.max(at - Math.floor(limit / 2), 0), at + Math.ceil(limit / 2));
  }

  #line({ id, time, source, command, params, tags }) {
    return [`:${source}`, command, params, { ...tags, msgid: id, time }];
  }

  #tell(entry, except = null) {
    for (const link of this.links)
      if (link !== except && link.rooms.has(entry.params[0])) link.raw(this.#line(entry));
  }
}

const fold = (name) => name.toLowerCase();

/** What a `Connection` is to the session: here without a network, and with lines on their way. */
export class FakeConnection {
  handlers = {};
  /** Lines that the session has sent. */
  sent = [];
  retries = 0;
  #server;
  #out = [];
  #in = [];
  #open = false;

  constructor(server) {
    this.#server = server;
  }

  open() {
    Object.assign(this, { nick: "", rooms: new Set(), welcomed: false });
    [this.#out, this.#in, this.#open] = [[], [], true];
    this.#server.links.add(this);
    this.handlers.onOpen();
  }

  send(command, params = [], tags = {}) {
    const line = format(command, params, tags);
    if (!this.#open) return;
    this.sent.push(line);
    this.#out.push(line);
  }

  retry() {
    this.close();
    this.retries += 1;
  }

  close() {
    this.#server.links.delete(this);
    this.#open = false;
  }

  /** The connection is lost. What the server has said already, but for what is dropped, is lost too. */
  cut(drop) {
    if (!drop) for (const line of this.#out.splice(0)) this.#server.carry(this, line);
    this.#open = false;
    this.handlers.onLost();
  }

  /** Carry lines both ways, until nothing is to be carried; or `steps` of them. */
  async settle(steps = Infinity) {
    await new Promise(setImmediate);
    for (; steps > 0 && this.#open; steps--) {
      if (this.#out.length) this.#server.carry(this, this.#out.shift());
      else if (this.#in.length) this.handlers.onLine(parse(this.#in.shift()));
      else return;
      await new Promise(setImmediate);
    }
  }

  // Towards the session.

  line(text) {
    if (this.#open) this.#in.push(text);
  }

  raw([source, command, params, tags = {}], more = {}) {
    const marks = Object.entries({ ...tags, ...more });
    const head = marks.length ? `@${marks.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join(";")} ` : "";
    this.line(`${head}${source} ${format(command, params)}`);
  }

  hear(command, params, tags = {}) {
    this.raw([":irc.test", command, params, tags]);
  }

  welcome() {
    this.welcomed = true;
    this.hear("001", [this.nick, "Welcome"]);
  }

  batch(label, type, params, lines) {
    const reference = `b${Math.random()}`;
    this.raw([":irc.test", "BATCH", [`+${reference}`, type, ...params], label]);
    for (const line of lines) this.raw(line, { batch: reference });
    this.raw([":irc.test", "BATCH", [`-${reference}`]]);
  }
}
