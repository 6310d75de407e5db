// The form through which one comes in; and windows in front of the chat: rooms and people to go to,
// search, and settings.

import { plain } from "./formatting.js";
import { $, button, clock, day, h, named } from "./dom.js";
import { MAILED } from "./registration.js";

const ABOUT_ACCOUNTS = /account|password|email|code|verif|^90\d/i;
export function setUpEntrance({ title, accent }, enter) {
  document.title = $("title").textContent = $("entrance-title").textContent = title;
  document.documentElement.style.setProperty("--accent", accent);
  $("insecure").hidden = isSecureContext;
  $("entrance-form").addEventListener("change", ({ target }) => {
    if (target.name === "how") $("email-row").hidden = target.value !== "register";
  });
  $("entrance-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    enter({
      nick: form.get("nick").trim(),
      account: "",
      password: $("with-account").open ? form.get("password") : "",
      register: form.get("how") === "register",
      email: form.get("email").trim(),
      code: form.get("code").trim(),
      serverPassword: form.get("server-password"),
    });
  });
}

/** Show the form, and why one is not let in. */
export function showEntrance(nick, error = null) {
  const code = error?.code ?? "";
  $("entrance").hidden = false;
  $("chat").hidden = true;
  $("entrance-error").textContent = plain(error?.message ?? "");
  $("with-account").open ||= ABOUT_ACCOUNTS.test(`${code} ${error?.message ?? ""}`);
  $("code-row").hidden &&= code !== MAILED;
  $("server-password-row").hidden &&= code !== "464";
  $("nick").value ||= nick;
  $("nick").focus();
}

const quiet = (...parts) => h("span", { class: "quiet" }, parts.filter(Boolean).join(" · "));

/** Make the windows work. Returns what opens them: `{find(words), listRooms()}`. */
export function setUpDialogs(chat) {
  const on = (id, kind, doing) =>
    $(id).addEventListener(kind, (event) => {
      if (kind === "submit") event.preventDefault();
      doing(event.target);
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
      return h("li", {}, button([named(name), about], () => goTo(name)));
    });
    $("room-list").replaceChildren(...rows);
  }
  function goTo(name) {
    $("rooms-dialog").close();
    chat.type(chat.model.isRoom(name) ? `/join ${name}` : `/msg ${name}`);
  }
  on("open-rooms", "click", listRooms);
  on("rooms-form", "submit", () => goTo($("room-name").value));

  function find(words = "") {
    $("search-words").value = words;
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
  on("open-search", "click", () => find());
  on("search-form", "submit", search);

  on("open-settings", "click", () => {
    const { settings, model: { account } } = chat;
    const mayNotify = globalThis.Notification?.permission === "granted";
    $("theme").value = settings.theme;
    $("tell-typing").checked = settings.typing;
    $("notify").checked = settings.notify && mayNotify;
    $("notify").disabled = !("Notification" in globalThis);
    $("account-state").textContent = account ? `You are signed in as ${plain(account)}.` : "";
    $("settings-dialog").showModal();
  });
  on("theme", "change", ({ value }) => chat.set("theme", value));
  on("tell-typing", "change", ({ checked }) => chat.set("typing", checked));
  on("notify", "change", async (box) => {
    box.checked &&= (await Notification.requestPermission()) === "granted";
    chat.set("notify", box.checked);
  });
  on("be-another", "click", () => chat.enterAnew());
  on("leave", "click", () => chat.session.quit());
  return { find, listRooms };
}
