/**
 * Clients of one encoding before a VASP that speaks only the other: the sandbox, which here refuses what is not in its
 * encoding or under another Content-Type than its version's. What VASPs do wrong is said by a VASP that plays a script.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { otherEncoding } from '../../gateway/csp/transcode/transcode.ts';
import { CSP_VERSIONS, contentTypeOf, type Encoding } from '../../gateway/csp/versions.ts';
import type { ClientReply } from '../../gateway/ports.ts';
import { Handset, type HandsetOptions } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { createRig, type Rig, type RigOptions, vaspAnswer } from '../transcripts/rig.ts';
import { policyFiles } from '../transcripts/world.ts';
import { loginRequest, loginResponse, message, SPELLINGS, type Spelling, sendMessage, statusOk } from './messages.ts';

/** A gateway before a sandbox that speaks `encoding` alone. Fails at once for bytes in another one. */
function rigBefore(encoding: Encoding, options: RigOptions = {}): Rig {
  const rig = createRig({ ...options, vasps: [{ encoding }] });
  const sandbox = createSandbox({ clock: rig.clock });
  rig.upstream.otherwise = async ({ contentType, body }) => {
    const { version } = scanEnvelope(body, encoding);
    expect(contentType).toBe(contentTypeOf(version, encoding));
    const answer = await sandbox.handle({ contentType, body });
    return vaspAnswer(answer.body, answer.contentType, answer.statusCode);
  };
  return rig;
}

/** A handset whose every answer must be in its own encoding and Content-Type. */
function handset(
  rig: Rig,
  { version, encoding }: Spelling,
  name: string,
  options: Partial<HandsetOptions> = {},
): Handset {
  const contentType = contentTypeOf(version, encoding);
  return new Handset({
    userId: `wv:${name}@sandbox`,
    password: 'secret',
    version,
    encoding,
    ...options,
    transport: {
      async post(request) {
        expect(request.contentType).toBe(contentType);
        const reply = await rig.send(request.body, request.contentType);
        expect(contentTypeIn(reply)).toBe(contentType);
        if (reply.body.length > 0) scanEnvelope(reply.body, encoding);
        return { statusCode: reply.statusCode, contentType, body: reply.body };
      },
      close: async () => undefined,
    },
  });
}

function contentTypeIn({ headers }: ClientReply): string {
  const types = headers.flatMap((name, index) =>
    index % 2 === 0 && /^content-type$/i.test(name) ? [headers[index + 1]] : [],
  );
  expect(types).toHaveLength(1);
  return types[0] ?? '';
}

describe.each(SPELLINGS)('a client of $version in $encoding before a VASP of the other encoding', (spelling) => {
  const vasp = otherEncoding(spelling.encoding);

  test('logs in with a digest, talks, polls and leaves', async () => {
    const rig = rigBefore(vasp);
    const alice = handset(rig, spelling, 'alice', { fourWay: true });
    const bob = handset(rig, spelling, 'bob', { fold: true });
    expect(await alice.login()).toMatchObject({ kind: 'logged-in', keepAliveSeconds: 600 });
    await bob.login();
    const text = 'hi & <bye> ]]> "ÄÖ" \u{1f600} T';
    const { messageId } = await alice.send(['wv:bob@sandbox'], text, { report: true });
    expect(await bob.subscribe(['wv:alice@sandbox'])).toMatchObject({ code: 200 });
    await alice.publish({ StatusText: 'T', OnlineStatus: 'T' });
    expect(await bob.receive()).toMatchObject([
      { kind: 'message', messageId, from: 'wv:alice@sandbox', text },
      { kind: 'presence' },
    ]);
    expect(await alice.receive()).toMatchObject([{ kind: 'delivery-report', messageId, code: 200 }]);
    await alice.createList('wv:alice/friends@sandbox', ['wv:bob@sandbox']);
    expect((await alice.contacts('wv:alice/friends@sandbox')).contacts).toEqual([
      { userId: 'wv:bob@sandbox', nickName: undefined },
    ]);
    expect(await alice.logout()).toMatchObject({ code: 200 });
    expect(rig.upstream.seen.length).toBeGreaterThan(12);
  });

  test('is asked before a byte reaches the VASP, and held to its level', async () => {
    const clients = [{ client: '*', systemMessages: true }];
    const rig = rigBefore(vasp, { policies: policyFiles(['aoc']), clients });
    const alice = handset(rig, spelling, 'alice', { fourWay: true });
    const asked: (string | undefined)[] = [];
    const login = await alice.login({
      answer: (messages) => {
        asked.push(...messages.map(({ text }) => text));
        expect(rig.upstream.seen).toEqual([]);
        return messages.map(() => ({ optionId: '2' }));
      },
    });
    expect(asked).toEqual(['Messages cost EUR 0.10 each. Accept?']);
    expect(login).toMatchObject({ kind: 'logged-in', rounds: 1 });
    expect(login.kind === 'logged-in' && [...login.unavailable.codes()].includes('MDELIV')).toBe(true);
    const before = rig.upstream.seen.length;
    expect(await alice.send('wv:bob@sandbox', 'x')).toMatchObject({ ok: false, code: 506 });
    expect(rig.upstream.seen).toHaveLength(before);
    for (const { body } of rig.upstream.seen) expect(body.includes('SystemMessageResponseList')).toBe(false);
  });
});

/** A gateway with a session of a client of 1.2, before a VASP of the other encoding that plays a script. */
async function inSession(encoding: Encoding) {
  const spelling: Spelling = { version: '1.2', encoding };
  const vasp: Spelling = { version: '1.2', encoding: otherEncoding(encoding) };
  const rig = createRig({ vasps: [{ encoding: vasp.encoding }] });
  const vaspType = contentTypeOf('1.2', vasp.encoding);
  const type = `${contentTypeOf('1.2', encoding)}; charset=utf-8`;
  rig.upstream.queue.push(
    vaspAnswer(message(vasp, undefined, [['1', loginResponse(200, 's1')]], 'Response'), vaspType),
  );
  await rig.send(message(spelling, undefined, [['1', loginRequest()]]), type);
  const post = (body: Uint8Array, headers: readonly string[] = []) => rig.send(body, type, { headers });
  return { rig, spelling, vasp, vaspType, type, post };
}

describe.each(['xml', 'wbxml'] as const)('a session in %s', (encoding) => {
  test('bytes are those of the message in the other encoding, both ways', async () => {
    const { rig, spelling, vasp, vaspType, type, post } = await inSession(encoding);
    const answer = message(vasp, 's1', [['2', statusOk]], 'Response');
    rig.upstream.queue.push({
      kind: 'answer',
      statusCode: 200,
      contentType: vaspType,
      headers: ['Content-Type', vaspType, 'ETag', '"1"', 'X-Of-The-VASP', 'kept'],
      body: answer,
    });
    const sent = message(spelling, 's1', [['2', sendMessage()]]);
    const reply = await post(sent, ['Accept', type, 'Content-MD5', 'x', 'X-Own', '1']);
    const seen = rig.upstream.seen.at(-1);
    expect(seen?.contentType).toBe(vaspType);
    expect(seen?.headers).toEqual(['X-Own', '1']);
    expect(seen?.body.equals(message(vasp, 's1', [['2', sendMessage()]]))).toBe(true);
    expect(Buffer.from(reply.body).equals(message(spelling, 's1', [['2', statusOk]], 'Response'))).toBe(true);
    expect(reply.headers).toEqual(['Content-Type', type, 'X-Of-The-VASP', 'kept']);
    expect(reply.statusCode).toBe(200);
  });

  test('an empty answer stays one', async () => {
    const { rig, spelling, vaspType, type, post } = await inSession(encoding);
    rig.upstream.queue.push(vaspAnswer(Buffer.alloc(0), vaspType));
    const reply = await post(message(spelling, 's1', [['', element('Polling-Request')]]));
    expect([reply.body.length, contentTypeIn(reply)]).toEqual([0, type]);
  });

  test('an answer in the encoding that was not asked for is taken as it is', async () => {
    const { rig, spelling, vaspType, type, post } = await inSession(encoding);
    const answer = message(spelling, 's1', [['2', statusOk]], 'Response');
    for (const claimed of [vaspType, type, 'text/xml', '']) {
      rig.upstream.queue.push(vaspAnswer(answer, claimed));
      const reply = await post(message(spelling, 's1', [['2', sendMessage()]]));
      expect([Buffer.from(reply.body).equals(answer), contentTypeIn(reply)]).toEqual([true, type]);
    }
  });

  test('an answer under a wrong Content-Type is read by what it is', async () => {
    const { rig, spelling, vasp, type, post } = await inSession(encoding);
    rig.upstream.queue.push(vaspAnswer(message(vasp, 's1', [['2', statusOk]], 'Response'), type));
    const reply = await post(message(spelling, 's1', [['2', sendMessage()]]));
    expect(Buffer.from(reply.body).equals(message(spelling, 's1', [['2', statusOk]], 'Response'))).toBe(true);
  });

  test.each([
    ['HTML', Buffer.from('<html><body>busy</body></html>')],
    ['octets', Buffer.from([0xff, 0, 1, 2])],
    ['a message cut short in XML', Buffer.from('<WV-CSP-Message><Session>')],
    ['a message cut short in WBXML', Buffer.from([3, 0x11, 0x6a, 0, 0xc9])],
  ])('%s for an answer becomes Status 503', async (_what, body) => {
    const { rig, spelling, vaspType, post } = await inSession(encoding);
    rig.upstream.queue.push(vaspAnswer(body, vaspType));
    const reply = await post(message(spelling, 's1', [['2', sendMessage()]]));
    expect(statusIn(reply, encoding)).toMatchObject({ id: '2', code: '503' });
    expect(rig.metrics).toContainEqual(['upstreamError', 'verona', 'not-protocol']);
  });

  test('a VASP that cannot be reached is told of in the client’s encoding', async () => {
    const { rig, spelling, post } = await inSession(encoding);
    rig.upstream.queue.push({ kind: 'failed', failure: 'unreachable' });
    expect(statusIn(await post(message(spelling, 's1', [['2', sendMessage()]])), encoding)).toMatchObject({
      code: '503',
    });
  });

  test('an answer that is larger than any request is taken too', async () => {
    const { rig, spelling, vasp, vaspType, post } = await inSession(encoding);
    const users = Array.from({ length: 9000 }, (_, number) =>
      element('User', [element('UserID', `wv:user-${number}@x`)]),
    );
    const large = element('GetBlockedList-Response', [element('BlockList', [element('EntityList', users)])]);
    rig.upstream.queue.push(vaspAnswer(message(vasp, 's1', [['2', large]], 'Response'), vaspType));
    const reply = await post(message(spelling, 's1', [['2', element('GetBlockedList-Request')]]));
    expect(Buffer.from(reply.body).equals(message(spelling, 's1', [['2', large]], 'Response'))).toBe(true);
  });

  test('a message that cannot be said in the other encoding gets Status 400, and the VASP hears nothing', async () => {
    const { rig, spelling, post } = await inSession(encoding);
    const before = rig.upstream.seen.length;
    const whole = message(spelling, 's1', [['2', element('GetList-Request', [element('Vendor-A')])]]);
    const mixed =
      encoding === 'xml'
        ? Buffer.from(whole.toString().replace('<Vendor-A/>', 'odd<Vendor-A/>'))
        : Buffer.concat([whole.subarray(0, -7), Buffer.from('\x03odd\0', 'latin1'), whole.subarray(-7)]);
    const reply = await post(mixed);
    expect(statusIn(reply, encoding)).toMatchObject({
      id: '2',
      code: '400',
      description:
        'The message cannot be put into the encoding of this service: an element has text beside its child elements.',
    });
    expect(rig.upstream.seen).toHaveLength(before);
    expect(rig.metrics).toContainEqual(['reject', 'scan', 'NOT_CSP']);
  });

  test('a login that the VASP does not answer usefully is refused as a login', async () => {
    const { rig, spelling, vaspType, type } = await inSession(encoding);
    rig.upstream.queue.push(vaspAnswer(Buffer.from('<html/>'), vaspType));
    const reply = await rig.send(message(spelling, undefined, [['5', loginRequest()]]), type);
    const [transaction] = decodeMessage(reply.body, encoding).transactions;
    expect(transaction?.primitive.name).toBe('Login-Response');
    expect(childText(child(transaction?.primitive, 'Result'), 'Code')).toBe('503');
  });
});

test('an XML VASP that puts text between line feeds is read, and its text reaches a WBXML client without them', async () => {
  const { rig, spelling, vaspType, post } = await inSession('wbxml');
  const status = message({ version: '1.2', encoding: 'xml' }, 's1', [['2', statusOk]], 'Response')
    .toString()
    .replace(/^<\?xml.*?\?>/, '<!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" "http://x">')
    .replace(/>([^<>]+)</g, '>\n$1\n<');
  rig.upstream.queue.push(vaspAnswer(Buffer.from(status), vaspType));
  const reply = await post(message(spelling, 's1', [['2', sendMessage()]]));
  expect(Buffer.from(reply.body).equals(message(spelling, 's1', [['2', statusOk]], 'Response'))).toBe(true);
});

test.each(CSP_VERSIONS)(
  'what a client of %s sends in the encoding of the VASP passes byte for byte',
  async (version) => {
    for (const encoding of ['xml', 'wbxml'] as const) {
      const rig = createRig({ vasps: [{ encoding }] });
      const type = `${contentTypeOf(version, encoding)};charset=utf-8`;
      const spelling = { version, encoding };
      const answer = message(spelling, undefined, [['1', loginResponse(200, 's1')]], 'Response');
      rig.upstream.queue.push(vaspAnswer(answer, type));
      const sent = encodeMessage(
        decodeMessage(message(spelling, undefined, [['1', loginRequest()]]), encoding),
        encoding,
      );
      const reply = await rig.send(sent, type, { headers: ['Accept', '*/*'] });
      expect(rig.upstream.seen.at(-1)).toMatchObject({ contentType: type, headers: ['Accept', '*/*'], body: sent });
      expect(reply.body).toEqual(answer);
    }
  },
);

function statusIn(reply: ClientReply, encoding: Encoding) {
  const [transaction] = decodeMessage(reply.body, encoding).transactions;
  const result = child(transaction?.primitive, 'Result');
  expect(transaction?.primitive.name).toBe('Status');
  return { id: transaction?.id, code: childText(result, 'Code'), description: childText(result, 'Description') };
}
