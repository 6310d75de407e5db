// Windows in front of the chat: rooms, search, somebody, settings with the account.

import { plain } from "./formatting.js";
import { $, clock, day, h } from "./dom.js";

export function setUpDialogs(chat) {
  for (const button of document.querySelectorAll("dialog .close"))
    button.addEventListener("click", () => button.closest("dialog").close());
  const on = (id, doing, kind = "click") =>
    $(id).addEventListener(kind, (event) => {
      if (kind === "submit") event.preventDefault();
      doing(event);
    });

  // Rooms.

  async function listRooms() {
    $("rooms-dialog").showModal();
    $("room-list").replaceChildren();
    const replies = (await chat.attempt(chat.session.ask("LIST", [], { quiet: true }))) || [];
    const rooms = replies.filter(({ command }) => command === "322").map(({ params }) => params.slice(1));
    rooms.sort(([, one], [, other]) => other - one);
    const rows = rooms.map(([name, count, topic]) => {
      const people = count === "1" ? "1 person" : `${count} people`;
      const about = h("span", { class: "quiet" }, [people, plain(topic)].filter(Boolean).join(" · "));
      return h("li", {}, h("button", { type: "button", onclick: () => enter(name) }, h("bdi", {}, plain(name)), about));
    });
    $("room-list").replaceChildren(...rows);
  }

  function enter(name) {
    $("rooms-dialog").close();
    if (name) chat.attempt(chat.join(name[0] === "#" ? name : `#${name}`, ""));
  }

  on("open-rooms", listRooms);
  on("rooms-form", () => enter($("room-name").value.trim()), "submit");

  // Search.

  function find(words = "") {
    $("search-words").value = words;
    $("search-here").disabled = !chat.model.active.key;
    $("search-dialog").showModal();
    $("search-words").select();
    if (words) search();
  }

  async function search() {
    const where = $("search-here").checked && chat.model.active.key ? chat.model.active : null;
    $("search-state").textContent = "Searching…";
    $("found").replaceChildren();
    let found = [];
    try {
      found = await chat.session.search($("search-words").value, where);
    } catch (error) {
      $("search-state").textContent = error.message;
      return;
    }
    $("search-state").textContent = found.length ? `${found.length} found` : "Nothing was found.";
    $("found").replaceChildren(...found.reverse().map(result));
  }

  function result(message) {
    const { nick, params, tags } = message;
    const name = chat.model.isRoom(params[0]) ? params[0] : chat.model.isOwn(message) ? params[0] : nick;
    const head = `${plain(name)} · ${plain(nick)} · ${day(tags.time)}, ${clock(tags.time)}`;
    const go = () => {
      $("search-dialog").close();
      chat.goTo(chat.model.open(name), tags.msgid);
    };
    return h("li", {}, h("button", { type: "button", onclick: go }, h("span", { class: "quiet" }, head), plain(params[1])));
  }

  on("open-search", () => find());
  on("search-form", search, "submit");

  // Somebody.

  function askPerson(nick = "") {
    $("person-heading").textContent = plain(nick) || "Write to somebody";
    $("person-name").value = nick;
    $("person-row").hidden = Boolean(nick);
    const act = (text, line) =>
      h("button", { type: "button", onclick: () => ($("person-dialog").close(), chat.type(line)) }, text);
    const { active, nick: own, ignored } = chat.model;
    const mayRemove = /[~&@%]/.test(active.members.get(own.toLowerCase())?.prefix ?? "");
    const ignore = ignored.has(nick.toLowerCase()) ? act("Read again", `/unignore ${nick}`) : act("Ignore", `/ignore ${nick}`);
    const actions = [act("Who is it?", `/whois ${nick}`), ignore];
    if (mayRemove) actions.push(act("Remove from the room", `/kick ${nick}`), act("Ban", `/ban ${nick}`));
    $("person-actions").replaceChildren(...(nick ? actions : []));
    $("person-dialog").showModal();
  }

  on("open-person", () => askPerson());
  on("person-form", () => {
    $("person-dialog").close();
    if ($("person-name").value.trim()) chat.show(chat.model.open($("person-name").value.trim()));
  }, "submit");

  // Settings.

  function showSettings() {
    const { settings, model, session } = chat;
    $("theme").value = settings.theme;
    $("notify").checked = settings.notify && globalThis.Notification?.permission === "granted";
    $("notify").disabled = !("Notification" in globalThis);
    $("tell-typing").checked = settings.typing;
    $("new-nick").value = model.nick;
    const { account } = model;
    const open = session.offers("draft/account-registration") !== undefined;
    const possible = session.offers("sasl") !== undefined;
    $("account-state").textContent = account ? `You are signed in as ${plain(account)}.` : possible ? "You are not signed in." : "This server has no accounts.";
    $("account-fields").hidden = $("account-login").hidden = Boolean(account) || !possible;
    $("account-register").hidden = $("account-verify").hidden = Boolean(account) || !open;
    $("account-logout").hidden = !account;
    if (!$("settings-dialog").open) $("settings-dialog").showModal();
  }

  async function change(doing) {
    $("account-error").textContent = "";
    try {
      $("account-error").textContent = (await doing()) ?? "";
      showSettings();
    } catch (error) {
      $("account-error").textContent = error.message;
    }
  }

  const password = () => $("account-password").value;
  on("open-settings", () => change(() => ""));
  on("settings-form", () => {}, "submit");
  on("theme", () => chat.set("theme", $("theme").value), "change");
  on("tell-typing", () => chat.set("typing", $("tell-typing").checked), "change");
  on("notify", async () => {
    const allowed = $("notify").checked && (await Notification.requestPermission()) === "granted";
    chat.set("notify", ($("notify").checked = allowed));
  }, "change");
  on("change-nick", () => change(() => chat.rename($("new-nick").value.trim())));
  on("account-login", () => change(() => chat.session.logIn(chat.model.nick, password())));
  on("account-logout", () => change(() => chat.session.logOut()));
  on("account-register", () => change(async () => (await chat.session.makeAccount(password(), $("account-email").value)).at(-1)));
  on("account-verify", () => change(() => chat.session.verify($("account-email").value.trim())));
  on("leave", () => ($("settings-dialog").close(), chat.session.quit()));

  return { askPerson, find, listRooms };
}
