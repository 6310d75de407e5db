// Where one writes: a field that grows, completion, and what is replied to.

import { plain } from "./formatting.js";
import { complete, take } from "./commands.js";
import { $, h } from "./dom.js";

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
    $("no-reply").addEventListener("click", () => this.reply(null));
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  get conversation() {
    return this.#chat.model.active;
  }

  focus() {
    this.#input.focus();
  }

  reply(item) {
    this.conversation.replyTo = item?.id ?? "";
    this.#chat.changed();
    this.focus();
  }

  render(now) {
    const { conversation } = this;
    if (this.#shown !== conversation) {
      this.#shown = conversation;
      this.#input.value = conversation.draft;
      this.#input.placeholder = conversation.key ? `Message to ${plain(conversation.name)}` : "/help lists the commands";
      this.#grow();
    }
    const replied = conversation.byId.get(conversation.replyTo);
    $("replying").hidden = !replied;
    if (replied) $("replying-to").textContent = `Reply to ${plain(replied.nick)}: ${plain(replied.text)}`;
    const typing = conversation.typingAt(now).map(plain);
    const who = typing.length > 3 ? `${typing.length} people` : typing.join(", ");
    $("typing").textContent = who && `${who} ${typing.length > 1 ? "are" : "is"} typing…`;
  }

  #grow() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight + 2}px`;
  }

  #typed() {
    const { value, selectionStart } = this.#input;
    const { model, session, settings } = this.#chat;
    this.conversation.draft = value;
    this.#grow();
    this.#offer(complete(value, selectionStart, model, this.conversation));
    const isText = value.trim() && !/^\/(?!\/)/.test(value);
    if (settings.typing && this.conversation.key) session.type(this.conversation, Boolean(isText));
  }

  #key(event) {
    const { key, shiftKey, isComposing } = event;
    if (isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (this.#found && step) this.#select(this.#selected + step);
    else if (this.#found && ((key === "Tab" && !shiftKey) || key === "Enter")) this.#accept(this.#selected);
    else if (this.#found && key === "Escape") this.#offer(null);
    else if (key === "Tab" && !shiftKey) {
      const { value, selectionStart } = this.#input;
      const found = complete(value, selectionStart, this.#chat.model, this.conversation, true);
      if (!found) return;
      this.#offer(found);
      if (found.options.length === 1) this.#accept(0);
    } else if (key === "Enter" && !shiftKey) this.#send();
    else if (key === "ArrowUp" && !this.#input.value) this.#chat.focusLog();
    else if (key === "Escape") this.reply(null);
    else return;
    event.preventDefault();
  }

  #offer(found) {
    this.#found = found;
    $("completions").hidden = !found;
    this.#input.toggleAttribute("aria-controls", false);
    this.#input.removeAttribute("aria-activedescendant");
    if (!found) return;
    this.#input.setAttribute("aria-controls", "completions");
    const options = found.options.map(({ text, help }, index) => {
      const onpointerdown = (event) => {
        event.preventDefault();
        this.#accept(index);
      };
      const props = { role: "option", id: `option-${index}`, onpointerdown };
      return h("li", props, h("bdi", {}, plain(text).trim()), h("span", { class: "quiet" }, help));
    });
    $("completions").replaceChildren(...options);
    this.#select(0);
  }

  #select(index) {
    const { children } = $("completions");
    this.#selected = (index + children.length) % children.length;
    for (const [at, option] of [...children].entries())
      option.setAttribute("aria-selected", `${at === this.#selected}`);
    this.#input.setAttribute("aria-activedescendant", `option-${this.#selected}`);
  }

  #accept(index) {
    const { from, options } = this.#found;
    this.#input.setRangeText(options[index].text, from, this.#input.selectionStart, "end");
    this.#offer(null);
    this.conversation.draft = this.#input.value;
  }

  async #send() {
    const { conversation } = this;
    const text = this.#input.value.replace(/\s+$/, "");
    if (!text) return;
    const { replyTo } = conversation;
    [this.#input.value, conversation.draft, conversation.replyTo, conversation.lineAt] = ["", "", "", ""];
    this.#offer(null);
    this.#grow();
    conversation.atBottom = true;
    if (!(await this.#chat.attempt(take(this.#chat, text, conversation, replyTo))) && !this.#input.value)
      [this.#input.value, conversation.draft] = [text, text];
  }
}
