/**
 * What users cost several nodes and their Redis, in figures from which larger gateways can be worked out: memory of a user,
 * commands, processor time and bytes of a login, a message and a kept message. Prints a table. Run by
 * `npx tsx test/load/nodes-figures.ts [users] [everysec|always]` on a quiet machine with redis-server.
 */
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSecondsOf, residentBytesOf } from '../bench/process-usage.ts';
import { compiled, folderOfRun } from '../bench/programs.ts';
import { trafficPolicies } from '../cluster/traffic.ts';
import { startRedis } from '../redis-program.ts';
import { GatewayProcess } from './gateway-process.ts';
import { headOf, letter, MailPhone } from './mailbox-phone.ts';
import { MailboxVasp } from './mailbox-vasp.ts';
import { Lanes } from './messages-lanes.ts';

const users = Number(process.argv[2] ?? 20_000);
const fsync = process.argv[3] ?? 'everysec';
const KEPT = 10_000;
const POLLS = 40_000;
const AT_ONCE = 24;
const SPELLING = { version: '1.3', encoding: 'wbxml' } as const;
const TEXT = 'It was the nightingale, and not the lark, that pierced the fearful hollow of thine ear.';

const directory = folderOfRun(tmpdir(), 'sapgw-nodes-');
const redis = await startRedis(['--appendfsync', fsync]);
const vasp = await MailboxVasp.listen();
vasp.allowSeveral = true;
const store = redis.url();
const nodes: GatewayProcess[] = [];

/** What Redis says of itself, by name. */
async function info(): Promise<ReadonlyMap<string, string>> {
  const socket = connect(redis.port, '127.0.0.1');
  let said = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
      const length = Number(/^\$(\d+)\r\n/.exec(said)?.[1] ?? Number.NaN);
      if (said.length >= length) resolve();
    });
    socket.write('INFO everything\r\n');
  });
  socket.destroy();
  return new Map(
    said.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

interface Mark {
  readonly at: number;
  readonly nodeSeconds: number;
  readonly redisSeconds: number;
  readonly commands: number;
  readonly bytes: number;
  readonly published: number;
  readonly memory: number;
  readonly resident: number;
}

async function mark(): Promise<Mark> {
  const said = await info();
  const number = (name: string): number => Number(said.get(name) ?? 0);
  const published = Number(/calls=(\d+)/.exec(said.get('cmdstat_publish') ?? '')?.[1] ?? 0);
  return {
    at: performance.now(),
    nodeSeconds: nodes.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0),
    redisSeconds: number('used_cpu_user') + number('used_cpu_sys'),
    commands: number('total_commands_processed'),
    bytes: number('total_net_input_bytes') + number('total_net_output_bytes'),
    published,
    memory: number('used_memory'),
    resident: nodes.reduce((sum, { pid }) => sum + residentBytesOf(pid), 0),
  };
}

async function stage(name: string, count: number, work: () => Promise<void>): Promise<void> {
  process.stderr.write(`\r\x1b[K${name}`);
  const before = await mark();
  await work();
  const after = await mark();
  const each = (key: Exclude<keyof Mark, 'at'>, factor = 1): string =>
    (((after[key] - before[key]) / count) * factor).toFixed(1);
  const seconds = (after.at - before.at) / 1000;
  process.stderr.write('\r\x1b[K');
  console.log(
    [
      name.padEnd(34),
      `${(count / seconds).toFixed(0)}/s`.padStart(8),
      `${each('nodeSeconds', 1e6)} µs`.padStart(11),
      `${each('redisSeconds', 1e6)} µs`.padStart(10),
      each('commands').padStart(9),
      each('published').padStart(9),
      each('bytes').padStart(9),
      each('memory').padStart(9),
      each('resident').padStart(9),
    ].join(' '),
  );
}

async function atOnce(count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) await work(number);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function logIn(user: string, lanes: Lanes): Promise<MailPhone> {
  const phone = new MailPhone(user, SPELLING, lanes);
  const code = await phone.logIn();
  if (code !== 200) throw new Error(`a login got ${code}`);
  return phone;
}

for (const node of ['a', 'b']) {
  mkdirSync(join(directory, node));
  nodes.push(
    await GatewayProcess.start({
      directory: join(directory, node),
      secretFile: join(directory, 'secret'),
      vaspUrl: vasp.url,
      store,
      policies: trafficPolicies('on-change'),
      programOf: compiled,
    }),
  );
}
const lanes = nodes.map(({ port }) => new Lanes(port, AT_ONCE / 2));
const lanesOf = (number: number): Lanes => lanes[number % lanes.length] as Lanes;
const phones: MailPhone[] = [];
const userOf = (number: number): string => `wv:user-${number}@im.example`;

console.log(`${users} users, two nodes of one process each, Redis with appendfsync ${fsync}; of each, on average:`);
console.log(
  `${''.padEnd(34)} ${'rate'.padStart(8)} ${'node CPU'.padStart(11)} ${'Redis CPU'.padStart(10)} ${'commands'.padStart(9)} ${'words'.padStart(9)} ${'net B'.padStart(9)} ${'Redis B'.padStart(9)} ${'nodes B'.padStart(9)}`,
);
await stage('first login, asked and accepted', users, () =>
  atOnce(users, async (number) => {
    phones[number] = await logIn(userOf(number), lanesOf(number));
  }),
);
await stage('login of who accepted before', users, () =>
  atOnce(users, async (number) => {
    phones[number] = await logIn(userOf(number), lanesOf(number));
  }),
);
await stage('poll at the same node', POLLS, () =>
  atOnce(POLLS, async (number) => {
    await phones[number % users]?.poll();
  }),
);
const away = (number: number): string => `wv:away-${Math.floor(number / 10)}@im.example`;
await stage('message to a user who is away', KEPT, () =>
  atOnce(KEPT, async (number) => {
    const phone = phones[number % users] as MailPhone;
    const { code } = await phone.request(letter(phone.user, { to: [away(number)], text: TEXT }));
    if (code !== 200) throw new Error(`a message got ${code}`);
  }),
);
await stage('the same handed over', KEPT, () =>
  atOnce(KEPT / 10, async (number) => {
    const phone = await logIn(away(number * 10), lanesOf(number));
    for (let empty = 0; empty < 3; ) {
      const said = await phone.poll();
      if (said.primitive?.name !== 'NewMessage') empty += 1;
      else await phone.acknowledge(headOf(said.primitive).messageId, said.transactionId);
    }
  }),
);
for (const lane of lanes) lane.close();
await Promise.all(nodes.map((node) => node.stop()));
await vasp.close();
await redis.stop();
process.exit(0);
