import assert from "node:assert/strict";
import { describe, it } from "node:test";

const STATIC = "../../trio_chat/server/web/static";
const figures = await import(`${STATIC}/dashboard-figures.js`);
const { inWords, path, scale } = await import(`${STATIC}/dashboard-chart.js`);
const { Operator } = await import(`${STATIC}/dashboard-operator.js`);
const { format, parse } = await import(`${STATIC}/irc.js`);
const { Past, bytes, count, duration, percent, perSecond, quantile, read, sample, span, spread } = figures;

describe("lines of STATS t", () => {
  it("are the document", () => {
    const lines = [
      "time: 12.5",
      'version: "1.2 \\"x\\""',
      "memory: null",
      "connections.kinds.irc.tls: 3",
      "ticks.counts: [0,2]",
      "cut_offs.reasons.too much unread: 1",
      'slowest: nickname="a b=\\"c" host="::1" tls=true since=null',
      'slowest: nickname="" host="x" tls=false since=1.5',
      "busiest: []",
      "history: {}",
    ];
    assert.deepEqual(read(lines), {
      time: 12.5,
      version: '1.2 "x"',
      memory: null,
      connections: { kinds: { irc: { tls: 3 } } },
      ticks: { counts: [0, 2] },
      cut_offs: { reasons: { "too much unread": 1 } },
      slowest: [
        { nickname: 'a b="c', host: "::1", tls: true, since: null },
        { nickname: "", host: "x", tls: false, since: 1.5 },
      ],
      busiest: [],
      history: {},
    });
  });

  it("that can not be read are said to be so", () => {
    assert.throws(() => read(["Internal error: x"]), SyntaxError);
  });
});

describe("how long something took", () => {
  const bounds = [0.001, 0.01, 0.1];

  it("is evenly spread within a bucket", () => {
    assert.equal(quantile(bounds, [10, 0, 0, 0], 0.5), 0.0005);
    assert.equal(quantile(bounds, [5, 5, 0, 0], 0.5), 0.001);
    assert.ok(Math.abs(quantile(bounds, [0, 10, 0, 0], 0.5) - 0.0055) < 1e-9);
    assert.equal(quantile(bounds, [99, 0, 1, 0], 0.99), 0.001);
  });

  it("is at least where the last bucket begins", () => {
    assert.equal(quantile(bounds, [0, 0, 0, 3], 0.99), 0.1);
  });

  it("is nothing where nothing was", () => {
    assert.equal(quantile(bounds, [0, 0, 0, 0], 0.5), null);
  });
});

const histogram = (...counts) => ({ counts, sum: 0 });

const stats = (time, changes = {}) => ({
  time,
  started: 0,
  bounds: [0.001, 0.01],
  connections: { now: 3, limit: 9, kinds: { irc: { plain: 1, tls: 2 }, http: { plain: 1, tls: 0 } } },
  lines: 0,
  messages: 0,
  deliveries: 0,
  cpu: 0,
  inbox: 4,
  ticks: histogram(0, 0, 0),
  commits: histogram(0, 0, 0),
  lag: histogram(0, 0, 0),
  queued: { bytes: 70, largest: 50, behind: 2 },
  ...changes,
});

describe("a sample", () => {
  it("has what there is, and what has happened in a second since the one before", () => {
    const before = stats(10, { lines: 10, ticks: histogram(7, 0, 0) });
    const after = stats(12, { lines: 30, messages: 5, deliveries: 1, cpu: 0.5, ticks: histogram(7, 2, 0) });
    const made = sample(before, after);
    assert.equal(made.irc, 3);
    assert.equal(made.http, 1);
    assert.equal(made.websocket, 0);
    assert.deepEqual([made.lines, made.messages, made.deliveries, made.cpu], [10, 2.5, 0.5, 0.25]);
    // What was before is not counted again.
    assert.ok(Math.abs(made.tickMedian - 0.0055) < 1e-9);
    assert.equal(made.commitMedian, null);
    assert.deepEqual([made.queued, made.largest, made.behind, made.inbox], [70, 50, 2, 4]);
  });

  it("says nothing of what has happened where there is none before, or one of another run", () => {
    for (const before of [null, stats(5, { started: 1 }), stats(10)]) {
      const made = sample(before, stats(10, { lines: 7 }));
      assert.deepEqual([made.lines, made.tickMedian, made.cpu], [null, null, null]);
      assert.equal(made.irc, 3);
    }
  });
});

describe("the past", () => {
  it("is of the last hour", () => {
    const past = new Past();
    for (let time = 0; time <= 4000; time += 2) past.take(stats(time));
    assert.equal(past.samples[0].time, 400);
    assert.equal(past.samples.at(-1).time, 4000);
    assert.deepEqual(past.since(4).map(({ time }) => time), [3996, 3998, 4000]);
  });

  it("begins again when the server does", () => {
    const past = new Past();
    past.take(stats(10));
    past.take(stats(12));
    past.take(stats(14, { started: 13 }));
    assert.deepEqual(past.samples.map(({ time, lines }) => [time, lines]), [[14, null]]);
  });

  it("is spread over a table, the newest first", () => {
    const samples = [...Array(25).keys()];
    assert.deepEqual(spread(samples, 10), [24, 21, 18, 15, 12, 9, 6, 3, 0]);
    assert.deepEqual(spread([1, 2], 10), [2, 1]);
    assert.deepEqual(spread([], 10), []);
  });
});

describe("a number", () => {
  it("is written as people read it", () => {
    assert.deepEqual([0, 7, 1234567, 0.123, 12.34, null].map(count), ["0", "7", "1,234,567", "0.12", "12.3", "–"]);
    assert.deepEqual([0.5, null].map(perSecond), ["0.5/s", "–"]);
    assert.deepEqual([0, 0.00025, 0.0125, 2.5, null].map(duration), ["0 µs", "250 µs", "12.5 ms", "2.5 s", "–"]);
    assert.deepEqual([0, 999, 1000, 1536000, 2e15, null].map(bytes), ["0 B", "999 B", "1 kB", "1.54 MB", "2,000 TB", "–"]);
    assert.deepEqual([0, 0.1234, 1, null].map(percent), ["0 %", "12.3 %", "100 %", "–"]);
    assert.deepEqual([0, 0.9, 61, 3600, 90061, -5].map(span), ["0 s", "0 s", "1 min 1 s", "1 h", "1 d 1 h", "0 s"]);
  });
});

describe("a chart", () => {
  it("ends at a round number", () => {
    const tops = [0, 1, 1.01, 2, 3, 5, 7, 10, 11, 999].map((max) => scale(max, 1));
    assert.deepEqual(tops, [1, 1, 2, 2, 4, 6, 8, 10, 20, 1000]);
    assert.ok(Math.abs(scale(0.0003, 0.0001) - 0.0004) < 1e-12);
    assert.equal(scale(0, 4), 4);
  });

  it("is drawn through what is known", () => {
    const samples = [null, 0, 10, null, 5].map((a, place) => ({ time: 100 + place, a }));
    const found = path(samples, "a", { from: 100, to: 104, top: 10 });
    assert.equal(found, "M150.0 150.0L300.0 0.0M600.0 75.0");
    assert.equal(path([], "a", { from: 0, to: 1, top: 1 }), "");
  });

  it("is said in words", () => {
    const series = [{ key: "a", name: "one" }, { key: "b", name: "two" }, { key: "c", name: "three" }];
    const samples = [{ a: 1, b: 2, c: null }, { a: 3, b: null, c: null }];
    assert.equal(
      inWords(samples, series, count),
      "one: now 3, from 1 to 3. two: from 2 to 2. three: nothing yet.",
    );
  });
});

// --- The operator

/** A server that answers at once; `refuse` says what to which command. */
class Server {
  sent = [];
  opened = 0;
  isOpen = false;
  refuse = {};

  connect = (_, handlers) => {
    this.handlers = handlers;
    return this;
  };

  open() {
    this.opened += 1;
    this.isOpen = true;
    queueMicrotask(() => this.isOpen && this.handlers.onOpen());
  }

  close() {
    this.isOpen = false;
  }

  /** As the connection does when it is lost: it looks for another. */
  lose() {
    this.isOpen = false;
    this.handlers.onLost();
    this.waits = true;
    this.handlers.onWaiting(1000);
  }

  say(line) {
    this.handlers.onLine(parse(line));
  }

  send(command, params = [], tags = {}) {
    if (!this.isOpen) return;
    this.sent.push([command, ...params].join(" "));
    format(command, params, tags);
    const head = tags.label ? `@label=${tags.label} ` : "";
    queueMicrotask(() => this.isOpen && this.#answer(command, params, head));
  }

  #answer(command, params, head) {
    if (this.refuse[command]) this.say(head + this.refuse[command]);
    else if (command === "CAP" && params[0] === "LS")
      this.say(":s CAP * LS :batch echo-message labeled-response message-tags standard-replies");
    else if (command === "CAP" && params[0] === "REQ") this.say(`:s CAP * ACK :${params[1]}`);
    else if (command === "CAP" && params[0] === "END") {
      this.say(":s 001 dash :Welcome");
      this.say(":s 422 dash :MOTD File is missing");
    } else if (command === "OPER") {
      this.say(`${head}:s BATCH +1 labeled-response`);
      this.say("@batch=1 :s 381 dash :You are now an IRC operator");
      this.say("@batch=1 :dash!u@h MODE dash +o");
      this.say(":s BATCH -1");
    } else if (command === "STATS") {
      this.say(`${head}:s BATCH +2 labeled-response`);
      this.say("@batch=2 :s 249 dash :time: 12");
      this.say("@batch=2 :s 219 dash t :End of STATS report");
      this.say(":s BATCH -2");
    } else if (command === "NOTICE") this.say(`${head}:dash!u@h NOTICE $s :${params[1]}`);
    else if (command === "KILL") this.say(`${head}:s ACK`);
  }
}

const turns = async () => {
  for (let turn = 0; turn < 50; turn++) await null;
};

function made() {
  const server = new Server();
  const states = [];
  const operator = new Operator("ws://x", (problem) => states.push(problem?.message ?? operator.isIn), server.connect);
  return { server, operator, states };
}

const ROOT = { name: "root", password: "sesame" };

describe("an operator", () => {
  it("logs in and is told what the server does", async () => {
    const { server, operator, states } = made();
    await operator.logIn(ROOT);
    assert.ok(operator.isIn);
    assert.equal(operator.name, "root");
    assert.deepEqual(states, [true]);
    assert.ok(server.sent.includes("OPER root sesame"));
    assert.match(server.sent.find((line) => line.startsWith("NICK")), /^NICK dash\d+$/);
    assert.deepEqual(await operator.stats(), { time: 12 });
  });

  it("writes to everybody, a line each", async () => {
    const { server, operator } = made();
    await operator.logIn(ROOT);
    await operator.notice(`down at noon\n\n  ${"x".repeat(350)}  `);
    const sent = server.sent.filter((line) => line.startsWith("NOTICE"));
    assert.deepEqual(sent, ["NOTICE $* down at noon", `NOTICE $* ${"x".repeat(300)}`, `NOTICE $* ${"x".repeat(50)}`]);
  });

  it("is told that a notice, which is never refused, was not sent", async () => {
    const { server, operator } = made();
    await operator.logIn(ROOT);
    server.refuse.NOTICE = ":s ACK";
    await assert.rejects(operator.notice("x"), /not an operator's connection/);
  });

  it("closes connections, and is told where there is none", async () => {
    const { server, operator } = made();
    await operator.logIn(ROOT);
    await operator.kill("al", "enough of it");
    assert.ok(server.sent.includes("KILL al enough of it"));
    server.refuse.KILL = ":s 401 dash al :No such nick/channel";
    await assert.rejects(operator.kill("al", "x"), /No such nick/);
  });

  it("is told why they are none, and nothing is tried again", async () => {
    const { server, operator, states } = made();
    server.refuse.OPER = ":s 464 dash :Password incorrect";
    await assert.rejects(operator.logIn(ROOT), /Password incorrect/);
    assert.equal(operator.name, "");
    assert.ok(!server.isOpen);
    assert.deepEqual(states, ["Password incorrect"]);
    await assert.rejects(operator.stats());
  });

  it("is told what the server wants before that", async () => {
    const { server, operator } = made();
    server.refuse.NICK = ":s 464 * :Password incorrect";
    await assert.rejects(operator.logIn(ROOT), /Password incorrect/);
    server.refuse = { NICK: "ERROR :Closing link (You are banned)" };
    await assert.rejects(operator.logIn(ROOT), /You are banned/);
  });

  it("is told that there is no server, which is not looked for any more", async () => {
    const { server, operator } = made();
    const waiting = operator.logIn(ROOT);
    server.isOpen = true;
    server.lose();
    await assert.rejects(waiting, /can not be reached/);
    assert.ok(!server.isOpen);
    assert.equal(operator.name, "");
  });

  it("is one again when a lost connection is back", async () => {
    const { server, operator, states } = made();
    await operator.logIn(ROOT);
    const asked = operator.kill("al", "x");
    server.lose();
    await assert.rejects(asked, /lost/);
    assert.ok(!operator.isIn);
    await assert.rejects(operator.stats(), /no connection just now/);
    server.open();
    await turns();
    assert.ok(operator.isIn);
    assert.deepEqual(states, [true, false, true]);
    assert.deepEqual(await operator.stats(), { time: 12 });
  });

  it("is told that they are none any more when it is back", async () => {
    const { server, operator, states } = made();
    await operator.logIn(ROOT);
    server.lose();
    server.refuse.OPER = ":s 464 dash :Password incorrect";
    server.open();
    await turns();
    assert.deepEqual(states, [true, false, "Password incorrect"]);
    assert.equal(operator.name, "");
  });

  it("answers PING, and leaves", async () => {
    const { server, operator, states } = made();
    await operator.logIn(ROOT);
    server.say("PING :here");
    assert.equal(server.sent.at(-1), "PONG here");
    operator.leave();
    assert.ok(!server.isOpen);
    assert.deepEqual(states, [true, false]);
    assert.equal(operator.name, "");
  });
});
