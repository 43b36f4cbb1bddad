/** What a client is told whose message is no good [X1, X24]: in its own version, encoding and type, under its own id. */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, element } from '../../gateway/csp/element.ts';
import { contentTypeOf, NAMESPACES } from '../../gateway/csp/versions.ts';
import type { ClientReply } from '../../gateway/ports.ts';
import { createRig, vaspAnswer } from '../transcripts/rig.ts';
import { CANARIES, loginRequest, loginResponse, message, SPELLINGS, type Spelling, sendMessage } from './messages.ts';

const text = (reply: ClientReply): string => Buffer.from(reply.body).toString();
const typeOf = ({ version, encoding }: Spelling): string => contentTypeOf(version, encoding);

function replyOf(
  reply: ClientReply,
  { encoding }: Spelling,
): { id: string; name: string; code: string; words: string } {
  const [transaction] = decodeMessage(Buffer.from(reply.body), encoding).transactions;
  const result = child(transaction?.primitive, 'Result');
  return {
    id: transaction?.id ?? '',
    name: transaction?.primitive.name ?? '',
    code: childText(result, 'Code') ?? '',
    words: childText(result, 'Description') ?? '',
  };
}

describe.each(SPELLINGS)('CSP $version $encoding', (spelling) => {
  const { version, encoding } = spelling;
  const contentType = typeOf(spelling);
  const login = message(spelling, undefined, [['t-17', loginRequest()]]);

  test('cut off before its transaction, a message gets HTTP 400 and a line of text', async () => {
    const rig = createRig();
    for (const length of [0, 1, 5, 20]) {
      const reply = await rig.send(login.subarray(0, length), contentType);
      expect(reply.statusCode).toBe(400);
      expect(reply.headers).toEqual(['Content-Type', 'text/plain; charset=utf-8']);
      expect(text(reply)).toMatch(/^The message cannot be read: .* at byte \d+\.\n$/);
    }
    expect(rig.upstream.seen).toEqual([]);
  });

  test('cut off behind its TransactionID, it gets Status 400 under that id', async () => {
    const rig = createRig();
    const reply = await rig.send(login.subarray(0, login.length - 4), `${contentType}; charset=utf-8`);
    expect(reply.statusCode).toBe(200);
    expect(reply.headers).toEqual(['Content-Type', `${contentType}; charset=utf-8`]);
    expect(replyOf(reply, spelling)).toMatchObject({ id: 't-17', name: 'Status', code: '400' });
    expect(replyOf(reply, spelling).words).toMatch(/at byte \d+/);
    expect(decodeMessage(Buffer.from(reply.body), encoding).version).toBe(version);
    expect(rig.upstream.seen).toEqual([]);
  });

  test('no cut of a login reaches the VASP, or quotes it', async () => {
    const rig = createRig();
    for (let length = 0; length < login.length; length++) {
      const reply = await rig.send(login.subarray(0, length), contentType);
      expect(text(reply)).not.toContain(CANARIES.password);
    }
    expect(rig.upstream.seen).toEqual([]);
    expect(JSON.stringify(rig.log)).not.toContain('canary');
  });

  test('larger than the limit, it is refused', async () => {
    const rig = createRig();
    const large = message(spelling, undefined, [['t-17', loginRequest(element('Filler', 'x'.repeat(600 * 1024)))]]);
    const reply = await rig.send(large, contentType);
    expect([200, 400]).toContain(reply.statusCode);
    expect(text(reply)).toContain('are allowed');
    expect(rig.upstream.seen).toEqual([]);
  });

  test('an element with text beside elements inside a primitive gets Status 400, and nothing is logged as a fault', async () => {
    const rig = createRig();
    // The same length, so that the damage stays where it was done.
    const damaged = Buffer.from(
      encoding === 'xml'
        ? login.toString('latin1').replace('<ClientID>', '<ClientID>beside')
        : login.toString('latin1').replace('\x4aw\x03', '\x4a\x03beside\x00w\x03'),
      'latin1',
    );
    expect(damaged.length).toBeGreaterThan(login.length);
    const reply = await rig.send(damaged, contentType);
    expect(replyOf(reply, spelling)).toMatchObject({ id: 't-17', name: 'Status', code: '400' });
    expect(rig.log.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(rig.upstream.seen).toEqual([]);
  });

  test('a login that is not alone, or carries no user, is refused', async () => {
    const rig = createRig();
    const two = message(spelling, undefined, [
      ['t-1', loginRequest()],
      ['t-2', loginRequest()],
    ]);
    const answers = decodeMessage(Buffer.from((await rig.send(two, contentType)).body), encoding).transactions;
    expect(answers.map(({ id, primitive }) => [id, childText(child(primitive, 'Result'), 'Code')])).toEqual([
      ['t-1', '400'],
      ['t-2', '400'],
    ]);
    const nobody = message(spelling, undefined, [['t-3', element('Login-Request', [element('TimeToLive', 60)])]]);
    expect(replyOf(await rig.send(nobody, contentType), spelling)).toMatchObject({ id: 't-3', code: '402' });
    const inband = message(spelling, 'S-1', [['t-4', loginRequest()]]);
    expect(replyOf(await rig.send(inband, contentType), spelling)).toMatchObject({ id: 't-4', code: '604' });
    expect(rig.upstream.seen).toEqual([]);
  });

  test('anything else without a session is refused with 604', async () => {
    const rig = createRig();
    const outband = message(spelling, undefined, [['t-5', sendMessage()]]);
    expect(replyOf(await rig.send(outband, contentType), spelling)).toMatchObject({ id: 't-5', code: '604' });
    expect(rig.upstream.seen).toEqual([]);
  });

  test('a VASP that names no usable answer is told of as 503, in a sentence', async () => {
    const rig = createRig();
    rig.upstream.queue.push(vaspAnswer(Buffer.from('<html>oops</html>'), 'text/html', 500));
    const answer = replyOf(await rig.send(login, contentType), spelling);
    expect(answer).toMatchObject({ id: 't-17', name: 'Login-Response', code: '503' });
    expect(answer.words).toMatch(/^[A-Z].*\.$/);
    rig.upstream.queue.push(
      vaspAnswer(message(spelling, undefined, [['t-17', loginResponse(409)]], 'Response'), contentType),
    );
    expect(replyOf(await rig.send(login, contentType), spelling)).toMatchObject({ code: '409' });
  });
});

describe('versions and types', () => {
  test('an unknown version gets a Login-Response 505', async () => {
    const rig = createRig();
    const spelling: Spelling = { version: '1.2', encoding: 'xml' };
    const login = message(spelling, undefined, [['t-17', loginRequest()]])
      .toString()
      .replace(NAMESPACES['1.2'].csp, 'http://www.openmobilealliance.org/DTD/WV-CSP9.9');
    const reply = await rig.send(Buffer.from(login), typeOf(spelling));
    expect(replyOf(reply, spelling)).toMatchObject({ id: 't-17', name: 'Login-Response', code: '505' });
    expect(rig.upstream.seen).toEqual([]);
  });

  test.each(['', 'text/plain', 'application/octet-stream', 'application/vnd.wv.csp', 'multipart/form-data'])(
    'Content-Type "%s" is none of CSP',
    async (contentType) => {
      const rig = createRig();
      const login = message({ version: '1.3', encoding: 'xml' }, undefined, [['1', loginRequest()]]);
      const reply = await rig.send(login, contentType);
      expect(reply.statusCode).toBe(400);
      expect(text(reply)).toMatch(/^The Content-Type is none of CSP: [^\n]+\n$/);
      expect(rig.upstream.seen).toEqual([]);
    },
  );

  test('a message in the other encoding than its type says cannot be read', async () => {
    const rig = createRig();
    for (const { version, encoding } of SPELLINGS) {
      const login = message({ version, encoding }, undefined, [['1', loginRequest()]]);
      const reply = await rig.send(login, contentTypeOf(version, encoding === 'xml' ? 'wbxml' : 'xml'));
      expect(reply.statusCode).toBe(400);
    }
    expect(rig.upstream.seen).toEqual([]);
  });
});
