/** Sessions of the sandbox: kept alive, expired, logged out, unknown; several transactions in one message; HTTP itself. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { childText, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { clientId, code, loggedIn, names, Peer, SPELLINGS, sendMessage, TestClock, user } from './rig.ts';

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const { version, encoding } = spelling;
  const contentType = `${contentTypeOf(version, encoding)}; charset=utf-8`;

  test('silence of more than KeepAliveTime ends a session: 600, and 604 when it is forgotten', async () => {
    const clock = new TestClock();
    const peer = await loggedIn(createSandbox({ clock, keepAliveMaxSeconds: 100 }), spelling, 'alice', 86_400);
    clock.pass(100);
    expect(code(await peer.request(element('KeepAlive-Request')))).toBe('200');
    clock.pass(101);
    expect(code(await peer.request(element('KeepAlive-Request')))).toBe('600');
    clock.pass(3700);
    expect(code(await peer.request(element('KeepAlive-Request')))).toBe('604');
  });

  test('KeepAlive-Request may change the time, within the maximum', async () => {
    const clock = new TestClock();
    const peer = await loggedIn(createSandbox({ clock, keepAliveMaxSeconds: 100 }), spelling, 'alice', 10);
    const response = await peer.request(element('KeepAlive-Request', [element('TimeToLive', 500)]));
    expect(names(response)).toEqual(['Result', 'KeepAliveTime']);
    expect(childText(response, 'KeepAliveTime')).toBe('100');
    clock.pass(99);
    expect(code(await peer.request(element('KeepAlive-Request')))).toBe('200');
  });

  test('logout is answered as the version has it, and the session is gone', async () => {
    const peer = await loggedIn(createSandbox(), spelling, 'alice');
    const answer = await peer.request(element('Logout-Request'));
    expect([answer.name, code(answer)]).toEqual([version === '1.1' ? 'Disconnect' : 'Status', '200']);
    expect(code(await peer.request(element('GetList-Request')))).toBe('604');
  });

  test('what is not implemented, and what needs a session, is said', async () => {
    const sandbox = createSandbox();
    const peer = await loggedIn(sandbox, spelling, 'alice');
    expect(code(await peer.request(element('LeaveGroup-Request', [element('GroupID', 'wv:/a@sandbox')])))).toBe('501');
    const stranger = new Peer(sandbox, spelling);
    expect(code(await stranger.request(element('GetList-Request')))).toBe('604');
    const info = await stranger.request(element('GetSPInfo-Request', [clientId('alice')]));
    expect(names(info)).toEqual(['ClientID', 'Name', 'Description']);
  });

  test('transactions of one message are answered in order in one message, with the Poll flag in its place', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await alice.request(sendMessage('alice', [user('bob')], 'x'));
    const body = encodeMessage(
      {
        version,
        sessionType: 'Inband',
        sessionId: bob.sessionId ?? '',
        transactions: [
          { mode: 'Request', id: 'a', primitive: element('KeepAlive-Request') },
          { mode: 'Request', id: 'b', primitive: element('GetList-Request') },
        ],
      },
      encoding,
    );
    const reply = await sandbox.handle({ contentType, body });
    expect([reply.statusCode, reply.contentType]).toEqual([200, contentType]);
    const answer = decodeMessage(reply.body, encoding);
    expect(answer.version).toBe(version);
    expect(answer.sessionId).toBe(bob.sessionId);
    expect(answer.poll).toBe(true);
    expect(answer.transactions.map(({ id, primitive }) => `${id} ${primitive.name}`)).toEqual([
      'a KeepAlive-Response',
      'b GetList-Response',
    ]);
    if (encoding === 'xml') {
      const place = version === '1.1' ? '<Poll>T</Poll></TransactionDescriptor>' : '<Poll>T</Poll></Session>';
      expect(Buffer.from(reply.body).toString()).toContain(place);
    }
  });

  test('a poll with nothing waiting is answered with nothing', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const body = encodeMessage(
      {
        version,
        sessionType: 'Inband',
        sessionId: alice.sessionId ?? '',
        transactions: [{ mode: 'Request', id: '', primitive: element('Polling-Request') }],
      },
      encoding,
    );
    expect(await sandbox.handle({ contentType, body })).toEqual({
      statusCode: 200,
      contentType,
      body: new Uint8Array(0),
    });
  });
});

describe('over HTTP', () => {
  let sandbox: Sandbox | undefined;
  afterEach(() => sandbox?.close());

  const start = async (onRequest?: (body: Uint8Array, contentType: string) => void): Promise<string> => {
    sandbox = createSandbox(onRequest === undefined ? {} : { onRequest });
    return (await sandbox.listen('127.0.0.1', 0)).url;
  };
  const contentType = 'application/vnd.wv.csp.xml';

  test.each([
    ['no CSP message', 'POST', contentType, '<a/>', 400, /^NOT_CSP/],
    ['no document', 'POST', contentType, 'hello', 400, /^NOT_WELL_FORMED/],
    ['another type', 'POST', 'text/html', '<a/>', 415, /Content-Type/],
    ['another method', 'PUT', contentType, '<a/>', 405, /POST/],
    ['too much', 'POST', contentType, ' '.repeat(513 * 1024), 413, /bytes/],
  ])('%s is refused', async (_, method, type, body, statusCode, text) => {
    const reply = await fetch(await start(), { method, headers: { 'Content-Type': type }, body });
    expect(reply.status).toBe(statusCode);
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await reply.text()).toMatch(text);
  });

  test('requests are shown to the hook as they arrived, and an empty answer has its length', async () => {
    const seen: string[] = [];
    const url = await start((body, type) => seen.push(`${type} ${Buffer.from(body).toString()}`));
    const body = encodeMessage(
      {
        version: '1.2',
        sessionType: 'Outband',
        transactions: [{ mode: 'Request', id: '1', primitive: element('GetSPInfo-Request') }],
      },
      'xml',
    );
    const reply = await fetch(url, { method: 'POST', headers: { 'Content-Type': contentType }, body });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-length')).toBe(String((await reply.arrayBuffer()).byteLength));
    expect(seen).toEqual([`${contentType} ${body.toString()}`]);
  });
});
