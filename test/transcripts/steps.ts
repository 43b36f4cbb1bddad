/**
 * What the steps of transcripts mean: one row for each form that a line may have. README.md beside this file lists them for
 * whoever writes a transcript.
 */

import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { toDocument } from '../../gateway/csp/message.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { isOurMessageId } from '../../gateway/system-message/ids.ts';
import { conversationSteps } from './conversation-steps.ts';
import { KEPT_STEPS } from './kept-steps.ts';
import { offLineSteps } from './off-line-steps.ts';
import { onLineSteps } from './on-line-steps.ts';
import { openPage, pressButton, readsOnPage } from './page-steps.ts';
import { filled, instantiate, matchAll, matchText, type Pattern, parsePatterns, shown } from './pattern.ts';
import { vaspAnswer, vaspFailure } from './rig.ts';
import { spell } from './spelling.ts';
import { type Act, fail, row } from './step.ts';
import {
  type Asked,
  type Client,
  type Envelope,
  modeOf,
  policyFiles,
  sessionIn,
  text,
  type World,
  withNamespaces,
} from './world.ts';

/** Does what a line says: the first row that has its form, and speaks of a VASP or a client as the line does. */
export async function act(world: World, line: string, block: string): Promise<void> {
  const plain = conversationSteps(line) ?? onLineSteps(line) ?? offLineSteps(line, world.version);
  if (plain !== undefined) {
    for (const [plainLine, plainBlock] of plain) await act(world, plainLine, plainBlock);
    return;
  }
  for (const [form, step] of STEPS) {
    const groups = form.exec(line)?.groups ?? (form.test(line) ? {} : undefined);
    if (groups === undefined) continue;
    if (groups.vasp !== undefined && !world.vasps.includes(groups.vasp)) continue;
    if (groups.who !== undefined && !world.clients.has(groups.who)) continue;
    return step(world, groups, block);
  }
  throw new Error('no step has this form; README.md lists them');
}

const STEPS: readonly (readonly [RegExp, Act])[] = [
  row(
    /^(?<who>\w+) sends(?<outband> outband)?(?: in session (?<session>\S+))?(?: with id (?<ids>[^:]+?))?(?: as (?<mode>\w+))?:$/,
    (world, { who = '', outband, session, ids, mode }, block) => {
      const client = world.client(who);
      const primitives = instantiate(parsePatterns(block), world.captures);
      const isLogin = primitives.some(({ name }) => name === 'Login-Request');
      return world.send(client, primitives, {
        outband: outband !== undefined || (isLogin && session === undefined),
        session: session === undefined ? undefined : filled(session, world.captures),
        ids: ids === undefined ? undefined : filled(ids, world.captures).split(/,\s*/),
        mode: mode === 'Response' || mode === 'Request' ? mode : undefined,
      });
    },
  ),
  row(
    /^(?<who>\w+) logs in(?: under cookie (?<cookie>\S+))?(?: in language (?<language>\S+))?(?: and answers (?<answers>.+))?$/,
    (world, { who = '', cookie, language, answers }) => {
      const client = world.client(who);
      const more = answers === undefined ? [] : [answerList(world, answers)];
      return world.send(client, [world.loginRequest(client, more, cookie)], {
        outband: true,
        ...(language === undefined ? {} : { headers: ['Accept-Language', language] }),
      });
    },
  ),
  row(/^(?<who>\w+) logs in with:$/, (world, { who = '' }, block) => {
    const client = world.client(who);
    const more = instantiate(parsePatterns(block), world.captures);
    return world.send(client, [world.loginRequest(client, more)], { outband: true });
  }),
  row(/^(?<who>\w+) answers (?<answers>.+) outside of a login$/, (world, { who = '', answers = '' }) =>
    world.send(world.client(who), [element('SystemMessage-User', [answerList(world, answers)])], { outband: true }),
  ),
  row(/^(?<who>\w+) posts as (?<type>\S+):$/, (world, { who = '', type = '' }, block) => {
    const client = world.client(who);
    world.expectQuiet();
    const asked: Asked = { client, ids: [], sessionType: 'Outband', contentType: type, reply: undefined };
    return world.post(client, asked, Buffer.from(block.replace(/^ {4}/gm, '')));
  }),
  row(/^(?<vasp>\w+) receives nothing$/, (world, { vasp = '' }) => world.expectNothingAt(vasp)),
  row(/^(?<who>\w+) receives nothing$/, (world, { who = '' }) => {
    const { reply } = world.takeReply(world.client(who));
    if (reply.statusCode !== 200 || reply.body.length > 0) fail('another reply', 'an empty one', text(reply.body));
  }),
  row(
    /^(?<vasp>\w+) receives (?<who>\w+)'s (?:message|login) (?<how>unchanged|without \w+)$/,
    (world, { vasp = '', who = '', how = '' }) => {
      const incoming = world.request(vasp, 'new', 'received nothing');
      incoming.state = 'seen';
      const { sent } = world.client(who);
      const name = /^without (\w+)$/.exec(how)?.[1];
      const expected = (name === undefined ? sent?.bytes : sent?.without(name)) ?? Buffer.alloc(0);
      if (expected.equals(incoming.request.body)) return;
      fail('other bytes', text(expected), text(incoming.request.body));
    },
  ),
  row(/^(?<vasp>\w+) receives(?: with id (?<ids>[^:]+))?:$/, (world, { vasp = '', ids }, block) => {
    const incoming = world.request(vasp, 'new', 'received nothing');
    incoming.state = 'seen';
    const { transactions } = decodeMessage(incoming.request.body, world.encoding);
    compare(
      world,
      parsePatterns(block),
      transactions.map(({ primitive }) => primitive),
    );
    compareIds(world, ids, transactions);
  }),
  row(
    /^(?<vasp>\w+) answers(?: with id (?<ids>[^:]+?))?(?: as (?<mode>\w+))?(?: with Poll (?<poll>[TF]))?:$/,
    (world, { vasp = '', ids, mode, poll }, block) => {
      const primitives = instantiate(parsePatterns(block), world.captures);
      return vaspAnswers(world, vasp, primitives, {
        outband: false,
        ids: ids === undefined ? undefined : filled(ids, world.captures).split(/,\s*/),
        mode: mode === 'Response' || mode === 'Request' ? mode : undefined,
        poll: poll === undefined ? undefined : poll === 'T',
      });
    },
  ),
  row(
    /^(?<vasp>\w+) lets (?<who>\w+) in(?: for (?<seconds>\d+) s| (?<unnamed>without a time))?$/,
    (world, { vasp = '', who = '', seconds = '600', unnamed }) =>
      vaspAnswers(
        world,
        vasp,
        [
          element('Login-Response', [
            element('ClientID', [element('URL', world.client(who).clientId)]),
            element('Result', [element('Code', 200)]),
            element('SessionID', `${vasp.toLowerCase()}-session-${++world.sessions}`),
            unnamed === undefined ? element('KeepAliveTime', seconds) : undefined,
            element('CapabilityRequest', 'T'),
          ]),
        ],
        { outband: true },
      ),
  ),
  row(/^(?<vasp>\w+) answers nothing$/, (world, { vasp = '' }) => giveAnswer(world, vasp, Buffer.alloc(0))),
  row(/^(?<vasp>\w+) answers (?:HTTP (?<code>\d+)|(?<html>HTML))$/, (world, { vasp = '', code = '200' }) => {
    const incoming = world.request(vasp, 'seen', 'has nothing to answer');
    incoming.state = 'answered';
    incoming.answer(vaspAnswer(Buffer.from('<html><body>Hello<br></body></html>'), 'text/html', Number(code)));
    return world.settled();
  }),
  row(/^(?<vasp>\w+) is (?<how>unreachable|too slow)$/, (world, { vasp = '', how }) => {
    const incoming = world.request(vasp, 'seen', 'has nothing to answer');
    incoming.state = 'answered';
    incoming.answer(vaspFailure(how === 'unreachable' ? 'unreachable' : 'timeout'));
    return world.settled();
  }),
  row(/^(?<who>\w+) receives the answer unchanged$/, receiveUnchanged),
  row(/^(?<who>\w+) is in$/, receiveUnchanged),
  row(/^(?<who>\w+) receives HTTP (?<code>\d+): (?<line>.+)$/, (world, { who = '', code, line = '' }) => {
    const { reply } = world.takeReply(world.client(who));
    const got = `HTTP ${reply.statusCode}: ${Buffer.from(reply.body).toString().trim()}`;
    const matched = matchText(`HTTP ${code}: ${line}`, got, world.captures, 'the reply');
    if (!matched.ok) throw new Error(matched.fault);
  }),
  row(/^(?<who>\w+) receives document:$/, (world, { who = '' }, block) => {
    const { reply } = world.takeReply(world.client(who));
    const got = Buffer.from(reply.body).toString().replace(/>\s*</g, '><').trim();
    const matched = matchText(block.trim().replace(/>\s+</g, '><'), got, world.captures, 'the reply');
    if (!matched.ok) throw new Error(matched.fault);
  }),
  row(
    /^(?<who>\w+) receives(?: with id (?<ids>[^:]+?))?(?: with Poll (?<poll>[TF]))?:$/,
    (world, { who = '', ids, poll }, block) => {
      const message = readReply(world, world.client(who));
      compare(
        world,
        parsePatterns(block),
        message.transactions.map(({ primitive }) => primitive),
      );
      compareIds(world, ids, message.transactions);
      const got = message.poll === undefined ? undefined : message.poll ? 'T' : 'F';
      if (poll !== undefined && poll !== got) fail('another Poll', poll, String(got));
    },
  ),
  row(/^(?<who>\w+) is asked (?<names>.+)$/, isAsked),
  row(/^(?<who>\w+) is denied with (?<code>\d+): (?<words>.+)$/, (world, { who = '', code = '', words = '' }) => {
    const client = world.client(who);
    const { transactions } = readReply(world, client);
    const denial = `<Login-Response><ClientID><URL>${client.clientId}</URL></ClientID><Result><Code>${code}</Code><Description>${words}</Description></Result></Login-Response>`;
    compare(
      world,
      parsePatterns(denial),
      transactions.map(({ primitive }) => primitive),
    );
  }),
  row(
    /^(?<who>\w+) is refused with (?<codes>[\d, ]+): (?<words>.+)$/,
    (world, { who = '', codes = '', words = '' }) => {
      const { transactions } = readReply(world, world.client(who));
      const refusals = codes
        .split(/,\s*/)
        .map((code) => `<Status><Result><Code>${code}</Code><Description>${words}</Description></Result></Status>`);
      compare(
        world,
        parsePatterns(refusals.join('')),
        transactions.map(({ primitive }) => primitive),
      );
    },
  ),
  row(
    /^(?<who>\w+) opens (?<url>\S+)(?: with a browser in (?<languages>.+))?$/,
    (world, { who = '', url = '', languages }) => openPage(world, world.client(who), url, languages),
  ),
  row(
    /^(?<who>\w+) presses (?<press>.+?)(?: having chosen (?<choices>.+?))?(?: and typed (?<words>.+))?$/,
    (world, { who = '', press = '', choices, words }) => pressButton(world, world.client(who), press, choices, words),
  ),
  row(/^(?<who>\w+) reads: (?<pattern>.+)$/, (world, { who = '', pattern = '' }) =>
    readsOnPage(world, world.client(who), pattern),
  ),
  row(/^(?<count>[\d.]+) (?<unit>ms|s|min|h|d) pass(?:es)?$/, (world, { count = '', unit = '' }) => {
    world.expectQuiet();
    const millis = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 0;
    world.rig.clock.advance(Number(count) * millis);
    return world.rig.sweep();
  }),
  row(/^the gateway restarts$/, (world) => {
    world.expectQuiet();
    world.rig.restart();
  }),
  row(/^the policies become (?<names>.+)$/, (world, { names = '' }) =>
    world.rig.usePolicies(names === 'none' ? [] : policyFiles(names.split(/\s+/))),
  ),
  ...KEPT_STEPS,
];

function isAsked(world: World, { who = '', names = '' }: Readonly<Record<string, string | undefined>>): void {
  const client = world.client(who);
  const { transactions } = readReply(world, client);
  const messages = names.split(/,\s*/).map((name) => {
    const id = `<SystemMessageID>${name}</SystemMessageID>`;
    return `<SystemMessage>${id}{any}</SystemMessage>`;
  });
  const pattern = `<Login-Response><ClientID><URL>${client.clientId}</URL></ClientID><Result><Code>${world.askingCode}</Code><Description>Please answer {any} to log in.</Description><SystemMessageList>${messages.join('')}</SystemMessageList></Result></Login-Response>`;
  compare(
    world,
    parsePatterns(pattern),
    transactions.map(({ primitive }) => primitive),
  );
}

function receiveUnchanged(world: World, { who = '' }: Readonly<Record<string, string | undefined>>): void {
  const client = world.client(who);
  const { asked, reply } = world.takeReply(client);
  if (reply.statusCode !== 200) fail('another HTTP status', '200', String(reply.statusCode));
  if (!world.lastAnswer.equals(reply.body)) fail('other bytes', text(world.lastAnswer), text(reply.body));
  if (reply.body.length > 0)
    learn(world, client, decodeMessage(reply.body, world.encoding, { tolerant: true }).transactions);
  checkContentType(asked, reply.headers);
}

/** Reads a reply and checks all that holds of every reply, whatever it says [X1, X2]. */
function readReply(world: World, client: Client): ReturnType<typeof decodeMessage> {
  const { asked, reply } = world.takeReply(client);
  if (reply.statusCode !== 200) fail('another HTTP status', '200', `${reply.statusCode}: ${text(reply.body)}`);
  if (reply.body.length === 0) fail('an empty reply', 'a message', 'nothing');
  checkContentType(asked, reply.headers);
  const message = decodeMessage(reply.body, world.encoding);
  if (message.version !== world.version) fail('another version', world.version, message.version);
  if (message.sessionType !== asked.sessionType) fail('another SessionType', asked.sessionType, message.sessionType);
  for (const { mode, id } of message.transactions) {
    if (mode === 'Response' && !asked.ids.includes(id)) fail('an unknown TransactionID', asked.ids.join(', '), id);
  }
  learn(world, client, message.transactions);
  return message;
}

function checkContentType(asked: Asked, headers: readonly string[]): void {
  const values = headers.filter((_, index) => headers[index - 1]?.toLowerCase() === 'content-type' && index % 2 === 1);
  const essence = asked.contentType.split(';', 1)[0] ?? '';
  if (values.length !== 1 || !values[0]?.startsWith(essence))
    fail('another Content-Type', essence, values.join(' and '));
}

/** What a client keeps of a message: its session, the id of what the server opened, and that no message id repeats. */
function learn(world: World, client: Client, transactions: ReturnType<typeof decodeMessage>['transactions']): void {
  const session = sessionIn(transactions.map(({ primitive }) => primitive));
  if (session !== undefined) client.session = session;
  for (const { mode, id, primitive } of transactions) {
    if (mode === 'Request') client.serverId = id;
    const list = descendant(primitive, 'Result', 'SystemMessageList');
    for (const message of list?.children ?? []) {
      const token = childText(message, 'SystemMessageID') ?? '';
      // A message in a session keeps its id for as long as it lives.
      if (isOurMessageId(token)) continue;
      if (!/^[A-Za-z0-9_-]{1,48}$/.test(token))
        fail('a SystemMessageID that clients may refuse', '1 to 48 of A-Za-z0-9_-', token);
      if (world.tokensSeen.has(token)) fail('a SystemMessageID that was used before', 'a fresh one', token);
      world.tokensSeen.add(token);
    }
  }
}

function compare(world: World, patterns: readonly Pattern[], elements: readonly Element[]): void {
  const matched = matchAll(patterns, elements, world.captures);
  if (!matched.ok) throw new Error(`${matched.fault}\n  got\n${shown(elements)}`);
  world.captures = matched.captures;
}

function compareIds(world: World, ids: string | undefined, transactions: readonly { readonly id: string }[]): void {
  if (ids === undefined) return;
  const got = transactions.map(({ id }) => id).join(', ');
  const matched = matchText(ids, got, world.captures, 'TransactionIDs');
  if (!matched.ok) throw new Error(matched.fault);
  world.captures = matched.captures;
}

/** `1 to {aoc}, nothing to {terms} with key GREEN` as the client sends it. */
function answerList(world: World, answers: string): Element {
  const responses = answers.split(/,\s*/).map((answer) => {
    const [, option = '', token = '', key] = /^(\S+) to (\S+)(?: with key (.+))?$/.exec(answer) ?? [];
    if (token === '') throw new Error(`"${answer}" is no answer: write "1 to {name}" or "nothing to {name}"`);
    return element('SystemMessageResponse', [
      element('SystemMessageID', filled(token, world.captures)),
      option === 'nothing' ? undefined : element('ChosenOptionID', option),
      key === undefined ? undefined : element('VerificationKey', filled(key, world.captures)),
    ]);
  });
  return element('SystemMessageResponseList', responses);
}

function vaspAnswers(world: World, vasp: string, primitives: readonly Element[], envelope: Envelope): Promise<void> {
  const incoming = world.request(vasp, 'seen', 'has nothing to answer');
  const request = decodeMessage(incoming.request.body, world.encoding);
  let answered = 0;
  const modes = primitives.map(({ name }) => envelope.mode ?? modeOf(name, 'server'));
  const ids = modes.map((mode, index) => {
    if (envelope.ids?.[index] !== undefined) return envelope.ids[index];
    return mode === 'Request' ? `v${++world.serverIds}` : (request.transactions[answered++]?.id ?? '');
  });
  const message = world.message(
    primitives,
    ids,
    modes,
    request.sessionType === 'Outband',
    request.sessionId,
    envelope.poll,
  );
  return giveAnswer(
    world,
    vasp,
    spell(withNamespaces(toDocument(message), world.version), world.version, world.encoding),
  );
}

function giveAnswer(world: World, vasp: string, body: Buffer): Promise<void> {
  const incoming = world.request(vasp, 'seen', 'has nothing to answer');
  incoming.state = 'answered';
  world.lastAnswer = Buffer.from(body);
  incoming.answer(vaspAnswer(body, contentTypeOf(world.version, world.encoding)));
  return world.settled();
}
