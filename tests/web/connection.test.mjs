import assert from "node:assert/strict";
import test from "node:test";

import { Connection, delayBefore } from "../../trio_chat/server/web/static/connection.js";

/** A WebSocket that the test opens, speaks through, and closes. */
class Socket {
  static OPEN = 1;
  static all = [];
  readyState = 0;
  sent = [];
  closed = false;
  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    Socket.all.push(this);
  }
  accept() {
    this.readyState = Socket.OPEN;
    this.onopen();
  }
  send(line) {
    this.sent.push(line);
  }
  close() {
    this.closed = true;
  }
}

function begin(t) {
  Socket.all.length = 0;
  globalThis.WebSocket = Socket;
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  t.mock.method(Math, "random", () => 1);
  const told = [];
  const connection = new Connection("/ws", {
    onOpen: () => told.push("open"),
    onLine: ({ command }) => told.push(command),
    onLost: () => told.push("lost"),
    onWaiting: (delay) => told.push(delay),
  });
  connection.open();
  // Second by second: what is called late sees the time at which it is called.
  const pass = (milliseconds) => {
    for (let left = milliseconds; left > 0; left -= 1000) t.mock.timers.tick(Math.min(left, 1000));
  };
  return { connection, told, pass, sockets: Socket.all };
}

test("the time between two attempts doubles up to half a minute, less a part", () => {
  assert.deepEqual([1, 2, 3, 6, 60].map((attempt) => delayBefore(attempt, 1)), [1000, 2000, 4000, 30000, 30000]);
  assert.equal(delayBefore(2, 0), 1000);
});

test("a line is a frame", (t) => {
  const { connection, told, sockets } = begin(t);
  assert.deepEqual(sockets[0].protocols, ["text.ircv3.net"]);
  connection.send("NICK", ["too early"]);
  sockets[0].accept();
  connection.send("PRIVMSG", ["#a", "hi there"]);
  sockets[0].onmessage({ data: ":al!u@h PRIVMSG #a :hi" });
  assert.deepEqual(sockets[0].sent, ["PRIVMSG #a :hi there"]);
  assert.deepEqual(told, ["open", "PRIVMSG"]);
});

test("a lost connection is followed by another, later each time", (t) => {
  const { told, pass, sockets } = begin(t);
  sockets[0].accept();
  sockets[0].onclose();
  assert.deepEqual(told, ["open", "lost", 1000]);
  pass(999);
  assert.equal(sockets.length, 1);
  pass(1);
  sockets[1].onclose();
  assert.deepEqual(told.slice(3), ["lost", 2000]);
});

test("what lasted counts anew", (t) => {
  const { told, pass, sockets } = begin(t);
  sockets[0].onclose();
  pass(1000);
  sockets[1].accept();
  for (let second = 0; second < 61; second += 10) {
    pass(10000);
    sockets[1].onmessage({ data: "PING x" });
  }
  sockets[1].onclose();
  assert.equal(told.at(-1), 1000);
});

test("silence is asked about, and given up", (t) => {
  const { told, pass, sockets } = begin(t);
  sockets[0].accept();
  pass(35000);
  assert.deepEqual(sockets[0].sent, ["PING alive"]);
  sockets[0].onmessage({ data: ":s PONG s alive" });
  pass(60000);
  assert.equal(sockets[0].sent.length, 2);
  assert.deepEqual(told, ["open", "PONG", "lost", 1000]);
  assert.equal(sockets[0].closed, true);
});

test("a page whose timers run late does not give up what it has not asked", (t) => {
  const { told, sockets } = begin(t);
  sockets[0].accept();
  t.mock.timers.setTime(Date.now() + 600000);
  t.mock.timers.tick(5000);
  assert.deepEqual(told, ["open"]);
});

test("somebody who can not wait has another connection at once", (t) => {
  const { connection, pass, sockets } = begin(t);
  sockets[0].onclose();
  connection.hurry();
  connection.hurry();
  pass(5000);
  assert.equal(sockets.length, 2);
});

test("what is let go of says nothing any more", (t) => {
  const { connection, told, pass, sockets } = begin(t);
  sockets[0].accept();
  connection.close();
  pass(120000);
  assert.deepEqual([told, sockets.length, sockets[0].onmessage], [["open"], 1, null]);
});
