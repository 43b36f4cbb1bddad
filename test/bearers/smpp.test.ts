/**
 * SMPP: what a message centre gets of a message, and that nothing that it does, or fails to do, takes longer than the time-out or
 * stops anything. The centre is the library's own server, or a socket that speaks what it likes.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import smpp, { type PDU, type Session } from 'smpp';
import { openSmpp } from '../../gateway/bearers/smpp.ts';
import type { Bearer, BearerOutcome } from '../../gateway/mailbox-ports.ts';
import { bytesOf, makeCertificate } from '../http/certificates.ts';
import { randomWords } from '../random.ts';
import { messageTo } from './messages.ts';

const SEED = Number(process.env.SAPGW_TEST_SEED ?? 20_261_123);
const NUMBER = '+358501234567';
const PASSWORD = 'sécret-€';

const folder = mkdtempSync(join(tmpdir(), 'sapgw-smpp-'));
const userFile = join(folder, 'user');
const passwordFile = join(folder, 'password');
afterAll(() => rmSync(folder, { recursive: true }));

let monotonic: number;
const servers: Server[] = [];
const bearers: Bearer[] = [];
const sockets = new Set<Socket>();

beforeEach(() => {
  monotonic = 1_000;
  rmSync(userFile, { force: true });
  writeFileSync(userFile, 'gateway\n');
  writeFileSync(passwordFile, `${PASSWORD}\n`);
});
afterEach(async () => {
  await Promise.all(bearers.splice(0).map((bearer) => bearer.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await once(server.close(), 'close');
});

async function listening(server: Server, port = 0): Promise<number> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  servers.push(server);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

interface Options {
  readonly from?: string;
  readonly systemType?: string;
  readonly timeoutMillis?: number;
  readonly enquireMillis?: number;
  readonly scheme?: 'smpp' | 'smpps';
  readonly authorities?: string;
}

function bearerTo(port: number, options: Options = {}): Bearer {
  const { from, systemType, timeoutMillis = 5_000, enquireMillis = 30_000, scheme = 'smpp', authorities } = options;
  const url = `${scheme}://localhost:${port}`;
  const bearer = openSmpp(
    { kind: 'smpp', url, userFile, passwordFile, from, systemType },
    { clock: { wall: () => 0, monotonic: () => monotonic }, timeoutMillis, enquireMillis, authorities },
  );
  bearers.push(bearer);
  return bearer;
}

/** What a centre is asked, by the library's reader. */
interface Request extends PDU {
  readonly system_type?: string;
  readonly interface_version?: number;
  readonly source_addr_ton?: number;
  readonly source_addr_npi?: number;
  readonly source_addr?: string;
  readonly dest_addr_ton?: number;
  readonly dest_addr_npi?: number;
  readonly destination_addr?: string;
  readonly esm_class?: number;
  readonly data_coding?: number;
  readonly registered_delivery?: number;
  readonly short_message?: { readonly message: string | Buffer; readonly udh?: readonly Buffer[] };
}

interface Centre {
  readonly port: number;
  readonly asked: Request[];
  /** Of the sessions that were opened, in order. */
  readonly sessions: Session[];
}

/** @param statusOf what is answered; undefined: nothing */
async function centre(statusOf: (pdu: Request) => number | undefined = () => 0, port = 0): Promise<Centre> {
  const asked: Request[] = [];
  const sessions: Session[] = [];
  const server = smpp.createServer((session) => {
    sessions.push(session);
    session.on('error', () => undefined);
    session.on('pdu', (pdu) => {
      if (pdu.isResponse()) return;
      asked.push(pdu);
      const status = statusOf(pdu);
      if (status !== undefined) session.send(pdu.response({ command_status: status }));
    });
  });
  return { port: await listening(server, port), asked, sessions };
}

const submitted = ({ asked }: Centre): Request[] => asked.filter(({ command }) => command === 'submit_sm');
const send = (bearer: Bearer, text = 'Hi'): Promise<BearerOutcome> => bearer.send(messageTo(NUMBER, text));
const onSubmit = (status: number | undefined) => (pdu: PDU) => (pdu.command === 'submit_sm' ? status : 0);

describe('what the centre gets', () => {
  test('one bind as a transmitter, then messages on the same connection', async () => {
    const smsc = await centre();
    const bearer = bearerTo(smsc.port, { systemType: 'IM' });
    expect(await Promise.all([send(bearer, 'one'), send(bearer, 'two')])).toEqual([{ kind: 'sent' }, { kind: 'sent' }]);
    expect(await send(bearer, 'three')).toEqual({ kind: 'sent' });
    const [bind, ...rest] = smsc.asked;
    expect(bind).toMatchObject({
      command: 'bind_transmitter',
      system_id: 'gateway',
      system_type: 'IM',
      interface_version: 0x34,
    });
    // The library reads seven bits of each octet.
    expect(bind?.password).toBe(Buffer.from(PASSWORD).toString('ascii'));
    expect(rest.map(({ command }) => command)).toEqual(['submit_sm', 'submit_sm', 'submit_sm']);
    expect(smsc.sessions).toHaveLength(1);
  });

  test('the number in international form, and nothing that was not asked for', async () => {
    const smsc = await centre();
    await send(bearerTo(smsc.port));
    expect(submitted(smsc)).toMatchObject([
      {
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '358501234567',
        source_addr_ton: 0,
        source_addr_npi: 0,
        source_addr: '',
        esm_class: 0,
        registered_delivery: 0,
      },
    ]);
  });

  test.each([
    ['+358501', 1, 1, '358501'],
    ['13013', 3, 0, '13013'],
    ['0501234567', 0, 1, '0501234567'],
    ['Operator IM', 5, 0, 'Operator IM'],
  ])('from %s', async (from, ton, npi, address) => {
    const smsc = await centre();
    await send(bearerTo(smsc.port, { from }));
    expect(submitted(smsc)).toMatchObject([{ source_addr_ton: ton, source_addr_npi: npi, source_addr: address }]);
  });

  test.each([
    ['Grüße an {alice} [3] ~ \\ € Ω\nLog in', 0],
    ['Привет 😀', 8],
  ])('%j', async (text, coding) => {
    const smsc = await centre();
    await send(bearerTo(smsc.port), text);
    expect(submitted(smsc)).toMatchObject([{ data_coding: coding, short_message: { message: text } }]);
  });

  test.each([
    ['160 characters', 'x'.repeat(160), 0, 1],
    ['161 characters', 'x'.repeat(161), 0, 2],
    ['an escape where a part ends', `${'x'.repeat(152)}€${'y'.repeat(152)}€`, 0, 3],
    ['70 characters of UCS-2', 'я'.repeat(70), 8, 1],
    ['71 characters of UCS-2', 'я'.repeat(71), 8, 2],
    ['two units where a part ends', `${'я'.repeat(66)}😀${'я'.repeat(66)}`, 8, 3],
  ])('%s: parts that make the whole', async (_, text, coding, count) => {
    const smsc = await centre();
    expect(await send(bearerTo(smsc.port), text)).toEqual({ kind: 'sent' });
    const parts = submitted(smsc);
    expect(parts).toHaveLength(count);
    expect(parts.map(({ short_message: sms }) => sms?.message).join('')).toBe(text);
    if (count === 1) return;
    const headers = parts.map(({ short_message: sms }) => sms?.udh?.[0]);
    expect(parts.every(({ esm_class, data_coding }) => esm_class === 0x40 && data_coding === coding)).toBe(true);
    expect(headers.map((header) => header?.subarray(0, 2).toString('hex'))).toEqual(parts.map(() => '0003'));
    expect(new Set(headers.map((header) => header?.[2])).size).toBe(1);
    expect(headers.map((header) => [header?.[4], header?.[3]])).toEqual(parts.map((_, index) => [index + 1, count]));
  });

  test('over TLS, to a centre whose certificate is believed', async () => {
    const { cert, key } = bytesOf(makeCertificate(folder, 'smsc'));
    const asked: string[] = [];
    const server = smpp.createServer({ cert: String(cert), key: String(key) }, (session) => {
      session.on('error', () => undefined);
      session.on('pdu', (pdu) => {
        asked.push(pdu.command);
        session.send(pdu.response());
      });
    });
    const port = await listening(server);
    const outcome = await send(bearerTo(port, { scheme: 'smpps' }));
    expect(outcome).toMatchObject({ kind: 'try-again', failure: expect.stringMatching(/CERT/) });
    expect(asked).toEqual([]);
    expect(await send(bearerTo(port, { scheme: 'smpps', authorities: String(cert) }))).toEqual({ kind: 'sent' });
  });

  test('a goodbye at the end', async () => {
    const smsc = await centre();
    const bearer = bearerTo(smsc.port);
    await send(bearer);
    await bearer.close();
    expect(smsc.asked.at(-1)).toMatchObject({ command: 'unbind' });
  });

  test('nobody is asked for a user without a number', async () => {
    const smsc = await centre();
    expect(await bearerTo(smsc.port).send(messageTo(undefined, 'Hi'))).toEqual({
      kind: 'refused',
      failure: 'no-number',
    });
    expect(smsc.sessions).toEqual([]);
  });
});

describe('what its answer is worth', () => {
  test.each([
    [0x00, { kind: 'sent' }],
    [0x04, { kind: 'try-again', failure: 'answered-0x04' }],
    [0x08, { kind: 'try-again', failure: 'answered-0x08' }],
    [0x14, { kind: 'try-again', failure: 'answered-0x14' }],
    [0x58, { kind: 'try-again', failure: 'answered-0x58' }],
    [0x0a, { kind: 'refused', failure: 'refused-0x0a' }],
    [0x0b, { kind: 'refused', failure: 'refused-0x0b' }],
    [0x400, { kind: 'refused', failure: 'refused-0x400' }],
  ])('%i', async (status, outcome) => {
    const smsc = await centre(onSubmit(status));
    expect(await send(bearerTo(smsc.port))).toEqual(outcome);
  });

  test('one part that is refused is the whole', async () => {
    let part = 0;
    const smsc = await centre((pdu) => (pdu.command === 'submit_sm' && ++part === 2 ? 0x58 : 0));
    expect(await send(bearerTo(smsc.port), 'x'.repeat(400))).toEqual({
      kind: 'try-again',
      failure: 'answered-0x58',
      mayHaveSent: true,
    });
  });

  test('a password that was wrong is read again', async () => {
    const smsc = await centre((pdu) =>
      pdu.command !== 'bind_transmitter' || pdu.password === Buffer.from(PASSWORD).toString('ascii') ? 0 : 0x0e,
    );
    writeFileSync(passwordFile, 'other');
    const bearer = bearerTo(smsc.port);
    const wrong: BearerOutcome = { kind: 'try-again', failure: 'bind-0x0e' };
    expect(await send(bearer)).toEqual(wrong);
    writeFileSync(passwordFile, PASSWORD);
    monotonic += 1_000;
    expect(await send(bearer)).toEqual({ kind: 'sent' });
    rmSync(passwordFile);
    expect(await send(bearerTo(smsc.port))).toEqual({ kind: 'try-again', failure: 'no-credentials' });
  });
});

describe('a centre that is not there', () => {
  test('is called again after a pause that grows, and taken when it is back', async () => {
    const first = await centre();
    const { port } = first;
    for (const server of servers.splice(0)) await once(server.close(), 'close');
    const bearer = bearerTo(port);
    const away: BearerOutcome = { kind: 'try-again', failure: 'ECONNREFUSED' };
    expect(await send(bearer)).toEqual(away);
    const smsc = await centre(undefined, port);
    monotonic += 999;
    expect(await send(bearer)).toEqual(away);
    expect(smsc.sessions).toHaveLength(0);
    monotonic += 1;
    expect(await send(bearer)).toEqual({ kind: 'sent' });
  });

  test('the pause grows to a minute', async () => {
    const bound: number[] = [];
    const smsc = await centre((pdu) => {
      if (pdu.command === 'bind_transmitter') bound.push(monotonic);
      return 0x0d;
    });
    const bearer = bearerTo(smsc.port);
    for (let second = 0; second < 300; second++, monotonic += 1_000) await send(bearer);
    const pauses = bound.slice(1).map((at, index) => at - (bound[index] ?? 0));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('begins with a short pause again once it has taken something', async () => {
    const binds: number[] = [];
    let does: 'refuse' | 'take' | 'hang up' = 'refuse';
    const smsc: Centre = await centre((pdu) => {
      if (pdu.command === 'bind_transmitter') binds.push(monotonic);
      else if (does === 'hang up') smsc.sessions.at(-1)?.socket.destroy();
      return does === 'refuse' ? 0x0d : 0;
    });
    const bearer = bearerTo(smsc.port);
    for (let second = 0; second < 8; second++, monotonic += 1_000) await send(bearer);
    monotonic = 20_000;
    does = 'take';
    expect(await send(bearer)).toEqual({ kind: 'sent' });
    does = 'hang up';
    expect(await send(bearer)).toMatchObject({ kind: 'try-again' });
    does = 'take';
    monotonic += 1_000;
    expect(await send(bearer)).toEqual({ kind: 'sent' });
    expect(binds.slice(-2)).toEqual([20_000, 21_000]);
  });

  test('is asked whether it is there while there is nothing to send, and given up when it does not say so', async () => {
    let answered = 0;
    const smsc = await centre((pdu) => (pdu.command === 'enquire_link' && ++answered > 3 ? undefined : 0));
    const bearer = bearerTo(smsc.port, { enquireMillis: 10, timeoutMillis: 40 });
    await send(bearer);
    await once(smsc.sessions[0]?.socket as Socket, 'close');
    expect(answered).toBeGreaterThan(3);
    expect(await send(bearer)).toEqual({ kind: 'sent' });
    expect(smsc.sessions).toHaveLength(2);
  });

  test('one that ends connections between messages is called again at once', async () => {
    const smsc = await centre();
    const bearer = bearerTo(smsc.port);
    expect(await send(bearer)).toEqual({ kind: 'sent' });
    const [session] = smsc.sessions;
    session?.socket.destroy();
    // What arrives next shows that the end was seen.
    await once(session?.socket as Socket, 'close');
    let outcome = await send(bearer);
    if (outcome.kind !== 'sent') {
      monotonic += 1_000;
      outcome = await send(bearer);
    }
    expect(outcome).toEqual({ kind: 'sent' });
    expect(smsc.sessions).toHaveLength(2);
  });

  test('one that says goodbye is answered, and called again', async () => {
    const smsc = await centre();
    const bearer = bearerTo(smsc.port);
    await send(bearer);
    const [session] = smsc.sessions;
    const answers: string[] = [];
    session?.on('pdu', (pdu) => void answers.push(pdu.command));
    session?.send(new smpp.PDU('enquire_link'));
    session?.send(new smpp.PDU('deliver_sm', { short_message: 'Hello' }));
    session?.send(new smpp.PDU('unbind'));
    await once(session?.socket as Socket, 'close');
    expect(answers).toEqual(['enquire_link_resp', 'deliver_sm_resp', 'unbind_resp']);
    expect(await send(bearer)).toEqual({ kind: 'sent' });
  });
});

describe('a centre that does not keep to it', () => {
  /** Answers each piece that it gets by what `say` gives; `end` hangs up. */
  async function speaking(say: (bytes: Buffer) => Buffer | 'end' | undefined): Promise<number> {
    const server = createServer((socket) => {
      socket.on('data', (bytes) => {
        const answer = say(bytes);
        if (answer === 'end') socket.destroy();
        else if (answer !== undefined) socket.write(answer);
      });
    });
    return listening(server);
  }

  /** An answer's head: its length, the command, its status, and the number of the request. */
  function head(command: number, status: number, sequence: number, length = 16): Buffer {
    const bytes = Buffer.alloc(16);
    for (const [index, field] of [length, command, status, sequence].entries()) bytes.writeUInt32BE(field, 4 * index);
    return bytes;
  }
  const commandOf = (bytes: Buffer): number => bytes.readUInt32BE(4);
  const BIND = 2;
  const bound = (bytes: Buffer): Buffer => head(0x80000002, 0, bytes.readUInt32BE(12));

  test.each<[string, Buffer]>([
    ['a web server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['too long', head(0x80000002, 0, 1, 0x7fffffff)],
    ['shorter than a head', head(0x80000002, 0, 1, 8)],
    ['half a head', head(0x80000002, 0, 1, 12)],
    ['no length at all', Buffer.alloc(64)],
    ['a text that does not end', Buffer.concat([head(0x80000002, 0, 1, 20), Buffer.from('abcd')])],
    [
      'an option longer than the message',
      Buffer.concat([head(0x80000002, 0, 1, 21), Buffer.from('000210ffff', 'hex')]),
    ],
    ['a half message', Buffer.concat([head(0x80000002, 0, 1, 200), Buffer.alloc(20)])],
    ['many destinations', Buffer.concat([head(0x21, 0, 9, 22), Buffer.from('000000000000ff', 'hex').subarray(0, 6)])],
    ['commands that nobody knows', Buffer.concat([head(0x00ffff, 0, 7), head(0x80fffff0, 0, 1)])],
  ])('%s: in the place of an answer to the bind', async (_, rubbish) => {
    const port = await speaking((bytes) => (commandOf(bytes) === BIND ? rubbish : undefined));
    expect(await send(bearerTo(port, { timeoutMillis: 150 }))).toMatchObject({
      kind: expect.not.stringMatching('refused'),
    });
  });

  test('rubbish behind a good bind', async () => {
    const port = await speaking((bytes) =>
      commandOf(bytes) === BIND ? bound(bytes) : Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    );
    expect(await send(bearerTo(port))).toEqual({ kind: 'try-again', failure: 'no-smpp', mayHaveSent: true });
  });

  test.each([
    ['the bind', () => 'end' as const, undefined],
    ['the message', (bytes: Buffer) => (commandOf(bytes) === BIND ? bound(bytes) : ('end' as const)), true],
  ])('hangs up at %s', async (_, say, mayHaveSent) => {
    const port = await speaking(say);
    const bearer = bearerTo(port);
    const outcome = await send(bearer);
    expect(outcome).toEqual({ kind: 'try-again', failure: expect.any(String), mayHaveSent });
    // Until the pause is over nobody is called.
    expect(await send(bearer)).toEqual({ ...outcome, mayHaveSent: undefined });
  });

  test.each([
    ['to the bind', () => undefined, undefined],
    ['to the message', (bytes: Buffer) => (commandOf(bytes) === BIND ? bound(bytes) : undefined), true],
  ])('says nothing %s', async (_, say, mayHaveSent) => {
    const port = await speaking(say);
    const bearer = bearerTo(port, { timeoutMillis: 60 });
    expect(await send(bearer)).toEqual({ kind: 'try-again', failure: 'timeout', mayHaveSent });
  });

  test('says nothing any more: the connection is given up, and no other made at once', async () => {
    let connections = 0;
    let closed: Promise<unknown> = Promise.resolve();
    const port = await speaking((bytes) => (commandOf(bytes) === BIND ? bound(bytes) : undefined));
    servers.at(-1)?.on('connection', (socket) => {
      connections++;
      closed = once(socket, 'close');
    });
    const bearer = bearerTo(port, { timeoutMillis: 60 });
    await send(bearer);
    await closed;
    expect(await send(bearer)).toEqual({ kind: 'try-again', failure: 'timeout' });
    expect(connections).toBe(1);
  });

  test('hangs up at a message of several parts: that is one failure', async () => {
    let connections = 0;
    const port = await speaking((bytes) => (commandOf(bytes) === BIND ? bound(bytes) : 'end'));
    servers.at(-1)?.on('connection', () => void connections++);
    const bearer = bearerTo(port);
    await send(bearer, 'x'.repeat(1_000));
    monotonic += 1_000;
    await send(bearer);
    expect(connections).toBe(2);
  });

  test('what was given up while it was waited for does not go out later', async () => {
    const smsc = await centre();
    rmSync(userFile);
    execFileSync('mkfifo', [userFile]);
    const bearer = bearerTo(smsc.port, { timeoutMillis: 60 });
    expect(await send(bearer, 'given up')).toEqual({ kind: 'try-again', failure: 'timeout' });
    // Only now the connection can be made.
    writeFileSync(userFile, 'gateway');
    let outcome = await send(bearer, 'later');
    while (outcome.kind !== 'sent') outcome = await send(bearer, 'later');
    expect(submitted(smsc)).toMatchObject([{ short_message: { message: 'later' } }]);
  });

  test("an answer that comes too late is nobody else's", async () => {
    const late: Request[] = [];
    const smsc = await centre((pdu) => {
      if (pdu.command !== 'submit_sm' || late.length > 0) return 0;
      late.push(pdu);
      return undefined;
    });
    const bearer = bearerTo(smsc.port, { timeoutMillis: 80 });
    expect(await send(bearer)).toEqual({ kind: 'try-again', failure: 'timeout', mayHaveSent: true });
    smsc.sessions[0]?.send((late[0] as PDU).response({ command_status: 0x0b }));
    expect(await send(bearer)).toEqual({ kind: 'sent' });
  });

  test(`bytes at random, seed ${SEED}`, async () => {
    const random = randomWords(SEED);
    for (let run = 0; run < 40; run++) {
      const rubbish = Buffer.from(Array.from({ length: 4 + (random() % 60) }, () => random() & 0xff));
      // Half of them begin with a length that may be one.
      if (run % 2 === 0) rubbish.writeUInt32BE(16 + (random() % 40), 0);
      const port = await speaking((bytes) =>
        commandOf(bytes) === BIND ? Buffer.concat([bound(bytes), rubbish]) : undefined,
      );
      const outcome = await send(bearerTo(port, { timeoutMillis: 40 }));
      expect([run, outcome]).toMatchObject([run, { kind: 'try-again', failure: expect.any(String) }]);
    }
  });
});
