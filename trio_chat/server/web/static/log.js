// What was said in a conversation, as a list to scroll and to walk through with the keyboard.
// Where somebody has scrolled to they stay, whatever comes above or below; who is at the end stays
// there. Nearing either end asks for more.

import { plain } from "./formatting.js";
import { button, day, fill, h, named, nickClass, timeOf, written } from "./dom.js";

/** Milliseconds within which what one person says stands under one name. */
const TOGETHER = 300000;
/** Pixels to the end that count as being there, and to an end where more is asked for. */
const NEAR = 40;
const SOON = 800;
const MESSAGE = "li.message:not(.pending)";
const REACTIONS = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];
const STATES = { waiting: "waits for the connection", sent: "is being sent", failed: "not sent" };

const DAYS = new WeakMap();
function dayOf(item) {
  if (!DAYS.has(item)) DAYS.set(item, day(item.time || Date.now()));
  return DAYS.get(item);
}

/** Whether an item stands under the name of the one before it. */
function isGrouped(last, item) {
  if (last?.kind !== "message" || item.kind !== "message" || item.replyTo) return false;
  const isSoon = Date.parse(item.time) - Date.parse(last.time) < TOGETHER;
  return isSoon && last.nick === item.nick && last.to === item.to;
}

const line = (name, key, ...children) => h("li", { class: name, "data-key": key }, ...children);
const rule = (name, text, key = name) => ({ key, version: "", make: () => line(name, key, text) });
const label = (text) => h("span", { class: "label" }, text);
const happened = ({ nick, text, time }) => [named(nick), ` ${plain(text)} `, timeOf(time)];

/** A row of people who came and went. */
function folded() {
  const { key, items } = this;
  if (items.length === 1) return line("event", key, happened(items[0]));
  const names = [...new Set(items.map(({ nick }) => plain(nick)))];
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  const some = h("bdi", {}, names.slice(0, 3).join(", ") + more);
  const lines = items.map((item) => h("div", {}, happened(item)));
  return line("event", key, h("details", {}, h("summary", {}, some, " came or went"), ...lines));
}

export class Log {
  #box;
  #list;
  #toEnd;
  #chat;
  #shown = null;
  #tools = null;
  #places = new WeakMap();
  #sought = "";

  /** `chat`: `{model, session, reply(item), askPerson(nick), attempt(promise), focusInput()}`. */
  constructor(box, list, toEnd, chat) {
    [this.#box, this.#list, this.#toEnd, this.#chat] = [box, list, toEnd, chat];
    box.addEventListener("scroll", () => this.#scrolled());
    box.addEventListener("keydown", (event) => this.#key(event));
    for (const kind of ["pointerover", "focusin", "click"])
      list.addEventListener(kind, ({ target }) => this.#offer(target.closest("li.message")));
    toEnd.addEventListener("click", () => {
      this.#shown.atBottom = true;
      this.#stay(null);
      chat.session.goToEnd(this.#shown);
    });
    new ResizeObserver(() => this.#stay(null)).observe(box);
  }

  /** Show the conversation as it is now. */
  render() {
    const { active } = this.#chat.model;
    let place = this.#place;
    if (this.#shown !== active) {
      if (this.#shown) this.#places.set(this.#shown, place);
      place = this.#places.get(active);
      fill(this.#list, []);
      this.#shown = active;
    }
    fill(this.#list, this.#rows(active));
    this.#stay(place);
    this.#seek();
    this.#more();
  }

  /** Go to a message, when it is there. */
  seek(id) {
    this.#sought = id;
    this.#chat.model.active.atBottom = false;
  }
  focusLast() { this.#focus([...this.#list.querySelectorAll(MESSAGE)].at(-1)); }
  get #top() { return this.#box.getBoundingClientRect().top; }

  /** What is at the top of what is seen, and where; null at the end. */
  get #place() {
    if (!this.#shown || this.#shown.atBottom) return null;
    const rows = this.#list.children;
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > this.#top) high = middle;
      else low = middle + 1;
    }
    const row = rows[low];
    return row && { key: row.dataset.key, offset: row.getBoundingClientRect().top - this.#top };
  }
  #stay(place) {
    const row = place && this.#list.rows.get(place.key)?.element;
    if (row) this.#box.scrollTop += row.getBoundingClientRect().top - this.#top - place.offset;
    else if (this.#shown?.atBottom) this.#box.scrollTop = this.#box.scrollHeight;
  }
  #seek() {
    const row = this.#list.rows.get(this.#sought)?.element;
    if (!row) return;
    this.#sought = "";
    this.#list.querySelector(".sought")?.classList.remove("sought");
    row.classList.add("sought");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  }
  #scrolled() {
    if (this.#shown !== this.#chat.model.active) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    this.#shown.atBottom = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#more();
    this.#chat.changed();
  }
  #more() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    const { session } = this.#chat;
    this.#toEnd.hidden = this.#shown.atBottom && this.#shown.place !== "past";
    if (this.#shown.place === "behind") return;
    if (scrollTop < SOON) session.read(this.#shown, true);
    if (scrollHeight - scrollTop - clientHeight < SOON) session.read(this.#shown, false);
  }
  #key(event) {
    const row = event.target.closest("li.message");
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (event.target.closest("summary") || event.ctrlKey || event.altKey) return;
    if (event.key === "Escape") this.#chat.focusInput();
    else if (step && row) this.#focus(this.#next(row, step));
    else if (step) this.focusLast();
    else if (!row || event.target !== row || !this.#command(event.key, row)) return;
    event.preventDefault();
  }
  #command(key, row) {
    const item = this.#shown.byId.get(row.dataset.key);
    if (key === "r") this.#chat.reply(item);
    else if (key === "e") this.#offerReactions(item);
    else if (key === "Delete") this.#redact(item);
    else if (key === "Enter") this.#tools?.querySelector("button")?.focus();
    else return false;
    return true;
  }
  #next(row, step) {
    do row = row[step];
    while (row && !row.matches(MESSAGE));
    return row;
  }
  #focus(row) {
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }
  #offer(row) {
    const item = row && this.#shown.byId.get(row.dataset.key);
    if (!item || item.redacted || this.#tools?.parentElement === row) return;
    this.#tools?.remove();
    const reply = button("Reply", () => this.#chat.reply(item), { "aria-keyshortcuts": "r" });
    const react = button("React", () => this.#offerReactions(item), { "aria-keyshortcuts": "e" });
    const redact = button("Take back", () => this.#redact(item), { "aria-keyshortcuts": "Delete" });
    const what = `What to do with the message of ${plain(item.nick)}`;
    const attributes = { class: "tools", role: "group", "aria-label": what };
    row.append((this.#tools = h("div", attributes, reply, react, redact)));
  }
  #offerReactions(item) {
    const react = (reaction) => {
      this.#react(item, reaction, true);
      this.#focus(this.#list.rows.get(item.id)?.element);
    };
    const choice = (one) => button(one, () => react(one), { "aria-label": `React with ${one}` });
    this.#offer(this.#list.rows.get(item.id)?.element);
    this.#tools.replaceChildren(...REACTIONS.map(choice));
    this.#tools.firstChild.focus();
  }
  #react(item, reaction, on) {
    this.#chat.attempt(this.#chat.session.react(this.#shown, item.id, reaction, on));
  }
  #redact(item) {
    if (window.confirm("Take this message back? Nobody will see it any more."))
      this.#chat.attempt(this.#chat.session.redact(this.#shown, item.id));
  }
  #rows(conversation) {
    const rows = [];
    let [last, fold, today, { lineAt }] = [null, null, "", conversation];
    for (const item of conversation.items) {
      const date = dayOf(item);
      const begins = lineAt && item.id && item.time > lineAt && !item.own;
      if (date !== today) rows.push(rule("day", date, `day-${date}`));
      if (begins) rows.push(rule("new", "New"));
      if (date !== today || begins || !item.folds) fold = null;
      if (date !== today || begins) last = null;
      [today, lineAt] = [date, begins ? "" : lineAt];
      if (item.folds) {
        if (!fold) rows.push((fold = { key: `fold-${item.key}`, items: [], make: folded }));
        fold.version = fold.items.push(item);
      } else {
        const grouped = isGrouped(last, item);
        const make = () => this.#make(item, grouped);
        rows.push({ key: item.key, version: `${grouped}${item.changes}`, make });
      }
      last = item.folds ? null : item;
    }
    for (const said of conversation.pending)
      rows.push({ key: said.key, version: said.state, make: () => this.#pending(said) });
    return rows;
  }
  #make(item, grouped) {
    const { key, kind, nick, text, mention, redacted, replyTo, to, time } = item;
    if (kind === "event") return line("event", key, happened(item));
    if (!nick) return line(`told ${kind}`, key, text);
    const looks = [kind, grouped && "grouped", mention && "meant", redacted && "redacted"];
    const write = () => this.#chat.askPerson(nick);
    const name = button(named(nick), write, { class: `nick ${nickClass(nick)}` });
    const head = grouped
      ? h("span", { class: "unseen" }, `${plain(nick)}: `, timeOf(time))
      : h("div", { class: "who" }, name, timeOf(time), to && label("to operators"));
    const because = redacted?.reason && `: ${plain(redacted.reason)}`;
    const content = redacted ? `Taken back by ${plain(redacted.nick)}${because}` : written(text);
    return h(
      "li",
      { class: ["message", ...looks].filter(Boolean).join(" "), "data-key": key, tabindex: -1 },
      head,
      replyTo && !redacted && this.#quote(replyTo),
      h("div", { class: "text" }, content),
      this.#reactions(item),
    );
  }
  #quote(id) {
    const item = this.#shown.byId.get(id);
    const text = item ? `${plain(item.nick)}: ${plain(item.text) || "…"}` : "an earlier message";
    const go = () => this.#chat.goTo(this.#shown, id);
    return button(["↩ ", h("bdi", {}, text)], go, { class: "quote" });
  }
  #reactions(item) {
    const buttons = this.#shown.reactionsTo(item.id).map(([reaction, nicks]) => {
      const mine = nicks.some((nick) => this.#chat.model.isMe(nick));
      const title = `${plain(reaction)}: ${nicks.map(plain).join(", ")}`;
      const text = `${plain(reaction).slice(0, 24)} ${nicks.length}`;
      const doing = () => this.#react(item, reaction, !mine);
      return button(text, doing, { title, "aria-label": title, "aria-pressed": `${mine}` });
    });
    return buttons.length && h("div", { class: "reactions" }, buttons);
  }
  #pending(said) {
    const { session } = this.#chat;
    const [conversation, { key, nick, text, state, reason }] = [this.#shown, said];
    const name = h("span", { class: `nick ${nickClass(nick)}` }, named(nick));
    const again = button("Send again", () => session.again(conversation, said, "waiting"));
    const forget = button("Forget it", () => session.again(conversation, said));
    return line(
      "pending message",
      key,
      h("div", { class: "who" }, name, label(STATES[state] ?? "may not have arrived")),
      h("div", { class: "text" }, written(text.replace(/^\x01ACTION |\x01$/g, ""))),
      state === "failed" && h("div", { class: "failed error" }, reason, again, forget),
    );
  }
}
