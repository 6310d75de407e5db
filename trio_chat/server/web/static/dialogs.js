// Windows in front of the chat: rooms, search, somebody, and settings with the account.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";
import { $, button, clock, day, h, named } from "./dom.js";

const quiet = (...parts) => h("span", { class: "quiet" }, parts.filter(Boolean).join(" · "));

/** Make the windows work. Returns what opens them: `{askPerson(nick), find(words), listRooms()}`. */
export function setUpDialogs(chat) {
  const on = (id, doing, kind = "click") =>
    $(id).addEventListener(kind, (event) => {
      if (kind === "submit") event.preventDefault();
      doing(event);
    });
  for (const one of document.querySelectorAll("dialog .close"))
    one.addEventListener("click", () => one.closest("dialog").close());

  async function listRooms() {
    $("room-list").replaceChildren();
    $("rooms-dialog").showModal();
    const replies = await chat.attempt(chat.session.ask("LIST", [], { quiet: true }));
    const rooms = (replies ?? []).filter(({ command }) => command === "322");
    const rows = rooms.map(({ params: [, name, count, topic] }) => {
      const about = quiet(count === "1" ? "1 person" : `${count} people`, plain(topic));
      return h("li", {}, button([named(name), about], () => enter(name)));
    });
    $("room-list").replaceChildren(...rows);
  }
  function enter(name) {
    $("rooms-dialog").close();
    chat.type(`/join ${name}`);
  }
  on("open-rooms", listRooms);
  on("rooms-form", () => enter($("room-name").value), "submit");

  function find(words = "") {
    $("search-words").value = words;
    $("search-here").disabled = !chat.model.active.key;
    $("search-dialog").showModal();
    if (words) search();
  }
  async function search() {
    const { active } = chat.model;
    const where = $("search-here").checked && active.key ? active : null;
    $("search-state").textContent = "Searching…";
    $("found").replaceChildren();
    try {
      const found = await chat.session.search($("search-words").value, where);
      $("search-state").textContent = found.length ? `${found.length} found` : "Nothing was found.";
      $("found").replaceChildren(...found.reverse().map(result));
    } catch (error) {
      $("search-state").textContent = error.message;
    }
  }
  function result(message) {
    const { nick, params: [target, text], tags: { time, msgid } } = message;
    const name = chat.model.isRoom(target) || chat.model.isOwn(message) ? target : nick;
    const head = quiet(plain(name), plain(nick), `${day(time)}, ${clock(time)}`);
    const go = () => {
      $("search-dialog").close();
      chat.goTo(chat.model.open(name), msgid);
    };
    return h("li", {}, button([head, plain(text)], go));
  }
  on("open-search", () => find());
  on("search-form", search, "submit");

  function askPerson(nick = "") {
    const { active, ignored, nick: own } = chat.model;
    const act = (text, command) =>
      button(text, () => {
        $("person-dialog").close();
        chat.type(`/${command} ${nick}`);
      });
    const isIgnored = ignored.has(fold(nick));
    const actions = [act("Who is it?", "whois"), act(isIgnored ? "Read again" : "Ignore", isIgnored ? "unignore" : "ignore")];
    if (/[~&@%]/.test(active.members.get(fold(own))?.prefix ?? ""))
      actions.push(act("Remove from the room", "kick"), act("Ban", "ban"));
    $("person-heading").textContent = plain(nick) || "Write to somebody";
    $("person-name").value = nick;
    $("person-row").hidden = nick !== "";
    $("person-actions").replaceChildren(...(nick ? actions : []));
    $("person-dialog").showModal();
  }
  on("open-person", () => askPerson());
  on("person-form", () => {
    $("person-dialog").close();
    chat.type(`/msg ${$("person-name").value}`);
  }, "submit");

  function showSettings() {
    const { settings, model: { account, nick }, session } = chat;
    $("theme").value = settings.theme;
    $("tell-typing").checked = settings.typing;
    $("notify").checked = settings.notify && globalThis.Notification?.permission === "granted";
    $("notify").disabled = !("Notification" in globalThis);
    $("new-nick").value = nick;
    const states = [session.offers("sasl") ? "You are not signed in." : "This server has no accounts."];
    $("account-state").textContent = account ? `You are signed in as ${plain(account)}.` : states[0];
    const closed = !session.offers("draft/account-registration");
    $("account-fields").hidden = $("account-login").hidden = account || !session.offers("sasl");
    $("account-register").hidden = $("account-verify").hidden = account || closed;
    $("account-logout").hidden = !account;
    if (!$("settings-dialog").open) $("settings-dialog").showModal();
  }
  /** Do something about who we are; say what came of it, or what is wrong. */
  const changes = (id, doing) =>
    on(id, async () => {
      try {
        $("account-error").textContent = plain((await doing(chat.session)) ?? "");
        showSettings();
      } catch (error) {
        $("account-error").textContent = error.message;
      }
    });
  const password = () => $("account-password").value;
  const email = () => $("account-email").value.trim();
  changes("open-settings", () => "");
  changes("change-nick", (session) => session.rename($("new-nick").value.trim()));
  changes("account-login", (session) => session.logIn(chat.model.nick, password()));
  changes("account-register", async (session) => (await session.makeAccount(password(), email())).at(-1));
  changes("account-verify", (session) => session.verify(email()));
  changes("account-logout", (session) => session.logOut());
  on("settings-form", () => {}, "submit");
  on("theme", ({ target }) => chat.set("theme", target.value), "change");
  on("tell-typing", ({ target }) => chat.set("typing", target.checked), "change");
  on("notify", async ({ target }) => {
    const allowed = target.checked && (await Notification.requestPermission()) === "granted";
    target.checked = allowed;
    chat.set("notify", allowed);
  }, "change");
  on("leave", () => {
    $("settings-dialog").close();
    chat.session.quit();
  });
  return { askPerson, find, listRooms };
}
