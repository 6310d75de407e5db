// The form through which one comes in, and what it says when one can not.

import { plain } from "./formatting.js";
import { $ } from "./dom.js";
import { MAILED } from "./registration.js";

const ABOUT_ACCOUNTS = /ACCOUNT|PASSWORD|EMAIL|CODE|VERIF|^90\d$/;
const WRONG_SERVER_PASSWORD = "464";
const OURS = ["localhost", "127.0.0.1", "[::1]"];

export function setUpEntrance({ title, accent }, enter) {
  const { style } = document.documentElement;
  document.title = $("title").textContent = $("entrance-title").textContent = title;
  style.setProperty("--accent", accent);
  style.setProperty("--on-accent", isLight(accent) ? "#000000" : "#ffffff");
  $("insecure").hidden = location.protocol === "https:" || OURS.includes(location.hostname);
  $("entrance-form").addEventListener("change", ({ target }) => {
    if (target.name === "how") $("email-row").hidden = target.value !== "register";
  });
  $("entrance-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    enter({
      nick: form.get("nick").trim(),
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
  $("with-account").open ||= ABOUT_ACCOUNTS.test(code);
  $("code-row").hidden &&= code !== MAILED;
  $("server-password-row").hidden &&= code !== WRONG_SERVER_PASSWORD;
  $("nick").value ||= nick;
  $("nick").focus();
}

/** Whether black is read better than white on a colour (WCAG, relative luminance). */
function isLight(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
}
