// What was said in a conversation, as a list to scroll and to walk through with the keyboard.
//
// Where somebody has scrolled to they stay, whatever comes above or below; who is at the end stays
// there. Nearing either end asks for more.

import { plain } from "./formatting.js";
import { clock, day, fill, h, nickClass, timeOf, written } from "./dom.js";

/** Milliseconds within which what one person says stands under one name. */
const TOGETHER = 300000;
/** Pixels to the end that count as being there, and to an end where more is asked for. */
const NEAR = 40;
const SOON = 800;
const REACTIONS = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];
const CLASSES = { info: "info", error: "error-line", gap: "gap" };

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
    toEnd.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#stay(this.#place)).observe(box);
  }

  get conversation() {
    return this.#chat.model.active;
  }

  /** Show the conversation as it is now. */
  render() {
    const { conversation } = this;
    const changed = this.#shown !== conversation;
    let place = this.#place;
    if (changed) {
      if (this.#shown) this.#places.set(this.#shown, place);
      place = this.#places.get(conversation) ?? null;
      this.#list.replaceChildren();
      this.#list.rows = new Map();
      this.#shown = conversation;
    }
    fill(this.#list, this.#rows(conversation));
    this.#stay(place);
    this.#seek();
    this.#more();
  }

  /** Go to the end, and back to what happens now. */
  async toEnd() {
    this.conversation.atBottom = true;
    await this.#chat.session.goToEnd(this.conversation);
    this.#stay(null);
  }

  /** Show an item when it is there, and go to it. */
  seek(id) {
    this.#sought = id;
    this.conversation.atBottom = false;
  }

  focusLast() {
    this.#focus([...this.#list.querySelectorAll("li.message")].at(-1));
  }

  // Scrolling.

  /** What is at the top of what is seen, and where; null at the end. */
  get #place() {
    if (!this.#shown || this.#shown.atBottom) return null;
    const top = this.#box.getBoundingClientRect().top;
    const rows = [...this.#list.children];
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    const row = rows[low];
    return row ? { key: row.dataset.key, offset: row.getBoundingClientRect().top - top } : null;
  }

  #stay(place) {
    if (!place) {
      if (this.#shown?.atBottom) this.#box.scrollTop = this.#box.scrollHeight;
      return;
    }
    const row = this.#list.rows.get(place.key)?.element;
    const top = this.#box.getBoundingClientRect().top;
    if (row) this.#box.scrollTop += row.getBoundingClientRect().top - top - place.offset;
  }

  #seek() {
    const row = this.#list.rows.get(this.#sought)?.element;
    if (!row) return;
    this.#sought = "";
    for (const other of this.#list.querySelectorAll(".sought")) other.classList.remove("sought");
    row.classList.add("sought");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    if (!this.#shown || this.#shown !== this.conversation) return;
    this.#shown.atBottom = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#more();
    this.#chat.changed();
  }

  #more() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    const { conversation } = this;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#toEnd.hidden = conversation.atBottom && conversation.place !== "past";
    if (conversation.place === "behind") return;
    if (scrollTop < SOON) this.#chat.session.read(conversation, true);
    if (below < SOON) this.#chat.session.read(conversation, false);
  }

  // The keyboard.

  #key(event) {
    const row = event.target.closest("li.message");
    const at = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.target.closest("input, summary") || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") this.#chat.focusInput();
    else if (at && row) this.#focus(this.#next(row, at));
    else if (at) this.focusLast();
    else if (row && event.target === row && !this.#command(event.key, this.#itemOf(row))) return;
    else if (!row || event.target !== row) return;
    event.preventDefault();
  }

  #command(key, item) {
    if (key === "r") this.#chat.reply(item);
    else if (key === "e") this.#offerReactions(item);
    else if (key === "Delete") this.#redact(item);
    else if (key === "Enter") this.#tools?.querySelector("button")?.focus();
    else return false;
    return true;
  }

  #next(row, step) {
    const sibling = step < 0 ? "previousElementSibling" : "nextElementSibling";
    let next = row[sibling];
    while (next && !next.matches("li.message")) next = next[sibling];
    return next;
  }

  #focus(row) {
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  // What can be done with a message.

  #itemOf = (row) => this.conversation.byId.get(row.dataset.key);

  #offer(row) {
    const item = row && this.#itemOf(row);
    if (!item || item.redacted || this.#tools?.parentElement === row) return;
    this.#tools?.remove();
    const act = (text, label, doing) => h("button", { "aria-label": label, title: label, onclick: doing }, text);
    this.#tools = h(
      "div",
      { class: "tools", role: "group", "aria-label": `Message of ${plain(item.nick)}` },
      act("↩", "Reply (r)", () => this.#chat.reply(item)),
      act("☺", "React (e)", () => this.#offerReactions(item)),
      act("🗑", "Take back (Delete)", () => this.#redact(item)),
    );
    row.append(this.#tools);
  }

  #offerReactions(item) {
    const react = (reaction) => {
      if (reaction) this.#react(item, reaction, true);
      this.#focus(this.#list.rows.get(item.id)?.element);
    };
    const own = h("input", { "aria-label": "Another reaction", size: 4, maxlength: 32 });
    own.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Enter") react(event.key === "Enter" && own.value.trim());
    });
    const buttons = REACTIONS.map((one) =>
      h("button", { "aria-label": `React with ${one}`, onclick: () => react(one) }, one),
    );
    this.#tools?.replaceChildren(...buttons, own);
    buttons[0].focus();
  }

  #react(item, reaction, on) {
    this.#chat.attempt(this.#chat.session.react(this.conversation, item.id, reaction, on));
  }

  #redact(item) {
    if (window.confirm("Take this message back? Nobody will see it any more."))
      this.#chat.attempt(this.#chat.session.redact(this.conversation, item.id));
  }

  // Rows.

  #rows(conversation) {
    const rows = [];
    let [last, fold, today, isNew] = [null, null, "", false];
    for (const item of conversation.items) {
      const date = dayOf(item);
      if (date !== today) rows.push(this.#rule(`day-${date}`, "day", date));
      const news = conversation.lineAt && item.id && item.time > conversation.lineAt && !item.own;
      if (news && !isNew) rows.push(this.#rule("new", "new", "New"));
      if (date !== today || (news && !isNew)) [last, fold] = [null, null];
      [today, isNew] = [date, isNew || Boolean(news)];
      if (item.folds) {
        if (!fold) rows.push((fold = { key: `fold-${item.key}`, items: [] }));
        fold.items.push(item);
        last = null;
        continue;
      }
      fold = null;
      const grouped = isGrouped(last, item);
      const make = () => this.#make(item, grouped, conversation);
      rows.push({ key: item.key, version: `${grouped}${item.changes}`, make });
      last = item;
    }
    for (const row of rows)
      if (row.items) Object.assign(row, { version: row.items.length, make: () => this.#folded(row) });
    for (const said of conversation.pending)
      rows.push({ key: said.key, version: said.state, make: () => this.#pending(said, conversation) });
    return rows;
  }

  #rule = (key, name, text) => ({ key, version: "", make: () => h("li", { class: name, "data-key": key }, text) });

  #folded({ key, items }) {
    const lines = items.map((item) => h("div", {}, h("bdi", {}, plain(item.nick)), ` ${plain(item.text)} `, timeOf(item.time)));
    if (items.length === 1) return h("li", { class: "event", "data-key": key }, lines);
    const names = [...new Set(items.map(({ nick }) => plain(nick)))];
    const some = names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
    const summary = h("summary", {}, h("bdi", {}, some), " came, went or changed names");
    return h("li", { class: "event", "data-key": key }, h("details", {}, summary, ...lines));
  }

  #make(item, grouped, conversation) {
    const { id, key, kind, nick, text, own, mention, redacted, replyTo, to, time } = item;
    if (kind in CLASSES) return h("li", { class: CLASSES[kind], "data-key": key }, text);
    if (kind === "event")
      return h("li", { class: "event", "data-key": key }, h("bdi", {}, plain(nick)), ` ${plain(text)} `, timeOf(time));
    const classes = ["message", kind, grouped && "grouped", mention && "meant", redacted && "redacted", own && "own"];
    const gone = redacted && `Taken back by ${plain(redacted.nick)}${redacted.reason && `: ${plain(redacted.reason)}`}`;
    const name = h("button", { class: `nick ${nickClass(nick)}`, onclick: () => this.#chat.askPerson(nick) }, h("bdi", {}, plain(nick)));
    return h(
      "li",
      { class: classes.filter(Boolean).join(" "), "data-key": key, tabindex: -1 },
      grouped ? [h("span", { class: "unseen" }, `${plain(nick)}: `), timeOf(time)] : h("div", { class: "who" }, name, timeOf(time), to && h("span", { class: "label" }, "to operators")),
      replyTo && !redacted && this.#quote(replyTo, conversation),
      h("div", { class: "text" }, gone || written(text)),
      this.#reactions(id, item, conversation),
    );
  }

  #quote(id, conversation) {
    const item = conversation.byId.get(id);
    const text = item ? `${plain(item.nick)}: ${plain(item.text) || "…"}` : "an earlier message";
    const go = async () => {
      this.seek(id);
      await this.#chat.attempt(this.#chat.session.goTo(conversation, id));
      this.#chat.changed();
    };
    return h("button", { class: "quote", onclick: go }, "↩ ", h("bdi", {}, text));
  }

  #reactions(id, item, conversation) {
    const found = conversation.reactionsTo(id);
    if (!found.length) return null;
    const buttons = found.map(([reaction, nicks]) => {
      const mine = nicks.some((nick) => this.#chat.model.isMe(nick));
      const label = `${plain(reaction)}: ${nicks.map(plain).join(", ")}`;
      const onclick = () => this.#react(item, reaction, !mine);
      return h("button", { "aria-pressed": `${mine}`, "aria-label": label, title: label, onclick }, `${plain(reaction).slice(0, 24)} ${nicks.length}`);
    });
    return h("div", { class: "reactions" }, buttons);
  }

  #pending(said, conversation) {
    const { session } = this.#chat;
    const words = { waiting: "waits for the connection", sent: "is being sent", unsure: "may not have arrived" };
    const failed = h(
      "div",
      { class: "failed error" },
      said.reason,
      h("button", { onclick: () => session.again(conversation, said) }, "Send again"),
      h("button", { onclick: () => session.forget(conversation, said) }, "Forget it"),
    );
    return h(
      "li",
      { class: "pending message", "data-key": said.key },
      h("div", { class: "who" }, h("span", { class: `nick ${nickClass(said.nick)}` }, h("bdi", {}, plain(said.nick))), h("span", { class: "label" }, words[said.state] ?? "was not sent")),
      h("div", { class: "text" }, written(said.text.replace(/^\x01ACTION |\x01$/g, ""))),
      said.state === "failed" && failed,
    );
  }
}

const DAYS = new WeakMap();

function dayOf(item) {
  if (!DAYS.has(item)) DAYS.set(item, day(item.time || Date.now()));
  return DAYS.get(item);
}

const isGrouped = (last, item) =>
  last?.kind === "message" &&
  item.kind === "message" &&
  last.nick === item.nick &&
  !item.replyTo &&
  last.to === item.to &&
  Date.parse(item.time) - Date.parse(last.time) < TOGETHER;
