/**
 * A real Kannel for tests: bearerbox, smsbox and the fake message centre of the Debian packages `kannel` and `kannel-extras`, on
 * free ports of the loopback, with all that they write in a folder of its own. What arrived at the message centre is read from
 * what it says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { BearerConfig } from '../../gateway/config.ts';

/** A text message, or a part of one, as the message centre got it. */
export interface Sms {
  readonly from: string;
  readonly to: string;
  readonly alphabet: 'gsm' | 'ucs2';
  readonly text: string;
  /** Of a part: its number, and how many there are. */
  readonly part: readonly [number: number, of: number] | undefined;
}

export interface Kannel {
  /** Of a bearer that sends by it. */
  readonly bearer: Extract<BearerConfig, { readonly kind: 'kannel' }>;
  readonly password: string;
  /** What arrived so far. */
  messages(): readonly Sms[];
  /** The same, as soon as there are so many. */
  arrived(count: number): Promise<readonly Sms[]>;
  /** What Kannel wrote of who sent what. */
  accessLog(): string;
  /** Kills all of it, as a crash would. */
  stop(): Promise<void>;
  /** After a stop: the same once more, on the same ports. */
  startAgain(): Promise<void>;
  /** Stops, and removes the folder. */
  close(): Promise<void>;
}

const BEARERBOX = '/usr/sbin/bearerbox';
const SMSBOX = '/usr/sbin/smsbox';
const FAKE_CENTRE = '/usr/lib/kannel/test/fakesmsc';
const USER = 'gateway';
const PASSWORD = 'p&ss wörd/€';
const TRY_EVERY_MILLIS = 20;

/** In CI it must be there; elsewhere a test may say that it is not. */
export const isKannelHere = [BEARERBOX, SMSBOX, FAKE_CENTRE].every((program) => existsSync(program));

export async function startKannel(): Promise<Kannel> {
  const folder = mkdtempSync(join(tmpdir(), 'sapgw-kannel-'));
  const [admin = 0, boxes = 0, centre = 0, sendsms = 0] = await freePorts(4);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('kannel.conf'), configuration({ folder, admin, boxes, centre, sendsms }));
  writeFileSync(at('user'), `${USER}\n`);
  writeFileSync(at('password'), `${PASSWORD}\n`);
  let running: readonly ChildProcess[] = [];
  let said = '';

  const run = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.on('error', (error) => {
      said += `${command}: ${error.message}\n`;
    });
    return child;
  };
  /** It gives up for good when bearerbox is slow to take it; then it is begun once more. */
  const startCentre = (): void => {
    const fake = run(FAKE_CENTRE, ['-H', '127.0.0.1', '-r', String(centre), '-m', '0', '1 2 text none']);
    const others = running;
    running = [...others, fake];
    for (const stream of [fake.stdout, fake.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    fake.once('exit', () => {
      if (!running.includes(fake)) return;
      running = running.filter((one) => one !== fake);
      setTimeout(() => {
        if (running.length > 0) startCentre();
      }, TRY_EVERY_MILLIS);
    });
  };
  const start = async (): Promise<void> => {
    const bearerbox = run(BEARERBOX, ['-v', '4', 'kannel.conf']);
    running = [bearerbox];
    await answers(boxes, bearerbox);
    await answers(centre, bearerbox);
    const smsbox = run(SMSBOX, ['-v', '4', 'kannel.conf']);
    running = [bearerbox, smsbox];
    startCentre();
    await answers(sendsms, smsbox);
  };
  const stop = async (): Promise<void> => {
    const ended = running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    running = [];
    for (const child of ended) child.kill('SIGKILL');
    await Promise.all(ended.map((child) => once(child, 'exit')));
  };

  await start();
  return {
    bearer: {
      kind: 'kannel',
      url: `http://127.0.0.1:${sendsms}/cgi-bin/sendsms`,
      userFile: at('user'),
      passwordFile: at('password'),
      from: undefined,
    },
    password: PASSWORD,
    messages: () => messagesIn(said),
    async arrived(count) {
      while (messagesIn(said).length < count) await after(TRY_EVERY_MILLIS);
      return messagesIn(said);
    },
    accessLog: () => readFileSync(at('access.log'), 'utf8'),
    stop,
    startAgain: start,
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Settings {
  readonly folder: string;
  readonly admin: number;
  readonly boxes: number;
  readonly centre: number;
  readonly sendsms: number;
}

const configuration = ({ folder, admin, boxes, centre, sendsms }: Settings): string => `group = core
admin-port = ${admin}
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = ${boxes}
smsbox-interface = 127.0.0.1
log-file = "${folder}/bearerbox.log"
log-level = 1

group = smsc
smsc = fake
smsc-id = FAKE
port = ${centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendsms}
sendsms-interface = 127.0.0.1
global-sender = 13013
log-file = "${folder}/smsbox.log"
log-level = 1
access-log = "${folder}/access.log"

group = sendsms-user
username = ${USER}
password = "${PASSWORD}"
max-messages = 10
concatenation = true

group = sms-service
keyword = default
text = "none"
`;

/** As the fake message centre writes them: texts as they are, everything else like a query string. */
function messagesIn(said: string): Sms[] {
  const lines = said.matchAll(
    /Got message \d+: <(\S+) (\S+) (?:udh (\S+) )?(text|data|ucs-2) ([\s\S]*?)>(?=\n\d{4}-\d\d-|\n*$)/g,
  );
  return [...lines].map(([, from = '', to = '', header, kind, body = '']) => {
    const bytes = kind === 'text' ? Buffer.from(body) : unescaped(body);
    const part = header === undefined ? undefined : unescaped(header);
    return {
      from,
      to,
      alphabet: kind === 'ucs-2' ? 'ucs2' : 'gsm',
      text: kind === 'ucs-2' ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('utf8'),
      part: part === undefined ? undefined : ([part[5] ?? 0, part[4] ?? 0] as const),
    };
  });
}

function unescaped(text: string): Buffer {
  const latin1 = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(latin1, 'latin1');
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Resolves when something listens; rejects when the process that should has ended. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    await after(TRY_EVERY_MILLIS);
  }
}
