import assert from "node:assert/strict";
import test from "node:test";

import { parse } from "../../trio_chat/server/web/static/irc.js";
import { MAILED, Registration } from "../../trio_chat/server/web/static/registration.js";

function begin(entrance) {
  const sent = [];
  const registration = new Registration({ nick: "me", ...entrance }, (command, params) =>
    sent.push([command, ...params].join(" ")),
  );
  registration.begin();
  sent.length = 0;
  const take = (...lines) => lines.map((line) => registration.take(parse(line))).find(Boolean) ?? null;
  return { sent, registration, take };
}

const OFFER = ":s CAP * LS :batch sasl=PLAIN draft/account-registration=before-connect x/unknown";

test("what we know of what is offered is asked for", () => {
  const { sent, registration, take } = begin({});
  take(":s CAP * LS * :batch sasl=PLAIN", ":s CAP * LS :x/unknown draft/multiline=max-lines=9");
  assert.deepEqual(sent, ["CAP REQ batch sasl draft/multiline"]);
  take(":s CAP * ACK :batch sasl draft/multiline");
  assert.deepEqual(sent.slice(1), ["CAP END"]);
  assert.equal(registration.enabled["draft/multiline"], "max-lines=9");
  assert.equal(registration.done, false);
  take(":s 001 me :Welcome");
  assert.equal(registration.done, true);
});

test("what is not granted is not in force", () => {
  const { sent, registration, take } = begin({ password: "secret" });
  take(OFFER, ":s CAP * NAK :batch sasl");
  assert.deepEqual(sent.slice(1), ["CAP END"]);
  assert.deepEqual(Object.keys(registration.enabled), []);
});

test("the server's password comes first", () => {
  const sent = [];
  new Registration({ nick: "me", serverPassword: "open" }, (command) => sent.push(command)).begin();
  assert.deepEqual(sent, ["CAP", "PASS", "NICK", "USER"]);
});

test("who has a password logs in, to the account of their nickname or another", () => {
  for (const account of ["", "mine"]) {
    const { sent, take } = begin({ password: "secret", account });
    take(OFFER, ":s CAP * ACK :batch sasl", "AUTHENTICATE +", ":s 900 me me!u@h me :In", ":s 903 me :Done");
    const name = account || "me";
    assert.deepEqual(sent.slice(1), ["AUTHENTICATE PLAIN", `AUTHENTICATE ${btoa(`\0${name}\0secret`)}`, "CAP END"]);
  }
});

test("an account is made before the beginning is over, or a code for it is said", () => {
  const made = begin({ password: "secret", register: true, email: "" });
  made.take(OFFER, ":s CAP * ACK :batch sasl");
  assert.deepEqual(made.sent.slice(1), ["REGISTER * * secret"]);
  made.take("REGISTER SUCCESS me :Made");
  assert.equal(made.sent.at(-1), "CAP END");
  const mailed = begin({ password: "secret", register: true, email: "a@b.example" });
  const refusal = mailed.take(OFFER, ":s CAP * ACK :batch", `REGISTER ${MAILED} me :Look at your mail`);
  assert.deepEqual([mailed.sent.at(-1), refusal.code], ["REGISTER * a@b.example secret", MAILED]);
  const verified = begin({ password: "secret", register: true, code: "1234" });
  verified.take(OFFER, ":s CAP * ACK :batch");
  assert.equal(verified.sent.at(-1), "VERIFY me 1234");
});

test("why we are not let in is returned", () => {
  const refused = (line, entrance = {}) => begin(entrance).take(line);
  assert.equal(refused(":s 433 * me :In use").message, "In use");
  assert.equal(refused(":s 432 * me :Bad name").code, "432");
  assert.equal(refused(":s 904 me :No", { password: "x" }).code, "904");
  assert.equal(refused("FAIL * ACCOUNT_REQUIRED :Log in").code, "ACCOUNT_REQUIRED");
  assert.equal(refused("ERROR :You are banned").message, "You are banned");
  assert.equal(refused(":s 422 me :There is no MOTD"), null);
});

test("who logs in takes another nickname while theirs is taken; who makes an account does not", () => {
  const { sent, take } = begin({ nick: "x".repeat(30), password: "secret" });
  assert.equal(take(`:s 433 * ${"x".repeat(30)} :In use`), null);
  assert.match(sent[0], /^NICK x{20}_\d{1,3}$/);
  assert.equal(begin({ password: "secret", register: true }).take(":s 433 * me :In use").code, "433");
});
