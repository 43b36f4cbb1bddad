/**
 * Over random recipients, fates and ways in which VASPs say things: every recipient is told exactly one thing, the truth, and
 * there is a MessageID when, and only when, somebody has the message. The seed is fixed.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { child, children, childText, childTexts, type Element, element } from '../../gateway/csp/element.ts';
import { readUserId } from '../../gateway/policy/user-id.ts';
import { awayRecipients, readSending } from '../../gateway/stored-message/sending.ts';
import { type Fate, sendingAnswer } from '../../gateway/stored-message/sending-answer.ts';
import { scaled } from '../scale.ts';
import { detail, sendTo, vaspSays } from './sending-messages.ts';

const AWAY = 533;
const RUNS = scaled(3_000, 100_000);

interface Party {
  readonly name: string;
  /** What the VASP says of it; 200: it has the message. */
  readonly code: number;
  readonly fate: Fate;
  /** How the VASP writes its id. */
  readonly spelling: (id: string) => string;
}

const SPELLINGS: readonly Party['spelling'][] = [
  (id) => id,
  (id) => id.toUpperCase(),
  (id) => `wv:${id}`,
  (id) => id.slice(0, id.indexOf('@')),
];

const parties: fc.Arbitrary<readonly Party[]> = fc
  .array(
    fc.record({
      code: fc.constantFrom(200, AWAY, AWAY, AWAY, 531, 532, 402),
      fate: fc.constantFrom<Fate>('stored', 'full', 'refused', 'failed'),
      spelling: fc.constantFrom(...SPELLINGS),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((drawn) => drawn.map((one, at) => ({ ...one, name: `user${at}@im.example` })));

const way = fc.record({
  /** Says one code without details where there is but one. */
  isTerse: fc.boolean(),
  /** One DetailedResult for each recipient, not for each code. */
  isLong: fc.boolean(),
  listsReached: fc.boolean(),
  givesId: fc.boolean(),
});

test(`${RUNS} messages`, () => {
  const property = fc.property(parties, way, (all, how) => {
    const request = sendTo(...all.map(({ name }) => name));
    const answer = answerOf(all, how);
    const sending = readSending(request, answer);
    const away = sending === undefined ? [] : awayRecipients(sending, (_, code) => code === AWAY);
    expect(away.map(({ userId }) => userId).toSorted()).toEqual(
      all.filter(({ code }) => code === AWAY).map(({ name }) => name),
    );
    if (sending === undefined) return;
    const fates = new Map(all.filter(({ code }) => code === AWAY).map(({ name, fate }) => [name, fate]));
    const told = sendingAnswer(sending, fates, 'ours', '1.2') ?? answer;
    for (const party of all) expect([party.name, toldOf(told, party)]).toEqual([party.name, truth(party)]);
    const hasIt = all.some((party) => truth(party) === 200);
    const isKept = [...fates.values()].includes('stored');
    const id = isKept ? 'ours' : how.givesId ? 'theirs' : undefined;
    expect(childText(told, 'MessageID')).toBe(hasIt ? id : undefined);
  });
  fc.assert(property, { seed: 20_261_123, numRuns: RUNS });
});

function truth({ code, fate }: Party): number {
  if (code !== AWAY) return code;
  return { stored: 200, full: 507, refused: AWAY, failed: 503 }[fate];
}

/** A VASP's answer, as such a VASP says it. */
function answerOf(
  all: readonly Party[],
  { isTerse, isLong, listsReached, givesId }: { [K in 'isTerse' | 'isLong' | 'listsReached' | 'givesId']: boolean },
): Element {
  const failed = all.filter(({ code }) => code !== 200);
  const id = givesId && failed.length < all.length ? 'theirs' : undefined;
  const codes = [...new Set(failed.map(({ code }) => code))];
  const [only] = codes;
  if (only === undefined) return vaspSays(200, [], id);
  const listed = listsReached ? all : failed;
  const details = isLong
    ? listed.map(({ name, code, spelling }) => detail(code, spelling(name)))
    : [...new Set(listed.map(({ code }) => code))].map((code) =>
        detail(code, ...listed.filter((one) => one.code === code).map(({ name, spelling }) => spelling(name))),
      );
  if (failed.length < all.length) return vaspSays(201, details, id);
  if (codes.length > 1) return vaspSays(900, details);
  if (!isTerse) return vaspSays(only, details);
  return isLong ? element('Status', [element('Code', only)]) : vaspSays(only);
}

/** What a client makes of an answer for one recipient. Fails the test where it hears two things. */
function toldOf(answer: Element, { name }: Party): number {
  const result = child(answer, 'Result') ?? answer;
  const code = Number(childText(result, 'Code'));
  const isNamed = (id: string): boolean => readUserId(id).name === readUserId(name).name;
  const naming = children(result, 'DetailedResult').filter((one) => childTexts(one, 'UserID').some(isNamed));
  expect(naming.length).toBeLessThanOrEqual(1);
  if (naming[0] !== undefined) return Number(childText(naming[0], 'Code'));
  return code === 201 ? 200 : code;
}
