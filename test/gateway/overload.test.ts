/** Overload: new logins are refused first, sessions go on until there is no room at all, and all of it ends with the load. */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { ClientReply, UpstreamResult } from '../../gateway/ports.ts';
import { createRig, type Rig, type RigOptions, vaspAnswer } from '../transcripts/rig.ts';
import { loginRequest, loginResponse, message, SPELLINGS, type Spelling, statusOk } from './messages.ts';

const XML: Spelling = { version: '1.3', encoding: 'xml' };
const poll = (spelling: Spelling, sessionId = 's-1') =>
  message(spelling, sessionId, [['p', element('Polling-Request')]]);
const login = (spelling: Spelling) => message(spelling, undefined, [['l', loginRequest()]]);
const typeOf = ({ version, encoding }: Spelling) => contentTypeOf(version, encoding);

/** A rig with an open session, whose VASP answers only when told. */
async function busyRig(spelling: Spelling, options: RigOptions, running: number, host?: string) {
  const rig = createRig(options);
  const to = host === undefined ? {} : { host };
  rig.upstream.queue.push(
    vaspAnswer(message(spelling, undefined, [['l', loginResponse(200, 's-1')]], 'Response'), typeOf(spelling)),
  );
  expect(read(await rig.send(login(spelling), typeOf(spelling), to), spelling).code).toBe('200');
  const releases: ((result: UpstreamResult) => void)[] = [];
  rig.upstream.otherwise = () =>
    new Promise((resolve) => {
      releases.push(resolve);
    });
  const waiting = Array.from({ length: running }, () => rig.send(poll(spelling), typeOf(spelling), to));
  while (releases.length < running) await new Promise(setImmediate);
  const answer = vaspAnswer(message(spelling, 's-1', [['p', statusOk]], 'Response'), typeOf(spelling));
  const release = async (): Promise<ClientReply[]> => {
    rig.upstream.otherwise = answer;
    for (const one of releases) one(answer);
    return Promise.all(waiting);
  };
  return { rig, release };
}

function read(reply: ClientReply, { encoding }: Spelling) {
  const [transaction] = decodeMessage(Buffer.from(reply.body), encoding).transactions;
  const result = child(transaction?.primitive, 'Result');
  return {
    name: transaction?.primitive.name,
    code: childText(result, 'Code'),
    tryAgain: childText(result, 'TryAgainTimeout'),
  };
}

const sheds = (rig: Rig) => rig.metrics.filter(([name, layer]) => name === 'reject' && layer === 'overload');

describe.each(SPELLINGS)('CSP $version $encoding', (spelling) => {
  test('above the mark a login gets Login-Response 503 and the VASP nothing, while sessions go on', async () => {
    const { rig, release } = await busyRig(spelling, { mostRunning: 4 }, 4);
    const sent = rig.upstream.seen.length;
    const refused = await rig.send(login(spelling), typeOf(spelling));
    expect(read(refused, spelling)).toEqual({
      name: 'Login-Response',
      code: '503',
      tryAgain: spelling.version === '1.3' ? '60' : undefined,
    });
    expect(rig.upstream.seen.length).toBe(sent);
    const fifth = rig.send(poll(spelling), typeOf(spelling));
    while (rig.upstream.seen.length === sent) await new Promise(setImmediate);
    expect(sheds(rig)).toEqual([['reject', 'overload', 'logins']]);
    for (const reply of [...(await release()), await fifth]) expect(read(reply, spelling).code).toBe('200');
  });
});

test('above the second mark everything gets 503, and when it is over everything is served again', async () => {
  const { rig, release } = await busyRig(XML, { mostRunning: 4 }, 5);
  expect(read(await rig.send(poll(XML), typeOf(XML)), XML)).toEqual({
    name: 'Status',
    code: '503',
    tryAgain: undefined,
  });
  expect(read(await rig.send(login(XML), typeOf(XML)), XML)).toMatchObject({ name: 'Login-Response', code: '503' });
  expect(sheds(rig).map(([, , reason]) => reason)).toEqual(['requests', 'requests']);
  expect(rig.metrics.filter(([name, , outcome]) => name === 'login' && outcome === 'shed')).toHaveLength(1);
  await release();
  expect(read(await rig.send(poll(XML), typeOf(XML)), XML).code).toBe('200');
  rig.upstream.otherwise = vaspAnswer(
    message(XML, undefined, [['l', loginResponse(200, 's-2')]], 'Response'),
    typeOf(XML),
  );
  expect(read(await rig.send(login(XML), typeOf(XML)), XML).code).toBe('200');
});

test('a VASP that is slow sheds its own logins, and not those of another', async () => {
  const vasps = [
    { name: 'slow', hosts: ['slow.example'], mostRunning: 3 },
    { name: 'quick', hosts: ['quick.example'], mostRunning: 3 },
  ];
  const { rig } = await busyRig(XML, { vasps, mostRunning: 100 }, 3, 'slow.example');
  expect(read(await rig.send(login(XML), typeOf(XML), { host: 'slow.example' }), XML).code).toBe('503');
  rig.upstream.queue.push(
    vaspAnswer(message(XML, undefined, [['l', loginResponse(200, 's-9')]], 'Response'), typeOf(XML)),
  );
  expect(read(await rig.send(login(XML), typeOf(XML), { host: 'quick.example' }), XML).code).toBe('200');
});

test('what cannot be answered otherwise than by a fault does not stay counted', async () => {
  const { rig, release } = await busyRig(XML, { mostRunning: 1 }, 0);
  rig.upstream.otherwise = () => Promise.reject(new Error('a fault'));
  for (let round = 0; round < 5; round++) {
    expect(read(await rig.send(poll(XML), typeOf(XML)), XML).code).toBe('500');
  }
  await release();
  expect(read(await rig.send(poll(XML), typeOf(XML)), XML).code).toBe('200');
  expect(sheds(rig)).toEqual([]);
});
