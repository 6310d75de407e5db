// The page: puts the session, the model and what is seen together.

import { Connection } from "./connection.js";
import { plain } from "./formatting.js";
import { Model } from "./model.js";
import { MAILED, TAKEN } from "./registration.js";
import { Refused, Lost } from "./requests.js";
import { Session } from "./session.js";
import { take } from "./commands.js";
import { Composer } from "./composer.js";
import { setUpDialogs } from "./dialogs.js";
import { $, h } from "./dom.js";
import { Log } from "./log.js";
import { renderConversations, renderHeader, renderMembers } from "./sides.js";

const STORED = "trio_chat";
/** Milliseconds between a change and what is seen of it, and between two looks at who types. */
const SOON = 16;
const LOOK = 2000;

class Chat {
  model = new Model();
  session = null;
  settings = { nick: "", theme: "auto", notify: false, typing: true, rooms: [], marks: {}, ignored: [] };
  #page;
  #connection;
  #due = 0;
  #state = "";

  constructor(page) {
    this.#page = page;
    Object.assign(this.settings, JSON.parse(localStorage.getItem(STORED) ?? "{}"));
    this.tell = this.tell.bind(this);
    this.show = this.show.bind(this);
    this.composer = new Composer(this);
    this.log = new Log($("log"), $("items"), $("to-end"), this);
    Object.assign(this, setUpDialogs(this));
    this.#setUp();
    this.#showEntrance();
  }

  // What the others use.

  changed() {
    this.#due ||= setTimeout(() => this.#render(), SOON);
  }

  tell(text, kind = "info") {
    this.model.active.tell(text, new Date().toISOString(), kind);
    this.changed();
  }

  show(conversation) {
    this.model.show(conversation);
    if (conversation.place === "behind" && conversation.joined) this.session.arrive(conversation);
    $("chat").classList.remove("side", "people");
    this.changed();
    this.focusInput();
  }

  async join(room, key) {
    const conversation = this.model.open(room);
    conversation.channelKey = key;
    try {
      await this.session.ask("JOIN", key ? [room, key] : [room]);
    } catch (error) {
      if (!conversation.items.length) this.model.close(conversation);
      throw error;
    }
    this.show(this.model.find(room) ?? conversation);
  }

  /** Do something that may fail; what goes wrong is told. Returns what came of it, or null. */
  async attempt(doing) {
    try {
      return (await doing) ?? true;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Lost || error instanceof RangeError)) throw error;
      this.tell(error.message, "error");
      return null;
    }
  }

  type = (line) => this.attempt(take(this, line, this.model.active));

  async goTo(conversation, id) {
    this.show(conversation);
    this.log.seek(id);
    await this.attempt(this.session.goTo(conversation, id));
    this.changed();
  }

  async rename(nick) {
    await this.session.ask("NICK", [nick]);
    this.session.entrance.nick = nick;
  }

  reply = (item) => this.composer.reply(item);
  focusInput = () => this.composer.focus();
  focusLog = () => this.log.focusLast();

  set(name, value) {
    this.settings[name] = value;
    document.documentElement.dataset.theme = this.settings.theme;
    localStorage.setItem(STORED, JSON.stringify(this.settings));
  }

  // Coming in.

  #showEntrance(error = null) {
    $("entrance").hidden = false;
    $("chat").hidden = true;
    $("entrance-error").textContent = error?.message ?? "";
    const { code } = error ?? {};
    if (code === MAILED) $("code-row").hidden = false;
    if (code === "464" || code === "ERROR") $("server-password-row").hidden = false;
    if (/ACCOUNT|90\d|REGISTER|PASSWORD/.test(code ?? "") || code === MAILED) $("with-account").open = true;
    $("nick").value ||= this.settings.nick;
    $("nick").focus();
  }

  #enter(form) {
    const value = (name) => form.get(name)?.trim() ?? "";
    const register = value("how") === "register";
    const entrance = {
      nick: value("nick"),
      password: $("with-account").open ? form.get("password") : "",
      register,
      email: value("email"),
      code: register ? value("code") : "",
      serverPassword: form.get("server-password"),
    };
    this.set("nick", entrance.nick);
    if (this.session && !this.session.hasQuit) Object.assign(this.session.entrance, entrance);
    else this.#begin(entrance);
    this.#connection.open();
  }

  #begin(entrance) {
    const { network, lobby, websocket } = this.#page;
    this.model = new Model({ network, marks: this.settings.marks });
    this.model.ignored = new Set(this.settings.ignored);
    const url = new URL(websocket, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#connection = new Connection(url.href, { onWaiting: (delay) => this.#waits(delay) });
    const asked = decodeURIComponent(location.hash);
    const rooms = [lobby, ...this.settings.rooms, ...(asked.length > 1 ? [asked] : [])];
    this.session = new Session({
      model: this.model,
      connection: this.#connection,
      entrance,
      rooms: [...new Set(rooms)],
      onPhase: (phase, error) => this.#phase(phase, error),
      onChange: () => this.changed(),
    });
    this.model.active = this.model.open(asked.length > 1 ? asked : lobby);
  }

  #phase(phase, error) {
    this.#state = error?.message ?? "";
    if (phase === "refused") this.#showEntrance(error);
    if (phase === "ready" && $("chat").hidden) {
      $("entrance").hidden = true;
      $("chat").hidden = false;
      this.focusInput();
    }
    const words = { connecting: "Connecting…", lost: "The connection is lost." };
    $("state").replaceChildren(words[phase] ?? "");
    if (error && TAKEN.has(error.code)) $("state").append(` ${plain(error.message)}. `);
  }

  #waits(delay) {
    const seconds = Math.max(1, Math.round(delay / 1000));
    const why = this.#state && ` ${plain(this.#state)}.`;
    const again = h("button", { onclick: () => this.#connection.hurry() }, "Try now");
    const other = h("button", { onclick: () => this.#showEntrance() }, "Another nickname");
    $("state").replaceChildren(`The connection is lost.${why} Trying again in ${seconds} s.`, again, this.#state ? other : "");
    if (!$("entrance").hidden) $("entrance-error").textContent = "The server can not be reached. Trying again…";
  }

  // What is seen.

  #render() {
    this.#due = 0;
    if (!this.session) return;
    this.#tellNews();
    renderConversations(this);
    renderHeader(this);
    renderMembers(this);
    this.composer.render(Date.now());
    if (!$("chat").hidden) this.log.render();
    const { active } = this.model;
    const seen = document.visibilityState === "visible" && document.hasFocus();
    if (seen && active.atBottom && active.place === "live") this.session.markRead(active);
    const unread = [...this.model.conversations.values()].filter((one) => one.unread.mentioned).length;
    const name = `${plain(active.name)} – ${this.#page.title}`;
    document.title = (unread ? `(${unread}) ` : "") + name;
    this.#keep();
  }

  #tellNews() {
    const seen = document.visibilityState === "visible" && document.hasFocus();
    for (const { conversation, item } of this.model.news.splice(0)) {
      const text = `${plain(item.nick)}: ${plain(item.text)}`;
      const isMeant = item.mention || !conversation.isRoom;
      if (conversation === this.model.active) $("live").append(h("p", {}, text));
      if (!seen && isMeant && this.settings.notify && globalThis.Notification?.permission === "granted") {
        const note = new Notification(plain(conversation.name), { body: text.slice(0, 300), tag: conversation.key });
        note.onclick = () => (window.focus(), this.show(conversation));
      }
    }
    while ($("live").children.length > 20) $("live").firstChild.remove();
  }

  #keep() {
    const rooms = this.model.rooms.filter(({ wanted }) => wanted).map(({ name }) => name);
    const kept = { rooms, marks: this.model.marks, ignored: [...this.model.ignored] };
    if (this.session.phase !== "ready" || JSON.stringify(kept) === this.kept) return;
    this.kept = JSON.stringify(kept);
    Object.assign(this.settings, kept);
    this.set("nick", this.session.entrance.nick);
  }

  #setUp() {
    const { title, accent } = this.#page;
    const { style } = document.documentElement;
    document.title = $("title").textContent = $("entrance-title").textContent = title;
    style.setProperty("--accent", accent);
    style.setProperty("--on-accent", isLight(accent) ? "#000000" : "#ffffff");
    this.set("theme", this.settings.theme);
    const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    $("insecure").hidden = location.protocol === "https:" || local;
    $("entrance-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(new FormData(event.target));
    });
    $("entrance-form").addEventListener("change", ({ target }) => {
      if (target.name === "how") $("email-row").hidden = target.value !== "register";
    });
    const wide = matchMedia("(min-width: 761px)");
    const drawer = (button, name) =>
      $(button).addEventListener("click", () => {
        const on = $("chat").classList.toggle(name === "people" && wide.matches ? "fewer" : name);
        $(button).setAttribute("aria-expanded", `${name === "people" && wide.matches ? !on : on}`);
        $("veil").hidden = wide.matches || !on;
      });
    drawer("toggle-side", "side");
    drawer("toggle-members", "people");
    const closeDrawers = () => {
      $("chat").classList.remove("side", "people");
      $("veil").hidden = true;
    };
    $("veil").addEventListener("click", closeDrawers);
    $("member-filter").addEventListener("input", () => this.changed());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") closeDrawers();
      if (!event.ctrlKey || event.key !== "k" || $("chat").hidden) return;
      event.preventDefault();
      this.find();
    });
    window.addEventListener("focus", () => this.changed());
    window.addEventListener("online", () => this.#connection?.hurry());
    window.addEventListener("beforeunload", (event) => {
      const waits = [...this.model.conversations.values()].some(({ pending }) => pending.length);
      if (waits) event.preventDefault();
    });
    setInterval(() => this.model.active.typing.size && this.changed(), LOOK);
  }
}

/** Whether black is read better than white on a colour (WCAG, relative luminance). */
function isLight(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
}

const answer = await fetch("/page.json");
globalThis.chat = new Chat(await answer.json());
