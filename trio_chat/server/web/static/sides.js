// What stands beside a conversation: the others, its name and topic, and who is in it.

import { fold } from "./irc.js";
import { plain } from "./formatting.js";
import { $, fill, h, nickClass } from "./dom.js";

/** Members that are shown at once; who looks for another one types their name. */
const SHOWN = 200;

export function renderConversations({ model, show }) {
  const rowOf = (conversation) => {
    const { key, name, isRoom, joined } = conversation;
    const { count, mentioned } = key ? conversation.unread : { count: 0 };
    const current = conversation === model.active;
    const classes = ["place", count && "unread", !joined && "gone"].filter(Boolean).join(" ");
    const told = mentioned ? `, ${count} unread, you are meant` : `, ${count} unread`;
    const badge = count > 0 && [
      h("span", { class: mentioned ? "count meant" : "count", "aria-hidden": "true" }, count > 99 ? "99+" : count),
      h("span", { class: "unseen" }, told),
    ];
    const props = { class: classes, "aria-current": current && "page", onclick: () => show(conversation) };
    const make = () => h("li", {}, h("button", props, h("bdi", {}, plain(name)), badge || null));
    return { key: key || " ", version: `${name}${current}${count}${mentioned}${isRoom}${joined}`, make };
  };
  fill($("rooms"), model.rooms.map(rowOf));
  fill($("directs"), model.directs.map(rowOf));
  fill($("server"), [rowOf(model.server)]);
  $("me").textContent = model.account ? `${model.nick} (signed in)` : model.nick;
}

export function renderHeader({ model: { active } }) {
  $("name").textContent = plain(active.name);
  $("topic").textContent = $("topic").title = plain(active.topic);
  $("toggle-members").hidden = !active.isRoom;
  $("chat").classList.toggle("alone", !active.isRoom);
}

export function renderMembers({ model, askPerson }) {
  const { active } = model;
  const members = active.isRoom ? model.membersOf(active) : [];
  const sought = fold($("member-filter").value);
  const found = members.filter(({ nick }) => fold(nick).includes(sought));
  $("member-count").textContent = `Members: ${members.length}`;
  const rows = found.slice(0, SHOWN).map(({ nick, prefix, away }) => {
    const name = h.bind(null, "bdi", { class: `${nickClass(nick)}${away ? " away" : ""}` });
    const mark = () => h("span", { class: "prefix" }, prefix[0] ?? "");
    const more = () => (away ? h("span", { class: "unseen" }, " (away)") : null);
    const make = () => h("li", {}, h("button", { onclick: () => askPerson(nick) }, mark(), name(plain(nick)), more()));
    return { key: nick, version: `${prefix}${away}`, make };
  });
  const rest = found.length - rows.length;
  if (rest > 0) rows.push({ key: " ", version: rest, make: () => h("li", {}, h("p", { class: "quiet" }, `and ${rest} more`)) });
  fill($("member-list"), rows);
}
