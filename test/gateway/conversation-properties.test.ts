/**
 * Whatever a phone does in a conversation, in whatever order: nothing reaches the VASP but a login after acceptance, every
 * answer can be read in the phone's version and encoding, and nobody is let in who did not accept [X21].
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isWaitingSessionId } from '../../gateway/chain/conversation/waiting-sessions.ts';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import type { CspMessage, Transaction } from '../../gateway/csp/message.ts';
import { PRIMITIVES } from '../../gateway/csp/primitives.ts';
import { resultCode } from '../../gateway/csp/status.ts';
import { isAtLeast } from '../../gateway/csp/versions.ts';
import { createRig, policySetOf } from '../transcripts/rig.ts';
import { AOC_CONVERSE, digestOffer, Phone, policies, SERVICE, textTo } from './conversation-phone.ts';
import { CANARIES, clientId, digestLogin, loginRequest, SPELLINGS } from './messages.ts';

const SEED = 20_261_122;
const RUNS = 40;

const NOTICE = `
kind: off-line-service
id: notice
version: 1
purpose: notice
order: 50
message: { en: News. }
requiresResponse: false
withoutSystemMessages: { converse: true }
`;
const VERIFIED = `${AOC_CONVERSE.replace('id: aoc', 'id: verified')}order: 200\nverification: { inText: { en: Type GREEN. }, key: green }\n`;
const POLICIES = policySetOf(policies(AOC_CONVERSE, NOTICE, VERIFIED));

type Step =
  | { readonly kind: 'login'; readonly way: 'password' | 'offer' | 'digest' }
  | { readonly kind: 'poll' }
  /** Polls, says that it has it, and accepts what it asks. */
  | { readonly kind: 'obey' }
  | { readonly kind: 'acknowledge'; readonly with: 'MessageDelivered' | 'Status' }
  | { readonly kind: 'write'; readonly text: string; readonly to: string }
  | { readonly kind: 'send'; readonly primitives: readonly string[]; readonly mode: Transaction['mode'] }
  | { readonly kind: 'pass'; readonly seconds: number };

const NAMES = [...PRIMITIVES.keys()].filter((name) => name !== 'Login-Response');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom('password', 'offer', 'digest').map((way) => ({ kind: 'login', way }) as const),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'poll' } as const) },
  { weight: 7, arbitrary: fc.constant({ kind: 'obey' } as const) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('MessageDelivered', 'Status')
      .map((name) => ({ kind: 'acknowledge', with: name }) as const),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.oneof(fc.constantFrom('1', '2', 'accept', '1 green', 'green', ''), fc.string({ maxLength: 30 })),
        fc.constantFrom(SERVICE, SERVICE, SERVICE, 'wv:romeo@im.example'),
      )
      .map(([text, to]) => ({ kind: 'write', text: xmlText(text), to }) as const),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('Request', 'Request', 'Response'),
      )
      .map(([primitives, mode]) => ({ kind: 'send', primitives, mode }) as const),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 90 }).map((seconds) => ({ kind: 'pass', seconds }) as const) },
);

/** What XML can carry. */
function xmlText(text: string): string {
  return text.replace(/[^\x20-\x7e\u{a0}-\u{d7ff}]/gu, '');
}

test.each(SPELLINGS)(`CSP $version $encoding, seed ${SEED}`, async (spelling) => {
  const { version } = spelling;
  const seen = { questions: 0, ends: 0, forwarded: 0 };
  const walk = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const rig = createRig({ policies: POLICIES, clients: [{ client: '*', systemMessages: false }] });
    const phone = new Phone(rig, spelling);
    await phone.logIn();
    const written: string[] = [];
    let polled: Transaction | undefined;
    for (const one of steps) {
      const before = phone.sessionId;
      switch (one.kind) {
        case 'login': {
          const login = { password: loginRequest(), offer: digestOffer(CANARIES.cookie), digest: digestLogin() }[
            one.way
          ];
          const answer = await phone.logIn(login);
          expect(answer?.name).toBe('Login-Response');
          expect(phone.sessionId === undefined || isWaitingSessionId(phone.sessionId)).toBe(true);
          if (resultCode(answer) !== 200) phone.sessionId = before;
          break;
        }
        case 'poll':
          polled = takePolled(await phone.exchange([element('Polling-Request')])) ?? polled;
          if (polled?.primitive.name === 'NewMessage') seen.questions++;
          if (polled?.primitive.name === 'Disconnect') seen.ends++;
          break;
        case 'acknowledge': {
          const messageId = polled?.primitive.children[0]?.children[0]?.text ?? 'none';
          const content = one.with === 'Status' ? result200() : [element('MessageID', messageId)];
          await phone.exchange([element(one.with, content)], 'Response', [polled?.id ?? 'x']);
          break;
        }
        case 'obey': {
          const asked = await phone.poll();
          if (asked?.name === 'Disconnect') seen.ends++;
          if (asked?.name !== 'NewMessage') break;
          await phone.acknowledge(asked);
          if (asked.text === 'News.') break;
          written.push(asked.text?.includes('GREEN') ? '1 green' : '1');
          await phone.write(written.at(-1) ?? '');
          break;
        }
        case 'write':
          if (one.to === SERVICE) written.push(one.text.trim());
          await phone.request(textTo(one.to, one.text));
          break;
        case 'send': {
          const primitives = one.primitives.filter((name) => isOfVersion(name, version)).map(primitiveNamed);
          if (primitives.length === 0) break;
          const answer = await phone.exchange(
            primitives,
            one.mode,
            primitives.map((_, index) => `t${index}`),
          );
          if (phone.sessionId !== undefined) checkAnswer(answer, primitives);
          break;
        }
        case 'pass':
          rig.clock.advance(one.seconds * 1000);
          await rig.sweep();
      }
    }
    // By chance somebody accepts everything: only such a login may have got through.
    seen.forwarded += rig.upstream.seen.length;
    for (const { body } of rig.upstream.seen) {
      expect(Buffer.from(body).toString('latin1')).toContain(CANARIES.cookie);
      expect(acceptedAll(written)).toBe(true);
    }
    expect(rig.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
  await fc.assert(walk, { seed: SEED, numRuns: RUNS });
  expect(Math.min(seen.questions, seen.ends, seen.forwarded)).toBeGreaterThan(0);
});

function isOfVersion(name: string, version: (typeof SPELLINGS)[number]['version']): boolean {
  return isAtLeast(version, PRIMITIVES.get(name)?.since ?? '1.1');
}

function primitiveNamed(name: string): Element {
  switch (name) {
    case 'Login-Request':
      return loginRequest();
    case 'Service-Request':
    case 'ClientCapability-Request':
      return element(name, [clientId()]);
    case 'ListManage-Request':
    case 'CreateList-Request':
      return element(name, [element('ContactList', 'wv:juliet/friends@im.example')]);
    case 'SendMessage-Request':
      return textTo('wv:romeo@im.example', 'hi');
    default:
      return element(name, []);
  }
}

const result200 = (): readonly Element[] => [element('Result', [element('Code', 200)])];

function takePolled(answer: CspMessage | undefined): Transaction | undefined {
  const transaction = answer?.transactions[0];
  return transaction?.mode === 'Request' ? transaction : undefined;
}

/** Each request has one answer, in order, under its own id, with a code or of its own form. */
function checkAnswer(answer: CspMessage | undefined, primitives: readonly Element[]): void {
  const responses = (answer?.transactions ?? []).filter(({ mode }) => mode === 'Response');
  const ids = responses.map(({ id }) => Number(id.slice(1)));
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  const silent = new Set(['Polling-Request', 'Status']);
  primitives.forEach(({ name }, index) => {
    const own = responses.filter(({ id }) => id === `t${index}`);
    expect([name, own.length]).toEqual([name, silent.has(name) && own.length === 0 ? 0 : 1]);
  });
  for (const { primitive } of responses) {
    const code = resultCode(primitive);
    expect(code === undefined || (code >= 200 && code < 700)).toBe(true);
    if (primitive.name === 'Status' && code !== 200) {
      expect(childText(primitive.children[0], 'Description')).toMatch(/\.$/);
    }
  }
}

/** Whether the phone wrote what could have been an acceptance of both questions. */
function acceptedAll(written: readonly string[]): boolean {
  return written.some((text) => /^(1|accept)$/i.test(text)) && written.some((text) => /green$/.test(text));
}
