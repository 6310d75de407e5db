import assert from "node:assert/strict";
import test from "node:test";

import { parse } from "../../trio_chat/server/web/static/irc.js";
import { mentions } from "../../trio_chat/server/web/static/conversation.js";
import { Model } from "../../trio_chat/server/web/static/model.js";

const NOW = Date.parse("2026-11-28T12:00:00.000Z");

/** A model that is in #lobby, up to date, as `me`. */
function inLobby(options) {
  const model = new Model(options);
  const take = (line, now = NOW) => model.take(parse(line), now);
  take(":irc.test 001 me :Welcome");
  take(":irc.test 005 me PREFIX=(qaohv)~&@%+ CHANMODES=Ibe,k,fl,CMRimnstu CHATHISTORY=1000 :are supported");
  take("@time=2026-11-28T11:00:00.000Z;msgid=j0 :me!~me@h JOIN #lobby * :me");
  take(":irc.test MARKREAD #lobby *");
  take(":irc.test 353 me = #lobby :@me +al Bo");
  take(":irc.test 366 me #lobby :End");
  const lobby = model.find("#lobby");
  lobby.release(model.reader);
  let count = 0;
  const says = (nick, text, { to = "#lobby", tags = "" } = {}) => {
    const id = `m${++count}`;
    const time = `2026-11-28T11:30:${String(count % 60).padStart(2, "0")}.000Z`;
    take(`@time=${time};msgid=${id}${tags} :${nick}!~u@h PRIVMSG ${to} :${text}`);
    return id;
  };
  return { model, lobby, take, says };
}

const texts = (conversation) => conversation.items.map(({ text }) => text);
const shown = (model, room) => model.membersOf(room).map(({ nick, prefix }) => prefix + nick);

test("members come, go, are renamed and raised", () => {
  const { model, lobby, take } = inLobby();
  assert.deepEqual(shown(model, lobby), ["@me", "+al", "Bo"]);
  take("@msgid=a :cy!~c@h JOIN #lobby * :Cy");
  take("@msgid=b :al!~a@h NICK :Zed");
  take("@msgid=c :me!~me@h MODE #lobby +o-v+lb Zed Zed 10 x!*@*");
  take("@msgid=d :Bo!~b@h QUIT :Quit: bye");
  assert.deepEqual(shown(model, lobby), ["@me", "@Zed", "cy"]);
  take("@msgid=e :me!~me@h KICK #lobby cy :no");
  assert.deepEqual(shown(model, lobby), ["@me", "@Zed"]);
  assert.deepEqual(texts(lobby).slice(1), [
    "joined",
    "is now Zed",
    "set +o-v+lb Zed Zed 10 x!*@*",
    "left (bye)",
    "removed cy (no)",
  ]);
});

test("what was said is unread until it is read", () => {
  const { model, lobby, says } = inLobby();
  assert.deepEqual(lobby.unread, { count: 0, mentioned: false });
  says("al", "hi");
  assert.deepEqual(lobby.unread, { count: 1, mentioned: false });
  says("Bo", "hi, Me!");
  assert.deepEqual(lobby.unread, { count: 2, mentioned: true });
  says("me", "hi");
  assert.equal(lobby.unread.count, 2);
  model.show(lobby);
  assert.equal(lobby.lineAt, "2026-11-28T11:00:00.000Z");
  lobby.read("2026-11-28T11:30:01.000Z");
  assert.equal(lobby.unread.count, 1);
  model.show(model.server);
  assert.equal(lobby.lineAt, "");
});

test("another client of ours says how far we have read, and it only goes on", () => {
  const { lobby, take, says } = inLobby();
  says("al", "hi");
  take(":irc.test MARKREAD #lobby timestamp=2026-11-28T11:30:01.000Z");
  assert.equal(lobby.unread.count, 0);
  take(":irc.test MARKREAD #lobby timestamp=2026-11-28T10:00:00.000Z");
  assert.equal(lobby.unread.count, 0);
});

test("where we left off is remembered for who has no account", () => {
  const { lobby, says } = inLobby({ marks: { "#lobby": "2026-11-28T11:30:01.000Z" } });
  says("al", "before");
  says("al", "after");
  assert.equal(lobby.unread.count, 1);
});

test("a nickname is meant as a word of its own", () => {
  for (const text of ["me: hi", "hi ME", "(me)", "\x02me\x02!"]) assert.ok(mentions(text, "me"), text);
  for (const text of ["some", "me2", "me-too", "mé", "home"]) assert.ok(!mentions(text, "me"), text);
  assert.ok(mentions("a[b] hi", "a[b]"));
});

test("people write to us, and we to them", () => {
  const { model, says } = inLobby();
  says("al", "psst", { to: "me" });
  says("me", "what?", { to: "al" });
  const direct = model.find("al");
  direct.release(model.reader);
  assert.deepEqual(direct.items.map(({ text, own }) => [text, own]), [["psst", false], ["what?", true]]);
  assert.deepEqual(direct.unread, { count: 1, mentioned: true });
  assert.deepEqual(model.news.map(({ item }) => item.text), ["psst"]);
});

test("other clients of our account speak for us", () => {
  const { model, take, says } = inLobby();
  take(":irc.test 900 me me!~me@h mine :You are now logged in as mine");
  says("me2", "from the other one", { to: "al", tags: ";account=mine" });
  model.find("al").release(model.reader);
  assert.equal(model.find("al").items[0].own, true);
});

test("each line is there once, whether it comes live or from history", () => {
  const { model, lobby, says } = inLobby();
  const id = says("al", "one");
  const again = parse(`@time=2026-11-28T11:30:01.000Z;msgid=${id} :al!~u@h PRIVMSG #lobby :one`);
  lobby.append([again], model.reader);
  lobby.prepend([again], model.reader);
  assert.deepEqual(texts(lobby), ["joined", "one"]);
});

test("what comes live waits for history, and follows it", () => {
  const { model, lobby, says } = inLobby();
  lobby.lose();
  lobby.joined = true;
  lobby.held = [];
  const id = says("al", "two");
  says("al", "three");
  assert.deepEqual(texts(lobby), ["joined"]);
  const page = ["h1", id].map((msgid, index) =>
    parse(`@time=2026-11-28T11:30:00.00${index}Z;msgid=${msgid} :al!~u@h PRIVMSG #lobby :${["one", "two"][index]}`),
  );
  assert.equal(lobby.meets(page.slice(0, 1)), false);
  assert.equal(lobby.meets(page), true);
  assert.equal(lobby.meets([]), true);
  lobby.append(page, model.reader);
  lobby.release(model.reader);
  assert.deepEqual(texts(lobby), ["joined", "one", "two", "three"]);
});

test("the oldest are let go, but not while somebody looks at them", () => {
  const { lobby, says } = inLobby();
  lobby.atBottom = false;
  for (let count = 0; count < 1600; count++) says("al", `${count}`);
  assert.equal(lobby.items.length, 1601);
  lobby.atBottom = true;
  says("al", "last");
  assert.equal(lobby.items.length, 500);
  assert.equal(lobby.items.at(-1).text, "last");
  assert.equal(lobby.complete, false);
  assert.equal(lobby.has("m1"), false);
});

test("reactions are counted, taken back, and known from history", () => {
  const { model, lobby, take, says } = inLobby();
  const id = says("al", "hi");
  const react = (nick, tag, msgid) =>
    `@msgid=${msgid};+draft/reply=${id};+draft/${tag} :${nick}!~u@h TAGMSG #lobby`;
  take(react("Bo", "react=👍", "r1"));
  take(react("cy", "react=👍", "r2"));
  take(react("cy", "react=🎉", "r3"));
  take(react("Bo", "unreact=👍", "r4"));
  assert.deepEqual(lobby.reactionsTo(id), [["👍", ["cy"]], ["🎉", ["cy"]]]);
  // An older page can not undo what came later.
  lobby.prepend([parse(react("Bo", "react=👍", "r0")), parse(react("di", "react=👍", "r00"))], model.reader);
  assert.deepEqual(lobby.reactionsTo(id), [["👍", ["cy", "di"]], ["🎉", ["cy"]]]);
});

test("what is taken back is gone, and who did it is told", () => {
  const { lobby, take, says } = inLobby();
  const id = says("al", "oops, me");
  take(`:Bo!~u@h REDACT #lobby ${id} :not here`);
  const item = lobby.items.at(-1);
  assert.deepEqual([item.text, item.redacted], ["", { nick: "Bo", reason: "not here" }]);
  assert.deepEqual(lobby.unread, { count: 0, mentioned: false });
});

test("who is typing is known for a while", () => {
  const { lobby, take, says } = inLobby();
  take("@+typing=active :al!~u@h TAGMSG #lobby");
  take("@+typing=paused :Bo!~u@h TAGMSG #lobby");
  take("@+typing=active :me!~u@h TAGMSG #lobby");
  assert.deepEqual(lobby.typingAt(NOW + 5000), ["al", "Bo"]);
  assert.deepEqual(lobby.typingAt(NOW + 7000), ["Bo"]);
  says("Bo", "done");
  assert.deepEqual(lobby.typingAt(NOW + 1000), ["al"]);
  take("@+typing=done :al!~u@h TAGMSG #lobby");
  assert.deepEqual(lobby.typingAt(NOW), []);
});

test("actions, notices, several lines and messages to operators are what they are", () => {
  const { lobby, take, says } = inLobby();
  says("al", "\x01ACTION waves\x01");
  says("al", "\x01VERSION\x01");
  says("al", "for you", { to: "@#lobby" });
  take("@msgid=n :al!~u@h NOTICE #lobby :note");
  const seen = lobby.items.slice(1).map(({ kind, text, to }) => [kind, text, to]);
  assert.deepEqual(seen, [["action", "waves", ""], ["message", "for you", "@"], ["notice", "note", ""]]);
});

test("somebody who is ignored is not read", () => {
  const { model, lobby, says } = inLobby();
  model.ignored.add("al");
  says("AL", "hi");
  assert.deepEqual(texts(lobby), ["joined"]);
  assert.deepEqual(model.news, []);
});

test("a room that is left is gone", () => {
  const { model, lobby, take } = inLobby();
  model.show(lobby);
  take("@msgid=p :me!~me@h PART #lobby");
  assert.deepEqual(model.rooms, []);
  assert.equal(model.active, model.server);
});

test("who was removed sees why, and is not taken back", () => {
  const { model, lobby, take } = inLobby();
  take("@msgid=k :al!~u@h KICK #lobby me :enough");
  assert.deepEqual([lobby.joined, lobby.wanted], [false, false]);
  assert.equal(texts(lobby).at(-1), "removed me (enough)");
  assert.deepEqual(model.rooms, [lobby]);
});

test("our own nickname follows, whoever changes it", () => {
  const { model, lobby, take, says } = inLobby();
  take("@msgid=n :me!~me@h NICK :Guest1");
  says("al", "guest1: hi");
  assert.equal(model.nick, "Guest1");
  assert.equal(lobby.unread.mentioned, true);
});

test("a conversation goes on under the name that the other takes", () => {
  const { model, take, says } = inLobby();
  says("al", "psst", { to: "me" });
  const direct = model.find("al");
  take("@msgid=n :al!~u@h NICK :albert");
  says("albert", "again", { to: "me" });
  assert.deepEqual([model.find("albert"), direct.name, model.directs], [direct, "albert", [direct]]);
});

test("names are completed, who spoke last first", () => {
  const { model, lobby, says } = inLobby();
  says("Bo", "x");
  assert.deepEqual(model.namesFor(lobby, ""), ["Bo", "al"]);
  assert.deepEqual(model.namesFor(lobby, "A"), ["al"]);
});

test("errors are told where somebody looks, and figures nowhere", () => {
  const { model, lobby, take } = inLobby();
  model.show(lobby);
  take(":irc.test 404 me #lobby :Cannot send");
  take("FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :It could not be read");
  take(":irc.test 251 me :There are 3 users");
  assert.deepEqual(lobby.items.slice(1).map(({ kind, text }) => [kind, text]), [
    ["error", "#lobby Cannot send"],
    ["error", "It could not be read"],
  ]);
  assert.deepEqual(model.server.items, []);
});
