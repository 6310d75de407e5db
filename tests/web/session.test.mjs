import assert from "node:assert/strict";
import test from "node:test";

import { Model } from "../../trio_chat/server/web/static/model.js";
import { plainResponses } from "../../trio_chat/server/web/static/registration.js";
import { Session } from "../../trio_chat/server/web/static/session.js";
import { FakeConnection, FakeServer } from "./fake_server.mjs";

function begin(entrance = {}, server = new FakeServer()) {
  const model = new Model();
  const connection = new FakeConnection(server);
  const phases = [];
  const session = new Session({
    model,
    connection,
    rooms: ["#lobby"],
    onPhase: (phase, error) => phases.push(error ? `${phase}: ${error.message}` : phase),
    onChange: () => {},
    now: () => Date.parse("2026-11-28T12:00:00.000Z"),
  });
  session.enter({ nick: "me", ...entrance });
  return { server, model, connection, phases, session, lobby: () => model.find("#lobby") };
}

async function inside(entrance, server) {
  const all = begin(entrance, server);
  await all.connection.settle();
  return { ...all, lobby: all.lobby() };
}

const said = (conversation) =>
  conversation.items.filter(({ kind }) => kind === "message").map(({ text }) => text);
const kept = (server) => server.log.filter(({ command }) => command === "PRIVMSG").map(({ params }) => params[1]);

test("a nickname, and one is in", async () => {
  const server = new FakeServer();
  server.record("al", "PRIVMSG", ["#lobby", "before"]);
  const { phases, lobby, connection } = await inside({}, server);
  assert.deepEqual(phases, ["lost", "connecting", "ready"]);
  assert.deepEqual([lobby.joined, lobby.place, lobby.complete], [true, "live", true]);
  assert.deepEqual(said(lobby), ["before"]);
  assert.ok(connection.sent.includes("NICK me"));
  server.say("al", "#lobby", "now");
  await connection.settle();
  assert.deepEqual(said(lobby), ["before", "now"]);
});

test("a nickname that is in use is said so", async () => {
  const server = new FakeServer();
  server.taken.add("me");
  const { phases, connection } = begin({}, server);
  await connection.settle();
  assert.deepEqual(phases.at(-1), "refused: In use");
  assert.equal(server.links.size, 0);
});

test("somebody logs in, and is told when the password is wrong", async () => {
  const { model } = await inside({ password: "secret" });
  assert.equal(model.account, "me");
  const { phases } = await inside({ password: "other" });
  assert.equal(phases.at(-1), "refused: Wrong password");
});

test("who logs in comes in beside another client of theirs", async () => {
  const server = new FakeServer();
  server.taken.add("me");
  const { model, phases } = await inside({ password: "secret" }, server);
  assert.equal(phases.at(-1), "ready");
  assert.match(model.nick, /^me_\d+$/);
  assert.ok(server.taken.has("me"));
});

test("long responses of SASL are sent in pieces", () => {
  const pieces = plainResponses("al", "x".repeat(600));
  assert.equal(atob(pieces.join("")), `\0al\0${"x".repeat(600)}`);
  assert.ok(pieces.every((piece) => piece.length <= 400));
  // 300 bytes are 400 characters: a piece that is full is followed by one that is empty.
  assert.deepEqual(plainResponses("al", "x".repeat(296)).map((piece) => piece.length), [400, 1]);
  assert.equal(atob(plainResponses("é", "ü")[0]), "\0\xc3\xa9\0\xc3\xbc");
});

test("what is said waits until it is shown by the server", async () => {
  const { session, lobby, connection } = await inside();
  session.say(lobby, "hi");
  assert.deepEqual(lobby.pending.map(({ text, state }) => [text, state]), [["hi", "sent"]]);
  assert.deepEqual(said(lobby), []);
  await connection.settle();
  assert.deepEqual([said(lobby), lobby.pending], [["hi"], []]);
});

test("what the server refuses is said so, and can be said again", async () => {
  const { session, lobby, connection, server } = await inside();
  session.say(lobby, "forbidden");
  await connection.settle();
  const [refused] = lobby.pending;
  assert.deepEqual([refused.state, refused.reason], ["failed", "You can not speak"]);
  refused.text = "allowed";
  session.again(lobby, refused, "waiting");
  await connection.settle();
  assert.deepEqual([kept(server), lobby.pending], [["allowed"], []]);
});

test("several lines are one message, and long ones are cut", async () => {
  const { session, lobby, connection, server } = await inside();
  const long = "word ".repeat(200).trim();
  session.say(lobby, `one\n\n${long}`);
  await connection.settle();
  assert.deepEqual(kept(server), [`one\n\n${long}`]);
  assert.deepEqual([said(lobby), lobby.pending], [[`one\n\n${long}`], []]);
  const lines = connection.sent.filter((line) => /PRIVMSG/.test(line)).map((line) => line.replace(/^@\S+ /, ""));
  assert.ok(lines.length > 4 && lines.every((line) => line.length < 512 - 90));
});

test("what is too long for one message is said so, and not said", async () => {
  const { session, lobby, server, connection } = await inside();
  for (const long of ["x\n".repeat(101), "word ".repeat(1000)])
    assert.throws(() => session.say(lobby, long), /at most 100 lines and 4096 bytes/);
  await connection.settle();
  assert.deepEqual([kept(server), lobby.pending], [[], []]);
});

test("a lost connection is resumed: nothing lost, nothing twice", async () => {
  const { session, lobby, connection, server, phases } = await inside();
  server.say("al", "#lobby", "one");
  await connection.settle();
  server.cut();
  server.say("al", "#lobby", "two");
  session.say(lobby, "mine");
  assert.equal(lobby.pending[0].state, "waiting");
  connection.open();
  await connection.settle();
  server.say("al", "#lobby", "three");
  await connection.settle();
  assert.deepEqual(said(lobby), ["one", "two", "mine", "three"]);
  assert.deepEqual(kept(server), ["one", "two", "mine", "three"]);
  assert.deepEqual(phases.slice(1), ["connecting", "ready", "lost", "connecting", "ready"]);
});

for (const drop of [false, true])
  test(`what was sent when it was lost is said once, whether it had arrived: ${!drop}`, async () => {
    const { session, lobby, connection, server } = await inside();
    session.say(lobby, "same");
    await connection.settle();
    session.say(lobby, "same");
    session.say(lobby, "\x02bold\x02");
    server.cut({ drop });
    session.say(lobby, "later");
    connection.open();
    await connection.settle();
    assert.deepEqual(kept(server), ["same", "same", "\x02bold\x02", "later"]);
    assert.deepEqual([said(lobby), lobby.pending], [kept(server), []]);
  });

test("where it can not be known, nothing is said again by itself", async () => {
  const { session, lobby, connection, server } = await inside();
  session.say(lobby, "one");
  server.cut({ drop: true });
  server.forgotten = server.log.length;
  connection.open();
  await connection.settle();
  assert.deepEqual(lobby.pending.map(({ state }) => state), ["failed"]);
  assert.deepEqual(kept(server), []);
  assert.ok(lobby.items.some(({ kind }) => kind === "gap"));
});

test("without an account, what is said to one person is not said again by itself", async () => {
  const { session, model, connection, server } = await inside();
  const direct = model.open("al");
  session.say(direct, "before");
  await connection.settle();
  session.say(direct, "psst");
  server.cut({ drop: true });
  connection.open();
  await connection.settle();
  assert.deepEqual(direct.pending.map(({ state }) => state), ["failed"]);
});

test("our own nickname that is still in use is waited for", async () => {
  const { session, lobby, connection, server, phases } = await inside();
  server.taken.add("me");
  session.say(lobby, "mine");
  server.cut({ drop: true });
  connection.open();
  await connection.settle();
  assert.deepEqual([phases.at(-1), connection.retries], ["lost: In use", 1]);
  assert.deepEqual(kept(server), []);
  server.taken.clear();
  connection.open();
  await connection.settle();
  assert.deepEqual(kept(server), ["mine"]);
});

test("who is logged in takes it from the lost connection", async () => {
  const { model, session, lobby, connection, server } = await inside({ password: "secret" });
  server.taken.add("me");
  session.say(lobby, "mine");
  server.cut({ drop: true });
  connection.open();
  await connection.settle();
  assert.equal(model.nick, "me");
  assert.deepEqual(kept(server), ["mine"]);
});

test("history is read by pages, backwards", async () => {
  const server = new FakeServer();
  for (let count = 0; count < 250; count++) server.record("al", "PRIVMSG", ["#lobby", `${count}`]);
  const { session, lobby, connection } = await inside({}, server);
  assert.equal(said(lobby).length, 99);
  for (let pages = 0; pages < 4; pages++) await Promise.all([session.read(lobby, true), connection.settle()]);
  assert.deepEqual(said(lobby), Array.from({ length: 250 }, (_, index) => `${index}`));
  assert.equal(lobby.complete, true);
});

test("one can go to a message of long ago, and on from there to what happens now", async () => {
  const server = new FakeServer();
  for (let count = 0; count < 450; count++) server.record("al", "PRIVMSG", ["#lobby", `${count}`]);
  const { session, lobby, connection } = await inside({}, server);
  await Promise.all([session.goTo(lobby, "i201"), connection.settle()]);
  assert.deepEqual([said(lobby)[0], said(lobby).at(-1), lobby.place], ["150", "249", "past"]);
  server.say("al", "#lobby", "450");
  await connection.settle();
  assert.equal(lobby.unread.count, 1);
  for (let pages = 0; pages < 4; pages++) await Promise.all([session.read(lobby, false), connection.settle()]);
  assert.deepEqual(said(lobby), Array.from({ length: 301 }, (_, index) => `${index + 150}`));
  assert.equal(lobby.place, "live");
  server.say("al", "#lobby", "451");
  await connection.settle();
  assert.equal(said(lobby).at(-1), "451");
});

test("one can go to a message while the latest ones are being read, and straight back", async () => {
  const server = new FakeServer();
  for (let count = 0; count < 450; count++) server.record("al", "PRIVMSG", ["#lobby", `${count}`]);
  const { session, lobby, connection } = await inside({}, server);
  await Promise.all([session.read(lobby, true), session.goTo(lobby, "i101"), connection.settle()]);
  assert.deepEqual([said(lobby)[0], said(lobby).at(-1), lobby.place], ["50", "149", "past"]);
  await Promise.all([session.read(lobby, true), session.goToEnd(lobby), connection.settle()]);
  assert.deepEqual([said(lobby)[0], said(lobby).at(-1), lobby.place], ["351", "449", "live"]);
});

test("a message that the server has no longer is said to be gone", async () => {
  const { session, lobby, connection } = await inside();
  await Promise.all([session.goTo(lobby, "i99"), connection.settle()]);
  assert.equal(lobby.items.at(-1).text, "The server has this message no longer.");
  assert.equal(lobby.place, "live");
});

test("nothing is said where we are not, and can not come back to", async () => {
  const { session, lobby, connection, model, server } = await inside();
  connection.line("@msgid=k :al!u@h KICK #lobby me :out");
  await connection.settle();
  assert.throws(() => session.say(lobby, "hi"), /You are not in #lobby/);
  server.cut();
  connection.open();
  await connection.settle();
  assert.deepEqual([model.find("#lobby").joined, kept(server)], [false, []]);
});

test("what is searched for is found", async () => {
  const { session, connection, server, lobby } = await inside();
  server.say("al", "#lobby", "needle");
  const [found] = await Promise.all([session.search("needle; here", lobby), connection.settle()]);
  assert.deepEqual(found.map(({ params }) => params[1]), ["needle"]);
  assert.ok(connection.sent.some((line) => line.includes("text=needle\\:\\shere;limit=50;in=#lobby")));
});

test("how far somebody has read is told, once", async () => {
  const { session, lobby, connection, server } = await inside();
  server.say("al", "#lobby", "one");
  await connection.settle();
  session.markRead(lobby);
  server.say("al", "#lobby", "two");
  await connection.settle();
  session.markRead(lobby);
  session.markRead(lobby);
  assert.deepEqual(connection.sent.filter((line) => / MARKREAD/.test(line)), []);
  session.tellRead();
  session.tellRead();
  const lines = connection.sent.filter((line) => / MARKREAD/.test(line));
  assert.deepEqual(lines.map((line) => line.replace(/^@\S+ /, "")), [`MARKREAD #lobby timestamp=${server.log.at(-1).time}`]);
});

test("that somebody types is not told too often", async () => {
  const { session, lobby, connection } = await inside();
  let time = 0;
  session.now = () => time;
  const sent = () => connection.sent.filter((line) => /typing/.test(line)).length;
  session.type(lobby, false);
  session.type(lobby, true);
  session.type(lobby, true);
  assert.equal(sent(), 1);
  time = 4000;
  session.type(lobby, true);
  assert.equal(sent(), 2);
  time = 8000;
  session.type(lobby, false);
  assert.match(connection.sent.at(-1), /^@\+typing=done;label=\d+ TAGMSG #lobby$/);
});

test("whenever the connection is lost, each message is there once and in order", async () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 60; round++) {
    const { session, lobby, connection, server } = await inside();
    const mine = [];
    for (let step = 0; step < 12; step++) {
      server.say("al", "#lobby", `al ${step}`);
      session.say(lobby, `me ${step}`);
      mine.push(`me ${step}`);
      await connection.settle(random(12));
      if (random(2)) {
        server.cut({ drop: random(2) === 0 });
        if (random(2)) server.say("al", "#lobby", `al ${step} meanwhile`);
        connection.open();
        await connection.settle(random(40));
      }
    }
    if (!server.links.size) connection.open();
    await connection.settle();
    assert.deepEqual(kept(server).filter((text) => text.startsWith("me")), mine);
    assert.deepEqual(said(lobby), kept(server));
    assert.deepEqual(lobby.pending, []);
  }
});

for (const [code, words] of [["ERROR", ["Server shutting down"]], ["437", ["*", "me", "Not now"]]])
  test(`who was in comes again after ${code}`, async () => {
    const { session, lobby, connection, server, phases } = await inside();
    server.cut();
    session.say(lobby, "mine");
    server.refusal = [code, words];
    connection.open();
    await connection.settle();
    assert.deepEqual([phases.at(-1).split(":")[0], connection.retries], ["lost", 1]);
    server.refusal = null;
    connection.open();
    await connection.settle();
    assert.deepEqual(kept(server), ["mine"]);
  });

test("who is banned does not, nor who comes as somebody else", async () => {
  const { session, connection, server, phases } = await inside();
  server.cut();
  server.refusal = ["465", ["*", "You are banned"]];
  connection.open();
  await connection.settle();
  assert.deepEqual([phases.at(-1), connection.retries], ["refused: You are banned", 0]);
  server.refusal = ["ERROR", ["Not now"]];
  session.enter({ nick: "other" });
  await connection.settle();
  assert.deepEqual([phases.at(-1), connection.retries], ["refused: Not now", 0]);
});

test("two clients of an account do not throw each other out for ever", async () => {
  const { model, connection, server } = await inside({ password: "secret" });
  for (const link of server.links) link.hear("ERROR", ["Closing link (GHOST by me_1)"]);
  await connection.settle();
  server.taken.add("me");
  server.cut();
  connection.open();
  await connection.settle();
  assert.match(model.nick, /^me_/);
  assert.ok(!connection.sent.some((line) => / NS GHOST/.test(line)));
});

test("an account that is not to be had keeps nobody out of the rooms", async () => {
  const server = new FakeServer();
  server.caps = server.caps.replace("=before-connect", "");
  server.refuses = { REGISTER: ["REGISTER", "DISALLOWED", "*", "There are no accounts"] };
  const { model, lobby } = await inside({ register: true, password: "secret", account: "" }, server);
  assert.equal(model.account, "");
  assert.ok(lobby.joined);
  assert.ok(model.active.items.some(({ text }) => text === "There are no accounts"));
});

test("who says something while reading what is old sees it", async () => {
  const { session, lobby, connection, server } = await inside();
  for (let number = 0; number < 300; number++) server.record("al", "PRIVMSG", ["#lobby", `${number}`]);
  const going = session.goTo(lobby, server.log[50].id);
  await connection.settle();
  await going;
  assert.equal(lobby.place, "past");
  session.say(lobby, "mine");
  await connection.settle();
  assert.deepEqual([lobby.place, said(lobby).at(-1)], ["live", "mine"]);
});
