/** Login to the sandbox: two and four steps, every refusal, several sessions, resumption, negotiation folded in. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { child, childText, element } from '../../gateway/csp/element.ts';
import { CSP_VERSIONS } from '../../gateway/csp/versions.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { clientId, code, loggedIn, names, Peer, SPELLINGS, spelled } from './rig.ts';

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const offered = (...schemas: string[]) =>
    spelling.version === '1.1'
      ? [element('DigestSchema', schemas.join(','))]
      : schemas.map((schema) => element('DigestSchema', schema));

  test('a password opens a session', async () => {
    const peer = new Peer(createSandbox(), spelling);
    const response = await peer.logIn(120);
    expect(response.name).toBe('Login-Response');
    expect(names(response)).toEqual(['ClientID', 'Result', 'SessionID', 'KeepAliveTime', 'CapabilityRequest']);
    expect(code(response)).toBe('200');
    expect(spelled(child(response, 'ClientID'))).toBe('<ClientID><URL>http://client.example/alice</URL></ClientID>');
    expect(childText(response, 'KeepAliveTime')).toBe('120');
    expect(childText(response, 'SessionID')).toMatch(/^[\w-]{20,50}$/);
  });

  test.each([
    ['MD5', 'md5'],
    ['SHA', 'sha1'],
  ])('a digest by %s opens a session', async (schema, hash) => {
    const peer = new Peer(createSandbox(), spelling);
    const challenge = await peer.request(peer.loginRequest(...offered('MD4', schema)), '7');
    expect(names(challenge)).toEqual(['ClientID', 'Result', 'Nonce', 'DigestSchema']);
    expect(code(challenge)).toBe('401');
    expect(childText(challenge, 'DigestSchema')).toBe(schema);
    const digest = createHash(hash)
      .update(`${childText(challenge, 'Nonce')}secret`)
      .digest('base64');
    const response = await peer.request(peer.loginRequest(element('DigestBytes', digest)), '7');
    expect(code(response)).toBe('200');
    expect(childText(response, 'SessionID')).toBeDefined();
    const replayed = await peer.request(peer.loginRequest(element('DigestBytes', digest)), '8');
    expect(code(replayed)).toBe('409');
  });

  test.each([
    ['an unknown user', 'mallory', [element('Password', 'secret')], '531'],
    ['a wrong password', 'alice', [element('Password', 'guess')], '409'],
    ['an unknown user in four steps', 'mallory', offered('MD5'), '531'],
    ['no digest schema in common', 'alice', offered('MD4', 'MD6'), '543'],
    ['neither password nor schema', 'alice', [], '543'],
    ['a digest that nobody asked for', 'alice', [element('DigestBytes', 'AAAA')], '409'],
  ])('%s is refused, without a session', async (_, name, proof, expected) => {
    const peer = new Peer(createSandbox(), spelling, name);
    const response = await peer.request(peer.loginRequest(...proof));
    expect(response.name).toBe('Login-Response');
    expect(code(response)).toBe(expected);
    expect(childText(response, 'SessionID')).toBeUndefined();
  });
});

test('a nonce is worth nothing after two minutes', async () => {
  let millis = 0;
  const peer = new Peer(createSandbox({ clock: { wall: () => millis } }), { version: '1.2', encoding: 'xml' });
  const challenge = await peer.request(peer.loginRequest(element('DigestSchema', 'MD5')));
  millis += 121_000;
  const digest = createHash('md5')
    .update(`${childText(challenge, 'Nonce')}secret`)
    .digest('base64');
  expect(code(await peer.request(peer.loginRequest(element('DigestBytes', digest))))).toBe('409');
});

describe.each(CSP_VERSIONS)('sessions in %s', (version) => {
  const spelling = { version, encoding: 'xml' } as const;

  test('a login of the same user and client replaces the older session', async () => {
    const sandbox = createSandbox();
    const first = await loggedIn(sandbox, spelling, 'alice');
    const second = await loggedIn(sandbox, spelling, 'alice');
    expect(code(await first.request(element('KeepAlive-Request')))).toBe('604');
    expect(code(await second.request(element('KeepAlive-Request')))).toBe('200');
  });

  test('sessions of different clients stand side by side', async () => {
    const sandbox = createSandbox();
    const first = await loggedIn(sandbox, spelling, 'alice');
    const second = new Peer(sandbox, spelling);
    const request = element('Login-Request', [
      element('UserID', 'ALICE'),
      clientId('another'),
      element('Password', 'secret'),
      element('SessionCookie', 'c'),
    ]);
    second.sessionId = childText(await second.request(request), 'SessionID');
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(code(await first.request(element('KeepAlive-Request')))).toBe('200');
    expect(code(await second.request(element('KeepAlive-Request')))).toBe('200');
  });
});

describe.each(['xml', 'wbxml'] as const)('1.3 in %s', (encoding) => {
  const spelling = { version: '1.3', encoding } as const;
  const password = element('Password', 'secret');

  test('a session is resumed by its id, for its own client only', async () => {
    const sandbox = createSandbox();
    const peer = await loggedIn(sandbox, spelling, 'alice');
    const old = element('SessionID', peer.sessionId ?? '');
    const fresh = new Peer(sandbox, spelling);
    const resumed = await fresh.request(fresh.loginRequest(password, old));
    expect([code(resumed), childText(resumed, 'SessionID')]).toEqual(['200', peer.sessionId]);
    const unknown = await fresh.request(fresh.loginRequest(password, element('SessionID', 'gone')));
    expect(code(unknown)).toBe('502');
    const stranger = new Peer(sandbox, spelling, 'bob');
    expect(code(await stranger.request(stranger.loginRequest(password, old)))).toBe('502');
  });

  test('negotiation in the login is answered in the login; System Message answers mean nothing here', async () => {
    const peer = new Peer(createSandbox(), spelling);
    const response = await peer.request(
      element('Login-Request', [
        element('UserID', 'wv:alice@sandbox'),
        clientId('alice'),
        password,
        element('SessionCookie', 'c'),
        element('SystemMessageResponseList', [
          element('SystemMessageResponse', [element('SystemMessageID', 'x'), element('ChosenOptionID', 1)]),
        ]),
        element('Functions', [element('WVCSPFeat', [element('IMFeat'), element('GroupFeat')])]),
        element('CapabilityList', [element('InitialDeliveryMethod', 'P'), element('SupportedBearer', 'HTTP')]),
      ]),
    );
    expect(code(response)).toBe('200');
    expect(childText(response, 'CapabilityRequest')).toBe('F');
    expect(spelled(child(response, 'Functions'))).toBe(
      '<Functions><WVCSPFeat><IMFeat><IMReceiveFunc><OFFNOTIF/></IMReceiveFunc></IMFeat><GroupFeat/></WVCSPFeat></Functions>',
    );
    expect(spelled(child(response, 'AgreedCapabilityList'))).toBe(
      '<AgreedCapabilityList><ServerPollMin>2</ServerPollMin><SupportedBearer>HTTP</SupportedBearer></AgreedCapabilityList>',
    );
  });
});
