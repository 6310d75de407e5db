// The page: puts the session, the model and what is seen together.

import { take } from "./commands.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { setUpDialogs, setUpEntrance, showEntrance } from "./dialogs.js";
import { $, button, h } from "./dom.js";
import { plain } from "./formatting.js";
import { Log } from "./log.js";
import { Model } from "./model.js";
import { Lost, Refused } from "./requests.js";
import { Session } from "./session.js";
import { renderSides, setUpSides } from "./sides.js";

const STORED = "trio_chat";
const DEFAULTS = { theme: "auto", notify: false, typing: true, rooms: [], marks: {}, ignored: [] };
/** Milliseconds between a change and what is seen of it, and between two looks at who types. */
const SOON = 30;
const LOOK = 2000;

const isSeen = () => document.visibilityState === "visible" && document.hasFocus();
const mayNotify = () => globalThis.Notification?.permission === "granted";

/** What some browsers do not have: where the next visit's beginning is kept, and notices. */
const attempted = (get) => { try { return get(); } catch { return null; } };
const store = () => attempted(() => localStorage);

class Chat {
  model = new Model();
  session = null;
  settings = SETTINGS;
  #page;
  #connection = null;
  #due = 0;
  #kept = "";

  constructor(page) {
    this.#page = page;
    this.composer = new Composer(this);
    this.log = new Log($("log"), $("items"), $("to-end"), this);
    Object.assign(this, setUpDialogs(this));
    setUpSides(this, page);
    setUpEntrance(page, (entrance) => this.#enter(entrance));
    showEntrance(this.settings.nick);
    window.addEventListener("focus", this.changed);
    window.addEventListener("online", () => this.#connection?.hurry());
    // Where one comes back to, a line stands in front of what was said meanwhile.
    window.addEventListener("blur", () => (this.model.active.lineAt = "", this.#look()));
    window.addEventListener("beforeunload", (event) => {
      if (this.model.all.some(({ pending }) => pending.length)) event.preventDefault();
    });
    setInterval(() => this.#look(), LOOK);
  }
  changed = () => (this.#due ||= setTimeout(() => this.#render(), SOON));

  #look() {
    if (this.model.active.typingAt(Date.now() - LOOK).length) this.changed();
    this.session?.tellRead();
  }
  tell = (text, kind = "info") => {
    this.model.active.tell(text, new Date().toISOString(), kind);
    this.changed();
  };

  show = (conversation) => {
    this.model.show(conversation);
    if (conversation.place === "behind" && conversation.joined) this.session.arrive(conversation);
    this.closeDrawers();
    this.changed();
    this.focusInput();
  };

  async join(room, key) {
    await this.session.ask("JOIN", key ? [room, key] : [room]);
    const conversation = this.model.open(room);
    conversation.channelKey = key;
    this.show(conversation);
  }

  /** Do something that may fail; what goes wrong is told. Returns what came of it, or null. */
  async attempt(doing) {
    try {
      return (await doing) ?? true;
    } catch (error) {
      if (![Refused, Lost, RangeError].some((kind) => error instanceof kind)) throw error;
      this.tell(plain(error.message), "error");
      return null;
    }
  }

  /** Show a message, wherever it is. */
  async goTo(conversation, id) {
    this.show(conversation);
    this.log.seek(id);
    await this.session.goTo(conversation, id);
  }

  /** Come in again: as somebody else, or with an account. */
  enterAnew = () => showEntrance(this.settings.nick);
  askPerson = (nick) => this.show(this.model.open(nick));
  type = (line) => this.attempt(take(this, line, this.model.active));
  reply = (item) => this.composer.reply(item);
  focusInput = () => this.composer.focus();
  focusLog = () => this.log.focusLast();

  set(name, value) {
    this.settings[name] = value;
    document.documentElement.dataset.theme = this.settings.theme;
    store()?.setItem(STORED, JSON.stringify(this.settings));
  }
  #enter(entrance) {
    this.set("nick", entrance.nick);
    if (!this.session || this.session.hasQuit) this.#begin();
    this.session.enter(entrance);
  }
  #begin() {
    const { network, lobby, websocket } = this.#page;
    const first = location.hash.length > 1 ? decodeURIComponent(location.hash) : lobby;
    this.model = new Model({ network, marks: this.settings.marks });
    this.model.ignored = new Set(this.settings.ignored);
    this.#connection = new Connection(websocket, { onWaiting: (delay) => this.#waits(delay) });
    this.session = new Session({
      model: this.model,
      connection: this.#connection,
      rooms: [...new Set([lobby, ...this.settings.rooms, first])],
      onPhase: (phase, error) => this.#phase(phase, error),
      onChange: this.changed,
    });
    this.model.show(this.model.open(first));
  }
  #phase(phase, error) {
    this.why = error ? plain(error.message) : "";
    if (phase === "refused") showEntrance(this.settings.nick, error);
    if (phase === "ready" && $("chat").hidden) {
      $("entrance").hidden = true;
      $("chat").hidden = false;
      this.focusInput();
    }
    $("state").textContent = phase === "connecting" ? "Connecting…" : "";
  }
  #waits(delay) {
    const seconds = Math.max(1, Math.round(delay / 1000));
    const text = ["The connection is lost.", this.why, `Trying again in ${seconds} s.`];
    const hurry = button("Try now", () => this.#connection.hurry());
    const other = this.why && button("Another nickname", this.enterAnew);
    $("state").replaceChildren(text.filter(Boolean).join(" "), hurry, other);
    if ($("chat").hidden) $("entrance-error").textContent = text.join(" ");
  }
  #render() {
    this.#due = 0;
    if (!this.session) return;
    const { active, all } = this.model;
    this.#tellNews();
    renderSides(this);
    this.composer.render(Date.now());
    if (!$("chat").hidden) this.log.render();
    if (!isSeen() && active.unread.count) active.lineAt ||= active.readAt;
    else if (isSeen() && active.atBottom && active.place === "live") this.session.markRead(active);
    const meant = all.filter(({ unread }) => unread.mentioned).length;
    document.title = `${meant ? `(${meant}) ` : ""}${plain(active.name)} – ${this.#page.title}`;
    if (this.session.phase === "ready") this.#keep();
  }
  #tellNews() {
    for (const { conversation, item } of this.model.news.splice(0)) {
      const text = `${plain(item.nick)}: ${plain(item.text)}`;
      const isMeant = item.mention || !conversation.isRoom;
      if (conversation === this.model.active) $("live").append(h("p", {}, text));
      if (isMeant && !isSeen() && this.settings.notify && mayNotify()) {
        const { name, key } = conversation;
        const options = { body: text, tag: key, renotify: true };
        const note = attempted(() => new Notification(plain(name), options));
        if (note) note.onclick = () => (window.focus(), this.show(conversation));
      }
    }
    // A screen reader may still have to read some.
    while ($("live").children.length > 20) $("live").firstChild.remove();
  }

  /** Keep what the next visit begins with, where it has changed. */
  #keep() {
    const { rooms, marks, ignored } = this.model;
    const names = rooms.filter(({ wanted }) => wanted).map(({ name }) => name);
    const kept = { rooms: names, marks, ignored: [...ignored], nick: this.session.entrance.nick };
    if (JSON.stringify(kept) === this.#kept) return;
    this.#kept = JSON.stringify(kept);
    this.set("nick", Object.assign(this.settings, kept).nick);
  }
}

// Before anything is seen.
const SETTINGS = { ...DEFAULTS, nick: "", ...JSON.parse(store()?.getItem(STORED) ?? "{}") };
document.documentElement.dataset.theme = SETTINGS.theme;
new Chat(await (await fetch("/page.json")).json());
