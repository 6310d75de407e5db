import assert from "node:assert/strict";
import test from "node:test";

import { parse } from "../../trio_chat/server/web/static/irc.js";
import { Lost, Refused, Requests } from "../../trio_chat/server/web/static/requests.js";

function begin() {
  const sent = [];
  const heard = [];
  const requests = new Requests(
    (command, params, tags) => sent.push([command, params, tags]),
    (message, about) => heard.push([message.command, message.params.at(-1), about]),
  );
  return { sent, heard, requests, take: (...lines) => lines.forEach((line) => requests.take(parse(line))) };
}

test("an answer is found by its label", async () => {
  const { sent, heard, requests, take } = begin();
  const first = requests.ask("NICK", ["a"], { about: "one" });
  const second = requests.ask("LIST", [], { quiet: true });
  assert.deepEqual(sent.map(([command, , { label }]) => [command, label]), [["NICK", "1"], ["LIST", "2"]]);
  take(
    "@label=2 :s BATCH +b labeled-response",
    "@batch=b :s 322 me #a 1 :topic",
    ":bo PRIVMSG #a :between",
    "@batch=b :s 323 me :End",
    ":s BATCH -b",
    "@label=1 :me!u@h NICK a",
  );
  assert.deepEqual((await second).map(({ command }) => command), ["322", "323"]);
  assert.deepEqual((await first).map(({ command }) => command), ["NICK"]);
  assert.deepEqual(heard, [["PRIVMSG", "between", null], ["NICK", "a", "one"]]);
});

test("what is refused is for who asked", async () => {
  const { heard, requests, take } = begin();
  const join = requests.ask("JOIN", ["#a"]);
  const history = requests.ask("CHATHISTORY", []);
  take("@label=1 :s 474 me #a :You are banned", "@label=2 FAIL CHATHISTORY INVALID_TARGET LATEST #a :Not there");
  await assert.rejects(join, { code: "474", message: "You are banned" });
  await assert.rejects(history, (error) => error instanceof Refused && error.code === "INVALID_TARGET");
  assert.deepEqual(heard, []);
});

test("what nobody asked for is delivered, and history that nobody asked for is not", () => {
  const { heard, take } = begin();
  take("FAIL X Y :why", "@label=77 :s NOTICE me :old", ":s BATCH +b chathistory #a", "@batch=b :a PRIVMSG #a :x", ":s BATCH -b");
  assert.deepEqual(heard.map(([, text]) => text), ["why", "old"]);
});

test("several lines are one message, in a page of history too", async () => {
  const { heard, requests, take } = begin();
  const page = requests.ask("CHATHISTORY", [], { quiet: true });
  const lines = (before) => [
    `${before} :al!u@h BATCH +m draft/multiline #a`,
    "@batch=m :al!u@h PRIVMSG #a :one",
    "@batch=m :al!u@h PRIVMSG #a :",
    "@batch=m :al!u@h PRIVMSG #a :two ",
    "@batch=m;draft/multiline-concat :al!u@h PRIVMSG #a :three",
  ];
  take("@label=1 :s BATCH +h chathistory #a", ...lines("@batch=h;msgid=x;+draft/reply=y"), "@batch=h :al BATCH -m", ":s BATCH -h");
  const [message] = await page;
  assert.equal(message.command, "PRIVMSG");
  assert.deepEqual(message.params, ["#a", "one\n\ntwo three"]);
  assert.deepEqual([message.tags.msgid, message.tags["+draft/reply"], message.nick], ["x", "y", "al"]);
  const own = requests.ask("BATCH", [], { about: "mine" });
  take(...lines("@label=2;msgid=z"), ":al BATCH -m");
  assert.equal((await own)[0].tags.msgid, "z");
  assert.deepEqual(heard, [["PRIVMSG", "one\n\ntwo three", "mine"]]);
});

test("what is not answered when the connection goes is lost", async () => {
  const { requests } = begin();
  const waiting = requests.ask("LIST");
  requests.fail("gone");
  await assert.rejects(waiting, (error) => error instanceof Lost);
});
