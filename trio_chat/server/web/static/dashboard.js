// The dashboard: asks the server every other second what it does, and draws that.
//
// Where the numbers are not shown to everybody they come by way of an operator; what is done about
// something always does (dashboard-operator.js). All that others have chosen, their names, goes in as
// text.

import { $, h } from "./dom.js";
import { Chart } from "./dashboard-chart.js";
import { KINDS, Past, bytes, count, duration, percent, perSecond, span } from "./dashboard-figures.js";
import { Operator } from "./dashboard-operator.js";

const EVERY = 2000;
/** Milliseconds after which an answer is not waited for any more. */
const PATIENCE = 10000;
const FORBIDDEN = 403;

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const clock = (seconds) => TIME.format(new Date(seconds * 1000));

const NAMES = {
  irc: "IRC",
  websocket: "WebSocket",
  plain: "nc",
  http: "HTTP",
  opening: "new",
};
const CHARTS = [
  {
    title: "Connections",
    series: KINDS.map((key) => ({ key, name: NAMES[key] })),
    format: count,
    least: 4,
  },
  {
    title: "Messages",
    series: [{ key: "messages", name: "said" }, { key: "lines", name: "lines received" }],
    format: perSecond,
    least: 1,
  },
  {
    title: "Deliveries",
    series: [{ key: "deliveries", name: "shown to somebody" }],
    format: perSecond,
    least: 10,
    filled: true,
  },
  {
    title: "Tick",
    series: [{ key: "tickMedian", name: "median" }, { key: "tickWorst", name: "99 of 100 within" }],
    format: duration,
    least: 0.001,
  },
  {
    title: "Commit",
    series: [{ key: "commitMedian", name: "median" }, { key: "commitWorst", name: "99 of 100 within" }],
    format: duration,
    least: 0.001,
  },
  {
    title: "Loop lag",
    series: [{ key: "lag", name: "99 of 100 within" }],
    format: duration,
    least: 0.001,
    filled: true,
  },
  {
    title: "Unsent",
    series: [{ key: "queued", name: "for all" }, { key: "largest", name: "for the slowest" }],
    format: bytes,
    least: 1000,
  },
  {
    title: "Queues",
    series: [{ key: "inbox", name: "lines for the next tick" }, { key: "behind", name: "clients behind" }],
    format: count,
    least: 4,
  },
  {
    title: "CPU",
    series: [{ key: "cpu", name: "of one core" }],
    format: percent,
    least: 0.01,
    filled: true,
  },
];

const past = new Past();
const charts = CHARTS.map((one) => new Chart(one, clock));
let operator = null;
/** Whether the numbers come by way of the operator. */
let byOperator = false;
let timer = 0;

// --- The numbers

class ForbiddenError extends Error {}

async function fetched() {
  const response = await fetch("/dashboard.json", { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  if (response.status === FORBIDDEN) throw new ForbiddenError();
  if (!response.ok) throw new Error(`The server answers ${response.status}`);
  return response.json();
}

async function poll() {
  clearTimeout(timer);
  let stats = null;
  try {
    stats = byOperator ? await operator.stats() : await fetched();
  } catch (error) {
    if (error instanceof ForbiddenError || (byOperator && !operator.name)) {
      refuse();
      return;
    }
  }
  // Somebody may have wanted it at once meanwhile.
  clearTimeout(timer);
  timer = setTimeout(poll, EVERY);
  say(stats ? "Live" : "The server does not answer", !stats);
  if (stats) show(stats);
}

/** Say that the numbers are not for whoever is here. */
function refuse() {
  byOperator = false;
  $("figures").hidden = true;
  $("refused").hidden = false;
  say("");
}

function say(text, isBad = false) {
  const state = $("state");
  // What is said again is not read out again.
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("bad", isBad);
  state.classList.toggle("good", Boolean(text) && !isBad);
}

// --- What is shown of them

function show(stats) {
  const now = past.take(stats);
  $("refused").hidden = true;
  $("figures").hidden = $("actions").hidden = false;
  showTiles(stats, now);
  showCharts();
  showFailures(stats.failures);
  showSlowest(stats);
  list("busiest", stats.busiest, ({ room }) => room, ({ room, members, deliveries }) => [
    name(room),
    number(count(members)),
    number(count(deliveries)),
  ]);
  showEnded("cut-offs", stats.cut_offs);
  showEnded("refusals", stats.refusals);
}

function showTiles(stats, now) {
  const { connections, users, rooms, operators, memory, started, time, version } = stats;
  const tiles = [
    ["Connections", count(connections.now), `of ${count(connections.limit)}`],
    ["Users", count(users), `${count(operators)} ${operators === 1 ? "operator" : "operators"}`],
    ["Rooms", count(rooms), ""],
    ["Deliveries", perSecond(now.deliveries), `${count(stats.deliveries)} in all`],
    ["CPU", percent(now.cpu), "of one core"],
    ["Memory", bytes(memory), ""],
    ["Up for", span(time - started), `trio_chat ${version}`],
  ];
  const cells = ([title, value, more]) => [
    h("dt", {}, title),
    h("dd", { class: "figure" }, value),
    h("dd", { class: "quiet" }, more),
  ];
  fill($("tiles"), tiles.map((one) => [one[0], h("div", { class: "card" }, cells(one))]));
}

function showCharts() {
  const samples = past.since(Number($("seconds").value));
  for (const chart of charts) chart.show(samples);
}

function showFailures(failures) {
  const found = Object.entries(failures).filter(([, times]) => times);
  const text = found.map(([what, times]) => `${what} (${count(times)})`).join(", ");
  $("failures").hidden = !found.length;
  if (found.length) $("failures").textContent = `Since the start, and in the log: ${text}`;
}

function showSlowest({ slowest, time }) {
  const key = ({ nickname, host, kind }) => `${nickname} ${host} ${kind}`;
  const cells = ({ nickname, host, kind, tls, bytes: size, since }) => [
    who(nickname, host),
    h("td", {}, `${NAMES[kind]}${tls ? ", TLS" : ""}`),
    number(bytes(size)),
    number(since === null ? "–" : span(time - since)),
    h("td", {}, nickname ? closing(nickname) : null),
  ];
  list("slowest", slowest, key, cells);
}

function closing(nickname) {
  const label = `Close the connection of ${nickname}…`;
  const element = h("button", { class: "small", "aria-label": label }, "Close…");
  element.addEventListener("click", () => openKill(nickname));
  return element;
}

function showEnded(id, { reasons, latest: ended }) {
  const found = Object.entries(reasons).filter(([, times]) => times);
  found.sort(([, one], [, other]) => other - one);
  $(`${id}-reasons`).textContent = found.map(([why, times]) => `${why}: ${count(times)}`).join(" · ");
  const key = ({ time, host, nickname }) => `${time} ${host} ${nickname}`;
  list(id, ended, key, ({ time, host, nickname, reason }) => [
    h("td", {}, h("time", { datetime: new Date(time * 1000).toISOString() }, clock(time))),
    who(nickname, host),
    h("td", {}, reason),
  ]);
}

/** Fill the table of that id; each row has a key, and cells. */
function list(id, rows, keyOf, cellsOf) {
  const table = $(id).closest(".scrolls");
  table.hidden = !rows.length;
  $(`${id}-none`).hidden = Boolean(rows.length);
  fill($(id), rows.map((row) => [keyOf(row), h("tr", {}, cellsOf(row))]));
}

const shown = new WeakMap();

/** Make the children of an element be these, `[key, child]`. Of a child that is there already, under
 * the same key, only what has changed is put in: what has the focus, or is pressed, stays. */
function fill(parent, children) {
  const before = shown.get(parent) ?? new Map();
  const after = new Map();
  for (const [key, child] of children) {
    let place = 1;
    while (after.has(`${key} ${place}`)) place++;
    const old = before.get(`${key} ${place}`);
    if (old) renew(old, child);
    after.set(`${key} ${place}`, old ?? child);
  }
  const wanted = [...after.values()];
  for (const old of before.values()) if (!wanted.includes(old)) old.remove();
  for (const [place, child] of wanted.entries())
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  shown.set(parent, after);
}

function renew(old, child) {
  for (const [place, cell] of [...child.children].entries())
    if (!old.children[place].isEqualNode(cell)) old.children[place].replaceWith(cell);
}

const name = (text) => h("td", {}, h("bdi", {}, text));
const number = (text) => h("td", { class: "number" }, text);
const who = (nickname, host) =>
  h("td", {}, nickname ? h("bdi", {}, nickname) : null, nickname ? " " : null, h("span", { class: "quiet" }, host || "here"));

// --- What is done

/** Make a dialog: what it does where it is confirmed. It stays open, and says why, where that fails. */
function dialog(id, act) {
  const element = $(id);
  const error = element.querySelector(".error");
  const confirm = element.querySelector(".primary");
  element.querySelector(".cancel").addEventListener("click", () => element.close());
  element.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    confirm.disabled = true;
    try {
      await act();
      element.close();
    } catch (problem) {
      error.textContent = problem.message;
    }
    confirm.disabled = false;
  });
  element.addEventListener("close", () => (error.textContent = ""));
}

/** What is opened next, once we are an operator. */
let next = null;

function openAsOperator(id) {
  if (operator.isIn) $(id).showModal();
  else {
    next = id;
    $("login").showModal();
  }
}

async function logIn() {
  await operator.logIn({
    name: $("oper-name").value,
    password: $("oper-password").value,
    serverPassword: $("server-password").value,
    account: $("account").value,
    accountPassword: $("account-password").value,
  });
  for (const id of ["oper-password", "server-password", "account-password"]) $(id).value = "";
  if (!$("refused").hidden) {
    byOperator = true;
    $("refused").hidden = true;
    poll();
  }
}

function openKill(nickname) {
  $("kill-nick").value = nickname;
  openAsOperator("kill");
}

function tell(text) {
  // With the time, so that the same is said again.
  $("done").textContent = `${clock(Date.now() / 1000)} ${text}`;
}

function showOperator(problem) {
  $("log-out").hidden = !operator.name;
  $("log-out").textContent = `Log out ${operator.name}`;
  if (problem) tell(`No operator any more: ${problem.message}`);
}

async function sendNotice() {
  await operator.notice($("notice-text").value);
  $("notice-text").value = "";
  tell("Everybody was told.");
}

async function kill() {
  const nickname = $("kill-nick").value;
  await operator.kill(nickname, $("kill-reason").value);
  tell(`The connection of ${nickname} is closed.`);
}

// --- The beginning

const isPrivate = () =>
  location.protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

async function begin() {
  const told = await (await fetch("/page.json")).json();
  $("network").textContent = told.network;
  document.title = `Dashboard of ${told.network}`;
  const url = new URL(told.websocket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  operator = new Operator(url, showOperator);
  $("charts").append(...charts.map(({ element }) => element));
  $("insecure").hidden = isPrivate();
  $("seconds").addEventListener("change", showCharts);
  dialog("login", logIn);
  dialog("notice", sendNotice);
  dialog("kill", kill);
  $("login").addEventListener("close", () => {
    if (next && operator.isIn) $(next).showModal();
    next = null;
  });
  $("open-login").addEventListener("click", () => openAsOperator(null));
  $("open-notice").addEventListener("click", () => openAsOperator("notice"));
  $("open-kill").addEventListener("click", () => openKill(""));
  $("log-out").addEventListener("click", () => {
    operator.leave();
    showOperator(null);
    poll();
  });
  poll();
}

begin();
