// What somebody types: text is said, lines with a slash are commands. And how words are completed.
//
// The commands are a table, from which /help is made. Each has the chat: `{model, session, show(),
// find(words)}`, the text behind its name, and the conversation where it was typed.

import { fold, parse } from "./irc.js";
import { plain } from "./formatting.js";

const roomName = (name) => (name[0] === "#" ? name : `#${name}`);

/** Take the first word, if it is a room, else the room where we are. */
function whereOf({ model }, argument, here) {
  const [first = "", ...rest] = argument.split(" ");
  if (model.isRoom(first)) return [first, rest.join(" ").trim()];
  if (!here.isRoom) throw new RangeError("You are in no room here: name one.");
  return [here.name, argument];
}

const change = (mode, mask = (name) => name) => async (chat, argument, here) => {
  const [room, name] = whereOf(chat, argument, here);
  await chat.session.ask("MODE", [room, mode, ...(name ? [mask(name)] : [])]);
};

const maskOf = (name) => (/[!@*:]/.test(name) ? name : `${name}!*@*`);

const service = (name) => async ({ session }, argument) => {
  await session.ask(name, argument.split(" ").filter(Boolean));
};

async function tellAnswer({ session, tell }, command, params, lineOf) {
  const replies = await session.ask(command, params, { quiet: true });
  const lines = replies.map(({ command: code, params: words }) => lineOf(code, words.slice(1)));
  for (const line of lines.filter(Boolean)) tell(line);
}

/** What WHOIS says, in words. */
const WHOIS = {
  311: ([nick, user, host, , name]) => `${nick} is ${name} (${user}@${host})`,
  301: ([nick, text]) => `${nick} is away: ${text}`,
  312: ([nick, server, info]) => `${nick} is on ${server}: ${info}`,
  319: ([nick, rooms]) => `${nick} is in ${rooms}`,
  330: ([nick, account]) => `${nick} is logged in as ${account}`,
  317: ([nick, idle]) => `${nick} has said nothing for ${Math.round(idle / 60)} minutes`,
};

/** Name → `{usage, help, run(chat, argument, here), needs?}`; `needs`: it is nothing by itself. */
export const COMMANDS = {
  join: {
    usage: "#ROOM [KEY]",
    help: "enter a room, or go back to one",
    needs: true,
    async run(chat, argument) {
      const [room, key = ""] = argument.split(" ");
      await chat.join(roomName(room), key);
    },
  },
  part: {
    usage: "[#ROOM] [REASON]",
    help: "leave a room, or close a direct conversation",
    async run(chat, argument, here) {
      if (!here.isRoom && here.key && !chat.model.isRoom(argument)) return chat.model.close(here);
      const [room, reason] = whereOf(chat, argument, here);
      const conversation = chat.model.find(room);
      if (conversation && !conversation.joined) return chat.model.close(conversation);
      await chat.session.ask("PART", reason ? [room, reason] : [room]);
    },
  },
  nick: {
    usage: "NAME",
    help: "take another nickname",
    needs: true,
    async run({ session }, argument) {
      await session.ask("NICK", [argument]);
      session.entrance.nick = argument;
    },
  },
  me: {
    usage: "TEXT",
    help: "say what you do: * you wave",
    needs: true,
    run: ({ session }, argument, here) => session.say(here, `\x01ACTION ${argument}\x01`),
  },
  msg: {
    usage: "NAME [TEXT]",
    help: "say something to one person, or begin to",
    needs: true,
    run(chat, argument) {
      const [name, text] = split(argument);
      const conversation = chat.model.open(name);
      if (text) chat.session.say(conversation, text);
      chat.show(conversation);
    },
  },
  notice: {
    usage: "NAME TEXT",
    help: "say something that no program answers",
    needs: true,
    run({ model, session }, argument, here) {
      const [name, text] = split(argument);
      session.say(model.find(name) ?? here, text, { notice: true });
    },
  },
  who: {
    usage: "[#ROOM]",
    help: "see who is in a room",
    async run(chat, argument, here) {
      const [room] = whereOf(chat, argument, here);
      await tellAnswer(chat, "NAMES", [room], (code, words) => code === "353" && words.join(" "));
    },
  },
  rooms: { usage: "", help: "see which rooms there are", run: (chat) => chat.listRooms() },
  whois: {
    usage: "NAME",
    help: "see what is known of somebody",
    needs: true,
    run: (chat, nick) =>
      tellAnswer(chat, "WHOIS", [nick], (code, words) => plain(WHOIS[code]?.(words) ?? "")),
  },
  topic: {
    usage: "[#ROOM] [TEXT]",
    help: "see or set what a room is about",
    async run(chat, argument, here) {
      const [room, text] = whereOf(chat, argument, here);
      if (text) await chat.session.ask("TOPIC", [room, text]);
      else chat.tell(chat.model.find(room)?.topic || "No topic is set.");
    },
  },
  search: {
    usage: "WORDS",
    help: "find what was said in your rooms, and to you and by you",
    run: (chat, argument) => chat.find(argument),
  },
  away: {
    usage: "[TEXT]",
    help: "say that you are away; alone, that you are back",
    async run({ session, tell }, argument) {
      await session.ask("AWAY", argument ? [argument] : [], { quiet: true });
      tell(argument ? `You are away: ${argument}` : "You are back.");
    },
  },
  kick: {
    usage: "[#ROOM] NAME [REASON]",
    help: "remove somebody from a room",
    needs: true,
    async run(chat, argument, here) {
      const [room, rest] = whereOf(chat, argument, here);
      const [name, reason] = split(rest);
      await chat.session.ask("KICK", reason ? [room, name, reason] : [room, name]);
    },
  },
  ban: { usage: "[#ROOM] NAME", help: "keep somebody out of a room", run: change("+b", maskOf) },
  unban: { usage: "[#ROOM] NAME", help: "let somebody in again", run: change("-b", maskOf) },
  op: { usage: "[#ROOM] NAME", help: "make somebody an operator of a room", run: change("+o") },
  deop: { usage: "[#ROOM] NAME", help: "take that away again", run: change("-o") },
  voice: { usage: "[#ROOM] NAME", help: "let somebody speak in a moderated room", run: change("+v") },
  devoice: { usage: "[#ROOM] NAME", help: "take that away again", run: change("-v") },
  mode: {
    usage: "[#ROOM] [CHANGES]",
    help: "see or change what is set in a room, as IRC writes it: +m, -i",
    async run(chat, argument, here) {
      const [room, changes] = whereOf(chat, argument, here);
      const params = [room, ...changes.split(" ").filter(Boolean)];
      if (changes) await chat.session.ask("MODE", params);
      else await tellAnswer(chat, "MODE", params, (code, words) => code === "324" && words.join(" "));
    },
  },
  invite: {
    usage: "NAME [#ROOM]",
    help: "invite somebody to a room",
    needs: true,
    async run({ session, tell }, argument, here) {
      const [name, room = here.name] = argument.split(" ");
      await session.ask("INVITE", [name, room], { quiet: true });
      tell(`You have invited ${name} to ${room}.`);
    },
  },
  ignore: {
    usage: "[NAME]",
    help: "read nothing of somebody any more; alone, see of whom",
    run({ model, tell }, name) {
      if (name) model.ignored.add(fold(name));
      tell(`You ignore ${[...model.ignored].join(", ") || "nobody"}.`);
    },
  },
  unignore: {
    usage: "NAME",
    help: "read what somebody says again",
    needs: true,
    run({ model, tell }, name) {
      model.ignored.delete(fold(name));
      tell(`You ignore ${[...model.ignored].join(", ") || "nobody"}.`);
    },
  },
  register: {
    usage: "PASSWORD [EMAIL]",
    help: "make an account of your nickname, so that it is yours",
    needs: true,
    async run({ session, tell }, argument) {
      const [password, email] = argument.split(" ");
      tell((await session.makeAccount(password, email)).at(-1) ?? "");
    },
  },
  login: {
    usage: "[NAME] PASSWORD",
    help: "log in to your account",
    needs: true,
    async run({ model, session, tell }, argument) {
      const words = argument.split(" ");
      await session.logIn(words.length > 1 ? words[0] : model.nick, words.slice(-1)[0]);
      tell(`You are logged in as ${model.account}.`);
    },
  },
  logout: { usage: "", help: "log out of your account", run: ({ session }) => session.logOut() },
  ns: { usage: "COMMAND", help: "tell NickServ something: /ns help", run: service("NS") },
  cs: { usage: "COMMAND", help: "tell ChanServ something: /cs help", run: service("CS") },
  quote: {
    usage: "LINE",
    help: "send a line of IRC as it is",
    needs: true,
    async run({ session }, argument) {
      const { command, params } = parse(argument);
      await session.ask(command, params);
    },
  },
  quit: { usage: "[REASON]", help: "leave", run: ({ session }, reason) => session.quit(reason) },
  help: {
    usage: "",
    help: "see this list",
    run({ tell }) {
      for (const [name, { usage, help }] of Object.entries(COMMANDS))
        tell(`/${name} ${usage}${usage && " "}— ${help}`);
      tell("//text — say a text that begins with a slash");
    },
  },
};

function split(text) {
  const [first, rest = ""] = text.split(/ (.*)/s);
  return [first, rest.trim()];
}

/** Do what was typed. Throws, or rejects with, what goes wrong. */
export async function take(chat, text, here, replyTo = "") {
  if (!/^\/(?!\/)/.test(text)) {
    if (!here.key) throw new RangeError("Nobody reads this here: choose a room.");
    chat.session.say(here, text.replace(/^\/\//, "/"), { replyTo });
    return;
  }
  const [name, argument] = split(text.slice(1));
  const word = name.toLowerCase();
  if (!Object.hasOwn(COMMANDS, word)) throw new RangeError(`/${word} is no command: /help lists them.`);
  if (COMMANDS[word].needs && !argument) throw new RangeError(`Write /${word} ${COMMANDS[word].usage}`);
  await COMMANDS[word].run(chat, argument, here);
}

/** What the word before the cursor could be: `{from, options: [{text, help}]}`, or null.
 *
 * Without `asked`, only what is certainly meant as a name: behind a slash, `#` or `@`. */
export function complete(text, cursor, model, here, asked = false) {
  const [word] = /\S*$/.exec(text.slice(0, cursor));
  const from = cursor - word.length;
  const start = fold(word.replace(/^[/@]/, ""));
  let options = [];
  if (word[0] === "/" && from === 0 && word[1] !== "/")
    options = Object.entries(COMMANDS)
      .filter(([name]) => name.startsWith(start))
      .map(([name, { usage, help }]) => ({ text: `/${name} `, help: `${usage} — ${help}` }));
  else if (word[0] === "#")
    options = model.rooms
      .filter(({ key }) => key.startsWith(start))
      .map(({ name, topic }) => ({ text: `${name} `, help: plain(topic) }));
  else if ((word[0] === "@" || asked) && (start || word))
    options = model
      .namesFor(here, start)
      .map((nick) => ({ text: from === 0 ? `${nick}: ` : `${nick} `, help: "" }));
  return options.length ? { from, options: options.slice(0, 8) } : null;
}
