// What stands beside a conversation: the others, its name and topic, and who is in it.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";
import { $, button, fill, h, named, nickClass } from "./dom.js";

/** Members that are shown at once; who looks for another one types their name. */
const SHOWN = 200;

export function renderSides({ model, show, askPerson }) {
  const { active, rooms, directs, server, nick, account } = model;
  const rowOf = (one) => conversationRow(one, one === active, () => show(one));
  fill($("rooms"), rooms.map(rowOf));
  fill($("directs"), directs.map(rowOf));
  fill($("server"), [rowOf(server)]);
  $("me").textContent = account ? `${plain(nick)} (signed in)` : plain(nick);
  $("name").textContent = plain(active.name);
  $("topic").textContent = $("topic").title = plain(active.topic);
  $("toggle-members").hidden = !active.isRoom;
  $("chat").classList.toggle("alone", !active.isRoom);
  const members = active.isRoom ? model.membersOf(active) : [];
  const found = members.filter((one) => fold(one.nick).includes(fold($("member-filter").value)));
  const rest = h.bind(null, "li", { class: "quiet" }, `and ${found.length - SHOWN} more`);
  $("member-count").textContent = `Members: ${members.length}`;
  const rows = found.slice(0, SHOWN).map((one) => {
    const make = () => memberRow(one.nick, one.prefix, askPerson);
    return { key: one.nick, version: one.prefix, make };
  });
  if (found.length > SHOWN) rows.push({ key: " ", version: found.length, make: rest });
  fill($("member-list"), rows);
}
function conversationRow(conversation, current, show) {
  const { key, name, joined, unread: { count, mentioned } } = conversation;
  const kinds = ["place", count && "unread", !joined && "gone"].filter(Boolean).join(" ");
  const make = () => {
    const number = count > 99 ? "99+" : `${count}`;
    const badge = h("span", { class: mentioned ? "count meant" : "count" }, number);
    const told = h("span", { class: "unseen" }, `, unread${mentioned ? ", you are meant" : ""}`);
    const content = count ? [named(name), badge, told] : [named(name)];
    return h("li", {}, button(content, show, { class: kinds, "aria-current": current && "page" }));
  };
  return { key: key || " ", version: `${name}${current}${count}${mentioned}${joined}`, make };
}
function memberRow(nick, prefix, askPerson) {
  const mark = h("span", { class: "prefix" }, prefix[0] ?? "");
  const name = h("span", { class: nickClass(nick) }, named(nick));
  return h("li", {}, button([mark, name], () => askPerson(nick)));
}

/** Make what is beside open and close; on a phone it is in front, one at a time. */
export function setUpSides(chat) {
  const wide = matchMedia("(min-width: 761px)");
  const { classList } = $("chat");
  const expand = (id, on) => $(id).setAttribute("aria-expanded", `${on}`);
  chat.closeDrawers = () => {
    classList.remove("side", "people");
    $("veil").hidden = true;
    expand("toggle-side", false);
    expand("toggle-members", wide.matches && !classList.contains("fewer"));
  };
  const drawer = (id, panel, name) =>
    $(id).addEventListener("click", () => {
      const isDrawer = !wide.matches;
      const on = classList.toggle(isDrawer ? name : "fewer");
      expand(id, isDrawer ? on : !on);
      $("veil").hidden = !isDrawer || !on;
      if (isDrawer && on) $(panel).querySelector("button, input").focus();
    });
  drawer("toggle-side", "side", "side");
  drawer("toggle-members", "members", "people");
  chat.closeDrawers();
  $("veil").addEventListener("click", chat.closeDrawers);
  $("member-filter").addEventListener("input", chat.changed);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$("veil").hidden) chat.focusInput(chat.closeDrawers());
    if (!event.ctrlKey || event.key !== "k" || $("chat").hidden) return;
    event.preventDefault();
    chat.find();
  });
}
