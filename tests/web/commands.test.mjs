import assert from "node:assert/strict";
import test from "node:test";

import { COMMANDS, complete, take } from "../../trio_chat/server/web/static/commands.js";
import { Model } from "../../trio_chat/server/web/static/model.js";

/** A chat that writes down what it is asked to do. */
function chatWith(answers = {}) {
  const model = new Model();
  model.nick = "me";
  const lobby = model.open("#lobby");
  lobby.joined = true;
  for (const nick of ["me", "al", "alice"]) lobby.members.set(nick, { nick, prefix: "" });
  const done = [];
  const session = {
    entrance: {},
    say: (where, text, more) => done.push(["say", where.name, text, more?.replyTo ?? ""]),
    ask: async (command, params) => {
      done.push([command, ...params]);
      return (answers[command] ?? []).map(([code, ...words]) => ({ command: code, params: ["me", ...words] }));
    },
  };
  const chat = {
    model,
    session,
    show: (where) => done.push(["show", where.name]),
    join: async (room, key) => done.push(["join", room, key]),
    tell: (text) => done.push(["tell", text]),
  };
  return { chat, lobby, done, type: (text, reply) => take(chat, text, lobby, reply) };
}

test("text is said where it is typed", async () => {
  const { done, type, chat } = chatWith();
  await type("hi");
  await type("//etc is a path", "id1");
  assert.deepEqual(done, [["say", "#lobby", "hi", ""], ["say", "#lobby", "/etc is a path", "id1"]]);
  await assert.rejects(take(chat, "hi", chat.model.server), RangeError);
});

test("commands ask the server", async () => {
  const { done, type } = chatWith();
  await type("/JOIN other key");
  await type("/me waves");
  await type("/topic a new one");
  await type("/kick al be nice");
  await type("/op #other al");
  await type("/ban al");
  await type("/unban *!*@bad.example");
  await type("/msg bo hi there");
  await type("/quote version");
  await type("/part bye");
  assert.deepEqual(done, [
    ["join", "#other", "key"],
    ["say", "#lobby", "\x01ACTION waves\x01", ""],
    ["TOPIC", "#lobby", "a new one"],
    ["KICK", "#lobby", "al", "be nice"],
    ["MODE", "#other", "+o", "al"],
    ["MODE", "#lobby", "+b", "al!*@*"],
    ["MODE", "#lobby", "-b", "*!*@bad.example"],
    ["say", "bo", "hi there", ""],
    ["show", "bo"],
    ["VERSION"],
    ["PART", "#lobby", "bye"],
  ]);
});

test("answers are told in words", async () => {
  const { done, type } = chatWith({
    WHOIS: [["311", "al", "~al", "host", "*", "Al \x02B"], ["319", "al", "#lobby"], ["318", "al", "End"]],
  });
  await type("/whois al");
  assert.deepEqual(done.slice(1), [["tell", "al is Al B (~al@host)"], ["tell", "al is in #lobby"]]);
});

test("what is no command, or has too little behind it, is said so", async () => {
  const { type } = chatWith();
  await assert.rejects(type("/nonsense"), { message: "/nonsense is no command: /help lists them." });
  await assert.rejects(type("/constructor"), RangeError);
  await assert.rejects(type("/join"), { message: "Write /join #ROOM [KEY]" });
});

test("help lists every command", async () => {
  const { done, type } = chatWith();
  await type("/help");
  for (const name of Object.keys(COMMANDS))
    assert.ok(done.some(([, text]) => text.startsWith(`/${name} `)), name);
});

test("commands, rooms and names are completed", () => {
  const { chat, lobby } = chatWith();
  const of = (text, asked) => complete(text, text.length, chat.model, lobby, asked)?.options.map((one) => one.text);
  assert.deepEqual(of("/jo"), ["/join "]);
  assert.deepEqual(of("see #lo"), ["#lobby "]);
  assert.deepEqual(of("@al"), ["al: ", "alice: "]);
  assert.deepEqual(of("so al", true), ["al ", "alice "]);
  assert.equal(of("so al"), undefined);
  assert.equal(of("so ", true), undefined);
  assert.equal(of("//jo"), undefined);
  assert.equal(complete("@al x", 3, chat.model, lobby).from, 0);
});
