// What was asked and is not answered yet (IRCv3 labeled-response, batch).
// Every line of the server goes through `take`, which puts the lines of a batch together, finds the
// question that they answer, and delivers what happened. Knows no network.

const HISTORY = new Set(["chathistory", "draft/chathistory-targets", "soju.im/search"]);
const MULTILINE = "draft/multiline";
/** The numerics that refuse something: of those of errors 422 does not (there is no MOTD). */
const REFUSALS = /^(4(?!22)\d\d|5\d\d|696|723|90[24-8])$/;

/** The server does not do what was asked. `code` is a numeric, or one of FAIL's. */
export class Refused extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

/** The connection went before the answer came. */
export class Lost extends Error {}

/** The `Refused` that a line says, or null. */
export function refusalOf({ command, params }) {
  if (command === "FAIL") return new Refused(params[1], params.at(-1));
  return REFUSALS.test(command) ? new Refused(command, params.at(-1)) : null;
}

/** Several lines as the one message that they are. */
function joined({ opening, lines }) {
  let text = "";
  for (const [index, line] of lines.entries()) {
    const follows = index > 0 && !("draft/multiline-concat" in line.tags);
    text += (follows ? "\n" : "") + line.params[1];
  }
  const { command = "PRIVMSG", source = opening.source, nick = opening.nick } = lines[0] ?? {};
  return { ...opening, command, source, nick, params: [opening.params[2], text] };
}

export class Requests {
  #send;
  #deliver;
  #labelled = new Map();
  #batches = new Map();
  #count = 0;

  /** `send(command, params, tags)` sends a line; `deliver(message, about)` takes what happened,
   * with what was said about the request that it answers. */
  constructor(send, deliver) {
    this.#send = send;
    this.#deliver = deliver;
  }

  /** Ask, and return the lines of the answer. Rejects with `Refused` or `Lost`.
   *
   * `quiet`: the answer is for who asks, and nothing that happens. `write` sends several lines. */
  ask(command, params = [], { tags = {}, quiet = false, about = null, write = null } = {}) {
    const label = `${++this.#count}`;
    return new Promise((resolve, reject) => {
      const sent = { ...tags, label };
      if (write) write(sent);
      else this.#send(command, params, sent);
      this.#labelled.set(label, { label, quiet, about, replies: [], resolve, reject });
    });
  }

  /** Take a line of the server. */
  take(message) {
    if (message.command === "BATCH") {
      const [reference] = message.params;
      if (reference[0] === "+") this.#open(reference.slice(1), message);
      else this.#close(reference.slice(1));
      return;
    }
    const batch = this.#batches.get(message.tags.batch);
    if (batch?.type === MULTILINE) batch.lines.push(message);
    else this.#hand(message, batch);
  }

  /** The connection is lost: so is everything that was asked. */
  fail(reason) {
    for (const { reject } of this.#labelled.values()) reject(new Lost(reason));
    this.#labelled.clear();
  }
  #open(reference, opening) {
    const outer = this.#batches.get(opening.tags.batch);
    const type = opening.params[1];
    // Several lines are one message, which has the label itself.
    const root = type === MULTILINE ? undefined : this.#labelled.get(opening.tags.label);
    const history = HISTORY.has(type) || Boolean(outer?.history);
    const request = root ?? outer?.request;
    this.#batches.set(reference, { type, opening, outer, root, request, history, lines: [] });
  }
  #close(reference) {
    const batch = this.#batches.get(reference);
    if (!batch) return;
    this.#batches.delete(reference);
    if (batch.type === MULTILINE) this.#hand(joined(batch), batch.outer);
    else if (batch.root) this.#finish(batch.root);
  }
  #hand(message, batch) {
    const request = batch?.request ?? this.#labelled.get(message.tags.label);
    request?.replies.push(message);
    const forAsker = request && (request.quiet || refusalOf(message));
    if (!forAsker && !batch?.history) this.#deliver(message, request?.about ?? null);
    if (request && !batch?.request) this.#finish(request);
  }
  #finish(request) {
    this.#labelled.delete(request.label);
    const refusal = request.replies.map(refusalOf).find(Boolean);
    if (refusal) request.reject(refusal);
    else request.resolve(request.replies);
  }
}
