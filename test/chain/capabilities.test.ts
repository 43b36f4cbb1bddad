/**
 * The capability exchange with the gateway's channels in the place of the VASP's [X50, X53]: the bytes at the VASP and at the
 * client in every version, and the same in WBXML.
 */
import { describe, expect, test } from '@jest/globals';
import { type CirService, NO_CIR } from '../../gateway/chain/capability-negotiation.ts';
import { cirToken } from '../../gateway/chain/cir-token.ts';
import { sessionKeyOf } from '../../gateway/chain/identity.ts';
import type { CirOffer, CirSession } from '../../gateway/cir-ports.ts';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { type CspVersion, contentTypeOf, type Encoding, NAMESPACES } from '../../gateway/csp/versions.ts';
import { createRig, type Rig, secretsOf, TEST_KEY, vaspAnswer } from '../transcripts/rig.ts';

const SECRETS = secretsOf(TEST_KEY);
const ID = 'S-0815';
const KEY = sessionKeyOf(SECRETS, 'verona', ID);
const URL_OF_SESSION = `https://im.operator.example/cir/${cirToken(SECRETS, KEY)}`;
const ALL: CirOffer = {
  tcp: { host: 'im.operator.example', port: 8082 },
  udp: { host: 'im.operator.example', port: 8083 },
  url: 'https://im.operator.example/cir/',
};
const ENCODINGS: readonly Encoding[] = ['xml', 'wbxml'];

interface Case {
  readonly name: string;
  readonly version: CspVersion;
  readonly offer?: Partial<CirOffer>;
  /** Inside the lists: what the client asks, the VASP hears and says, the client is told. */
  readonly asks: string;
  readonly hears: string;
  readonly says: string;
  readonly told: string;
  /** What the hub is told; undefined: nothing was agreed. */
  readonly agreed: CirSession['agreement'] | undefined;
}

const REST =
  '<ClientType>MOBILE_PHONE</ClientType><InitialDeliveryMethod>P</InitialDeliveryMethod><ParserSize>32767</ParserSize>';
const methods = (...names: readonly string[]): string =>
  names.map((name) => `<SupportedCIRMethod>${name}</SupportedCIRMethod>`).join('');
const tcp = (host: string, port: number): string => `<TCPAddress>${host}</TCPAddress><TCPPort>${port}</TCPPort>`;
const GATEWAY = tcp('im.operator.example', 8082);
const POLL_MIN = '<ServerPollMin>10</ServerPollMin>';
const BEARER = '<SupportedBearer>HTTP</SupportedBearer>';
const NO_CHANNEL = { stcp: false, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined };
const UDP = { host: '127.0.0.1', port: 3717 };
const AT_VASP = { host: 'vasp.example', port: 18080 };

const CASES: readonly Case[] = [
  {
    name: 'STCP: the whole list comes back',
    version: '1.1',
    asks: `${REST + methods('WAPSMS', 'STCP', 'SUDP')}<UDPPort>3717</UDPPort>${POLL_MIN}`,
    hears: REST + methods('STCP') + POLL_MIN,
    says: REST + methods('STCP') + tcp('vasp.example', 18080) + POLL_MIN,
    told: `${REST + methods('STCP', 'SUDP')}<UDPPort>3717</UDPPort>${GATEWAY}${POLL_MIN}`,
    agreed: { ...NO_CHANNEL, stcp: true, udp: UDP, vaspTcp: AT_VASP },
  },
  {
    name: 'SHTTP does not exist: nothing is agreed',
    version: '1.1',
    asks: REST + methods('SHTTP', 'WAPUDP') + POLL_MIN,
    hears: REST + POLL_MIN,
    says: REST + POLL_MIN,
    told: REST + POLL_MIN,
    agreed: undefined,
  },
  {
    name: 'the VASP lists SHTTP alone and gives its TCP address too, in its own order',
    version: '1.2',
    asks: `${REST + methods('STCP', 'SUDP', 'SHTTP', 'WAPSMS', 'WAPUDP')}<UDPPort>3717</UDPPort>${POLL_MIN}`,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: `<CIRURL><URL>http://vasp.example:18181/cir/f5/726</URL></CIRURL>${POLL_MIN}${BEARER}${methods('SHTTP')}${tcp('vasp.example', 18080)}`,
    told: `<CIRURL><URL>${URL_OF_SESSION}</URL></CIRURL>${POLL_MIN}${BEARER}${methods('STCP', 'SUDP', 'SHTTP')}${GATEWAY}`,
    agreed: { stcp: true, shttp: true, udp: UDP, vaspTcp: AT_VASP, vaspUrl: 'http://vasp.example:18181/cir/f5/726' },
  },
  {
    name: 'a client of SHTTP at a VASP of STCP, and the other way round',
    version: '1.2',
    asks: REST + methods('SHTTP') + POLL_MIN,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: BEARER + methods('STCP') + tcp('vasp.example', 18080) + POLL_MIN,
    told: `${BEARER}${methods('SHTTP')}${POLL_MIN}<CIRURL><URL>${URL_OF_SESSION}</URL></CIRURL>`,
    agreed: { ...NO_CHANNEL, shttp: true, vaspTcp: AT_VASP },
  },
  {
    name: 'the VASP agrees on nothing: polling alone',
    version: '1.2',
    asks: REST + methods('STCP') + POLL_MIN,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: BEARER + methods('STCP') + POLL_MIN,
    told: BEARER + POLL_MIN,
    agreed: undefined,
  },
  {
    name: 'the gateway serves STCP alone',
    version: '1.2',
    offer: { udp: undefined, url: undefined },
    asks: REST + methods('SHTTP', 'STCP', 'SUDP') + POLL_MIN,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: BEARER + methods('STCP') + tcp('vasp.example', 18080) + POLL_MIN,
    told: BEARER + methods('STCP') + GATEWAY + POLL_MIN,
    agreed: { ...NO_CHANNEL, stcp: true, vaspTcp: AT_VASP },
  },
  {
    name: 'a client that names no method: untouched, and no address of the VASP for it',
    version: '1.2',
    asks: `${REST}<UDPPort>3717</UDPPort>${POLL_MIN}`,
    hears: `${REST}<UDPPort>3717</UDPPort>${POLL_MIN}`,
    says: BEARER + tcp('vasp.example', 18080) + POLL_MIN,
    told: BEARER + POLL_MIN,
    agreed: undefined,
  },
  {
    name: 'another host than its own: its own is taken',
    version: '1.2',
    asks: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: `${BEARER}${methods('STCP', 'SHTTP')}${tcp('169.254.169.254', 80)}${POLL_MIN}<CIRURL><URL>http://localhost:8081/x</URL></CIRURL>`,
    told: `${BEARER}${methods('STCP', 'SHTTP')}${GATEWAY}${POLL_MIN}<CIRURL><URL>${URL_OF_SESSION}</URL></CIRURL>`,
    agreed: {
      ...NO_CHANNEL,
      stcp: true,
      shttp: true,
      vaspTcp: { host: 'vasp.example', port: 80 },
      vaspUrl: 'http://vasp.example:8081/x',
    },
  },
  {
    name: 'another host that is allowed',
    version: '1.2',
    asks: REST + methods('STCP') + POLL_MIN,
    hears: REST + methods('STCP', 'SHTTP') + POLL_MIN,
    says: BEARER + methods('STCP') + tcp('CIR.vasp.example', 18080) + POLL_MIN,
    told: BEARER + methods('STCP') + GATEWAY + POLL_MIN,
    agreed: { ...NO_CHANNEL, stcp: true, vaspTcp: { host: 'cir.vasp.example', port: 18080 } },
  },
  {
    name: 'every address of 1.3',
    version: '1.3',
    asks: `<ClientType>CLI</ClientType>${POLL_MIN}${methods('STCP', 'SSMS', 'SHTTP', 'SUDP')}<UDPPort>3717</UDPPort><UDPAddress>192.0.2.1</UDPAddress>`,
    hears: `<ClientType>CLI</ClientType>${POLL_MIN}${methods('STCP', 'SHTTP')}`,
    says: `<CIRHTTPAddress><URL>http://vasp.example/cir/1</URL></CIRHTTPAddress><CIRSMSAddress>+358501234567</CIRSMSAddress>${POLL_MIN}${methods('STCP', 'SHTTP')}${tcp('vasp.example', 18080)}<UDPAddress>192.0.2.9</UDPAddress><UDPPort>9</UDPPort>`,
    told: `<CIRHTTPAddress><URL>${URL_OF_SESSION}</URL></CIRHTTPAddress>${POLL_MIN}${methods('STCP', 'SHTTP', 'SUDP')}${GATEWAY}<UDPAddress>im.operator.example</UDPAddress><UDPPort>8083</UDPPort>`,
    agreed: { stcp: true, shttp: true, udp: UDP, vaspTcp: AT_VASP, vaspUrl: 'http://vasp.example/cir/1' },
  },
];

function service(offer: Partial<CirOffer>): {
  readonly cir: CirService;
  readonly agreed: CirSession[];
  readonly cookies: string[];
} {
  const agreed: CirSession[] = [];
  const cookies: string[] = [];
  const cir: CirService = {
    cir: {
      ...NO_CIR.cir,
      opened: async (key, cookie) => void cookies.push(`${key} ${cookie}`),
      agreed: async (session) => void agreed.push(session),
    },
    offer: () => ({ ...ALL, ...offer }),
    hosts: () => ['vasp.example', 'cir.vasp.example'],
  };
  return { cir, agreed, cookies };
}

/** A message in XML with blanks and an attribute that nobody needs, so that a changed byte would show. */
function message(version: CspVersion, session: string, mode: string, primitive: string): string {
  const { csp, trc } = NAMESPACES[version];
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<WV-CSP-Message xmlns="${csp}"><Session><SessionDescriptor>${session}</SessionDescriptor>` +
    `<Transaction><TransactionDescriptor><TransactionMode>${mode}</TransactionMode><TransactionID>t1</TransactionID></TransactionDescriptor>` +
    `<TransactionContent xmlns="${trc}">${primitive}</TransactionContent></Transaction></Session></WV-CSP-Message>\n`
  );
}

const INBAND = `<SessionType>Inband</SessionType><SessionID>${ID}</SessionID>`;
const OUTBAND = '<SessionType>Outband</SessionType>';
const CLIENT = '<ClientID><URL>http://phone.example/1</URL></ClientID>';

function inEncoding(xml: string, encoding: Encoding): Uint8Array {
  return encoding === 'xml' ? Buffer.from(xml) : encodeMessage(decodeMessage(Buffer.from(xml), 'xml'), 'wbxml');
}

/** Exact in XML; in WBXML the tree of it, since a page switch more or less says the same. */
function expectBytes(got: Uint8Array, expected: string, encoding: Encoding): void {
  if (encoding === 'xml') expect(Buffer.from(got).toString()).toBe(expected);
  else expect(decodeMessage(got, 'wbxml')).toEqual(decodeMessage(Buffer.from(expected), 'xml'));
}

async function exchange(rig: Rig, version: CspVersion, encoding: Encoding, asked: string, said: string) {
  const contentType = contentTypeOf(version, encoding);
  rig.upstream.queue.push(vaspAnswer(inEncoding(said, encoding), contentType));
  const reply = await rig.send(inEncoding(asked, encoding), contentType);
  return { reply, heard: rig.upstream.seen.at(-1)?.body ?? Buffer.alloc(0) };
}

async function logIn(rig: Rig, version: CspVersion, encoding: Encoding): Promise<void> {
  const request = `<Login-Request><UserID>wv:romeo@verona</UserID>${CLIENT}<Password>p</Password><SessionCookie>cookie</SessionCookie></Login-Request>`;
  const answer = `<Login-Response>${CLIENT}<Result><Code>200</Code></Result><SessionID>${ID}</SessionID><KeepAliveTime>600</KeepAliveTime></Login-Response>`;
  await exchange(
    rig,
    version,
    encoding,
    message(version, OUTBAND, 'Request', request),
    message(version, OUTBAND, 'Response', answer),
  );
}

describe.each(ENCODINGS)('in a session, %s', (encoding) => {
  test.each(CASES.map((one) => [one.version, one.name, one] as const))('%s: %s', async (version, _name, given) => {
    const { cir, agreed, cookies } = service(given.offer ?? {});
    const rig = createRig({ cir });
    await logIn(rig, version, encoding);
    expect(cookies).toEqual([`${KEY} cookie`]);
    const own = version === '1.1' ? CLIENT : '';
    const [requestList, answerList] = ['CapabilityList', version === '1.1' ? 'CapabilityList' : 'AgreedCapabilityList'];
    const asking = (list: string): string =>
      message(
        version,
        INBAND,
        'Request',
        `<ClientCapability-Request>${own}<${requestList}>${list}</${requestList}></ClientCapability-Request>`,
      );
    const saying = (list: string): string =>
      message(
        version,
        INBAND,
        'Response',
        `<ClientCapability-Response>${own}<${answerList}>${list}</${answerList}></ClientCapability-Response>`,
      );
    const { reply, heard } = await exchange(rig, version, encoding, asking(given.asks), saying(given.says));
    expectBytes(heard, asking(given.hears), encoding);
    expectBytes(reply.body, saying(given.told), encoding);
    expect(agreed.map(({ agreement }) => agreement)).toEqual(given.agreed === undefined ? [] : [given.agreed]);
    expect((await rig.store.sessions.get(KEY))?.cir).toEqual(given.agreed);
  });

  test('without a change, not a byte', async () => {
    const rig = createRig({ cir: service({}).cir });
    await logIn(rig, '1.2', encoding);
    const asked = message(
      '1.2',
      INBAND,
      'Request',
      `<ClientCapability-Request><CapabilityList>${REST}</CapabilityList></ClientCapability-Request>`,
    );
    const said = message(
      '1.2',
      INBAND,
      'Response',
      `<ClientCapability-Response><AgreedCapabilityList>${BEARER}</AgreedCapabilityList></ClientCapability-Response>`,
    );
    const { reply, heard } = await exchange(rig, '1.2', encoding, asked, said);
    expect(Buffer.from(heard)).toEqual(Buffer.from(inEncoding(asked, encoding)));
    expect(Buffer.from(reply.body)).toEqual(Buffer.from(inEncoding(said, encoding)));
  });

  test('1.3: in the login', async () => {
    const { cir, agreed } = service({});
    const rig = createRig({ cir });
    const login = (list: string): string =>
      `<Login-Request><UserID>wv:romeo@verona</UserID>${CLIENT}<Password>p</Password><SessionCookie>c</SessionCookie><CapabilityList>${list}</CapabilityList></Login-Request>`;
    const lettingIn = (list: string): string =>
      `<Login-Response>${CLIENT}<Result><Code>200</Code></Result><SessionID>${ID}</SessionID><KeepAliveTime>600</KeepAliveTime><AgreedCapabilityList>${list}</AgreedCapabilityList></Login-Response>`;
    const { reply, heard } = await exchange(
      rig,
      '1.3',
      encoding,
      message('1.3', OUTBAND, 'Request', login(POLL_MIN + methods('STCP'))),
      message('1.3', OUTBAND, 'Response', lettingIn(POLL_MIN + methods('STCP') + tcp('vasp.example', 18080))),
    );
    expectBytes(heard, message('1.3', OUTBAND, 'Request', login(POLL_MIN + methods('STCP', 'SHTTP'))), encoding);
    expectBytes(
      reply.body,
      message('1.3', OUTBAND, 'Response', lettingIn(POLL_MIN + methods('STCP') + GATEWAY)),
      encoding,
    );
    expect(agreed).toMatchObject([{ key: KEY, id: ID, agreement: { stcp: true, vaspTcp: AT_VASP } }]);
    expect((await rig.store.sessions.get(KEY))?.cir?.stcp).toBe(true);
  });
});

test('who agrees on CIR and later on none is called no longer', async () => {
  const { cir, agreed } = service({});
  const ended: string[] = [];
  const rig = createRig({ cir: { ...cir, cir: { ...cir.cir, ended: async (key) => void ended.push(key) } } });
  await logIn(rig, '1.2', 'xml');
  const asking = (list: string): string =>
    message(
      '1.2',
      INBAND,
      'Request',
      `<ClientCapability-Request><CapabilityList>${list}</CapabilityList></ClientCapability-Request>`,
    );
  const saying = (list: string): string =>
    message(
      '1.2',
      INBAND,
      'Response',
      `<ClientCapability-Response><AgreedCapabilityList>${list}</AgreedCapabilityList></ClientCapability-Response>`,
    );
  await exchange(rig, '1.2', 'xml', asking(REST + methods('STCP')), saying(BEARER + tcp('vasp.example', 18080)));
  await exchange(rig, '1.2', 'xml', asking(REST), saying(BEARER));
  expect([agreed.length, ended]).toEqual([1, [KEY]]);
  expect(await rig.store.sessions.get(KEY)).not.toHaveProperty('cir');
});
