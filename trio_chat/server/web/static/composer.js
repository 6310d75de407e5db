// Where one writes: a field that grows, completion, and what is replied to.

import { plain } from "./formatting.js";
import { complete, take } from "./commands.js";
import { $, h } from "./dom.js";

const isCommand = (text) => /^\/(?!\/)/.test(text);

export class Composer {
  #chat;
  #input = $("input");
  #shown = null;
  #found = null;
  #selected = 0;

  constructor(chat) {
    this.#chat = chat;
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("blur", () => this.#offer(null));
    // The field keeps the focus.
    $("completions").addEventListener("pointerdown", (event) => event.preventDefault());
    $("no-reply").addEventListener("click", () => this.reply(null));
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }
  focus() { this.#input.focus(); }

  reply(item) {
    this.#shown.replyTo = item?.id ?? "";
    this.#chat.changed();
    this.focus();
  }
  render(now) {
    const { active } = this.#chat.model;
    if (this.#shown !== active) {
      this.#shown = active;
      this.#write(active.draft);
      this.#input.placeholder = active.key ? `Message to ${plain(active.name)}` : "/help helps";
    }
    const replied = active.byId.get(active.replyTo);
    $("replying").hidden = !replied;
    const { nick, text } = replied ?? { nick: "", text: "" };
    $("replying-to").textContent = `Reply to ${plain(nick)}: ${plain(text)}`;
    const typing = active.typingAt(now).map(plain);
    const who = typing.length > 3 ? `${typing.length} people` : typing.join(", ");
    $("typing").textContent = who && `${who} ${typing.length > 1 ? "are" : "is"} typing…`;
  }
  #write(text) {
    this.#input.value = this.#shown.draft = text;
    this.#offer(null);
    this.#grow();
  }
  #grow() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight + 2}px`;
  }
  #complete(asked) {
    const { value, selectionStart } = this.#input;
    return complete(value, selectionStart, this.#chat.model, this.#shown, asked);
  }
  #typed() {
    const { value } = this.#input;
    const { session, settings } = this.#chat;
    this.#shown.draft = value;
    this.#grow();
    this.#offer(this.#complete(false));
    const isText = value.trim() !== "" && !isCommand(value);
    if (settings.typing && this.#shown.key) session.type(this.#shown, isText);
  }
  #key(event) {
    const { key, shiftKey } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    const isTab = key === "Tab" && !shiftKey;
    if (this.#found && step) this.#select(this.#selected + step);
    else if (this.#found && (isTab || key === "Enter")) this.#accept(this.#selected);
    else if (this.#found && key === "Escape") this.#offer(null);
    else if (isTab && this.#complete(true)) this.#offer(this.#complete(true));
    else if (key === "Enter" && !shiftKey) this.#send();
    else if (key === "ArrowUp" && !this.#input.value) this.#chat.focusLog();
    else if (key === "Escape") this.reply(null);
    else return;
    event.preventDefault();
  }
  #offer(found) {
    this.#found = found;
    $("completions").hidden = !found;
    this.#input.removeAttribute("aria-activedescendant");
    if (!found) return;
    const options = found.options.map(({ text, help }, index) => {
      const about = h("span", { class: "quiet" }, help);
      const attributes = { role: "option", id: `option-${index}` };
      const option = h("li", attributes, h("bdi", {}, plain(text).trim()), about);
      option.addEventListener("pointerdown", () => this.#accept(index));
      return option;
    });
    $("completions").replaceChildren(...options);
    this.#select(0);
  }
  #select(index) {
    const options = [...$("completions").children];
    this.#selected = (index + options.length) % options.length;
    for (const [at, option] of options.entries())
      option.setAttribute("aria-selected", `${at === this.#selected}`);
    this.#input.setAttribute("aria-activedescendant", `option-${this.#selected}`);
  }
  #accept(index) {
    const { from, options } = this.#found;
    this.#input.setRangeText(options[index].text, from, this.#input.selectionStart, "end");
    this.#offer(null);
    this.#typed();
  }
  async #send() {
    const conversation = this.#shown;
    const [text, { replyTo }] = [this.#input.value.trimEnd(), conversation];
    if (!text) return;
    Object.assign(conversation, { replyTo: "", lineAt: "", atBottom: true });
    this.#write("");
    // What could not be done is there again, to be mended.
    const done = await this.#chat.attempt(take(this.#chat, text, conversation, replyTo));
    if (!done && this.#shown === conversation && !this.#input.value) this.#write(text);
  }
}
