import assert from "node:assert/strict";
import test from "node:test";

import { byteLength, cut, escapeTag, fold, format, parse } from "../../trio_chat/server/web/static/irc.js";

test("a line is read into its parts", () => {
  const message = parse("@time=2026-11-28T10:00:00.000Z;msgid=a1 :al!~al@host PRIVMSG #lobby :hi : there\r\n");
  assert.equal(message.command, "PRIVMSG");
  assert.equal(message.nick, "al");
  assert.equal(message.source, "al!~al@host");
  assert.deepEqual(message.params, ["#lobby", "hi : there"]);
  assert.deepEqual({ ...message.tags }, { time: "2026-11-28T10:00:00.000Z", msgid: "a1" });
});

test("a line may have hardly anything in it", () => {
  assert.equal(parse(""), null);
  assert.deepEqual(parse("ping").params, []);
  assert.equal(parse("ping").command, "PING");
  assert.deepEqual(parse("PRIVMSG a :").params, ["a", ""]);
  assert.deepEqual(parse("TOPIC  #a   b").params, ["#a", "b"]);
  assert.equal(parse(":irc.test 001 al :Welcome").nick, "irc.test");
});

test("values of tags are escaped and read again", () => {
  const value = "a;b c\\d\r\n:";
  assert.equal(escapeTag(value), "a\\:b\\sc\\\\d\\r\\n:");
  assert.equal(parse(`@x=${escapeTag(value)} A`).tags.x, value);
  assert.equal(parse("@x=a\\qb\\ A").tags.x, "aqb");
});

test("a tag can be called as anything of an object is", () => {
  assert.equal(parse("@a=1 A").tags.constructor, undefined);
  assert.equal(parse("@__proto__=1 A").tags.__proto__, "1");
});

test("a line is written", () => {
  assert.equal(format("JOIN", ["#a"]), "JOIN #a");
  assert.equal(format("PRIVMSG", ["#a", "hi there"]), "PRIVMSG #a :hi there");
  assert.equal(format("PRIVMSG", ["#a", ":)"]), "PRIVMSG #a ::)");
  assert.equal(format("TOPIC", ["#a", ""]), "TOPIC #a :");
  assert.equal(format("TAGMSG", ["#a"], { "+typing": "active", label: "1" }), "@+typing=active;label=1 TAGMSG #a");
});

test("nothing becomes a second line, or another parameter", () => {
  for (const bad of ["a\nQUIT", "a\rQUIT", "a\0"])
    assert.throws(() => format("PRIVMSG", ["#a", bad]), RangeError);
  assert.throws(() => format("JOIN", ["#a b", "key"]), RangeError);
  assert.throws(() => format("JOIN", [":a", "key"]), RangeError);
  assert.throws(() => format("NICK a"), RangeError);
});

test("names are compared by their ASCII letters", () => {
  assert.equal(fold("#Lobby[É"), "#lobby[É");
});

test("a text is cut between words, and never in a character", () => {
  assert.deepEqual(cut("one two three", 8), ["one two ", "three"]);
  assert.deepEqual(cut("abcdefgh", 3), ["abc", "def", "gh"]);
  const pieces = cut("äöü€😀".repeat(20), 10);
  assert.equal(pieces.join(""), "äöü€😀".repeat(20));
  assert.ok(pieces.every((piece) => byteLength(piece) <= 10));
  assert.deepEqual(cut("", 5), []);
});
