import assert from "node:assert/strict";
import test from "node:test";

import { plain, spans } from "../../trio_chat/server/web/static/formatting.js";

test("codes turn on and off", () => {
  assert.deepEqual(spans("a\x02b\x1dc\x02d\x0fe"), [
    { text: "a" },
    { text: "b", bold: true },
    { text: "c", bold: true, italic: true },
    { text: "d", italic: true },
    { text: "e" },
  ]);
  assert.deepEqual(spans("\x1fa\x1e\x11\x16b"), [
    { text: "a", underline: true },
    { text: "b", underline: true, strike: true, mono: true, reverse: true },
  ]);
});

test("colours are numbers, with the one behind or without", () => {
  assert.deepEqual(spans("\x034,12red\x03 none"), [{ text: "red", fg: 4, bg: 12 }, { text: " none" }]);
  assert.deepEqual(spans("\x03041"), [{ text: "1", fg: 4 }]);
  assert.deepEqual(spans("\x031,2a\x033b"), [{ text: "a", fg: 1, bg: 2 }, { text: "b", fg: 3, bg: 2 }]);
  assert.deepEqual(spans("\x034,a"), [{ text: ",a", fg: 4 }]);
  assert.deepEqual(spans("\x0399a\x0342b"), [{ text: "a" }, { text: "b" }]);
  assert.deepEqual(spans("\x04ff0000a"), [{ text: "a" }]);
});

test("no other control character is shown, nor one that turns the text", () => {
  assert.deepEqual(spans("a\x00\x07\x1b[31mb\u202ec\u2066\x7f\x9b"), [{ text: "a[31mbc" }]);
  assert.deepEqual(spans("a\nb\tc"), [{ text: "a\nb\tc" }]);
  assert.equal(plain("\x02a\x034,5b\nc\u202e"), "ab c");
});

test("markup is text", () => {
  assert.deepEqual(spans("<b onclick=x>&amp;"), [{ text: "<b onclick=x>&amp;" }]);
});

test("addresses are links, without what belongs to the sentence", () => {
  const linked = (text) => spans(text).filter(({ href }) => href).map(({ href }) => href);
  assert.deepEqual(linked("see http://a.example/b, and https://c.example."), ["http://a.example/b", "https://c.example"]);
  assert.deepEqual(linked("(https://a.example/x_(y))"), ["https://a.example/x_(y)"]);
  assert.deepEqual(linked('<a href="https://a.example/">'), ["https://a.example/"]);
  assert.deepEqual(linked("javascript:alert(1) data:x file:///x HTTP://A.example"), ["HTTP://A.example"]);
  assert.deepEqual(linked("http:// https://[ xhttps://a.example"), []);
  assert.deepEqual(spans("\x02http://a.example\x02!"), [
    { text: "http://a.example", href: "http://a.example", bold: true },
    { text: "!" },
  ]);
});

test("a link is what all of it says, however it looks", () => {
  const text = "at https://bank.co\x0f\x1f\x0312m/login\x03 now https://a.example/\x02x";
  const href = "https://bank.com/login";
  assert.deepEqual(spans(text).map((one) => [one.text, one.href]), [
    ["at ", undefined],
    ["https://bank.co", href],
    ["m/login", href],
    [" now ", undefined],
    ["https://a.example/", "https://a.example/x"],
    ["x", "https://a.example/x"],
  ]);
});
