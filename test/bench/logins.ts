/**
 * The login storm at a smaller figure: how many logins are decided in a second and what each costs the gateway in processor
 * time, when everybody is asked and when nobody need be; and that none reached the VASP without acceptance.
 */
import { tmpdir } from 'node:os';
import { Agent } from 'undici';
import { chargePolicies } from '../load/charge-policies.ts';
import { GatewayProcess } from '../load/gateway-process.ts';
import { loginOf, send } from '../load/phone.ts';
import { decided, runStorm, type StormResult } from '../load/storm.ts';
import { LoadVasp } from '../load/vasp.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { compiled, endsWithRun, folderOfRun } from './programs.ts';
import type { Progress } from './progress.ts';
import type { Row } from './table.ts';

const AT_A_TIME = 32;
const SEED = 20_040_701;
const TIMEOUT_SECONDS = 20;
const WARM_UP_LOGINS = 300;

export async function benchLogins(isQuick: boolean, progress: Progress): Promise<Row[]> {
  const users = isQuick ? 2_000 : 10_000;
  const vasp = await LoadVasp.listen();
  const gateway = await GatewayProcess.start({
    directory: folderOfRun(tmpdir(), 'sapgw-bench-logins-'),
    vaspUrl: vasp.url,
    policies: chargePolicies(`${TIMEOUT_SECONDS}s`),
    programOf: compiled,
  });
  endsWithRun(gateway.child);
  await askedLogins(gateway, WARM_UP_LOGINS);

  progress(`logins: ${users} users, ${AT_A_TIME} at a time`);
  const before = await spentBy(gateway);
  const storm = await runStorm(gateway, vasp, {
    users,
    arrival: { atATime: AT_A_TIME },
    thinkingMillis: 0,
    seed: SEED,
  });
  const asked = difference(await spentBy(gateway), before);
  if (storm.surprises.length > 0) throw new Error(`not what was to happen: ${storm.surprises.join('; ')}`);

  progress('logins: the same users, who need not be asked again');
  const again = Math.min(storm.accepted, users >> 1);
  const beforeAgain = await spentBy(gateway);
  const { seconds: secondsAgain, logins } = await knownLogins(gateway, vasp, again);
  const known = difference(await spentBy(gateway), beforeAgain);

  progress(`logins: ${storm.silent} users never answer, their time-out is ${TIMEOUT_SECONDS} s`);
  const wanted = WARM_UP_LOGINS + users;
  const undecided = wanted - (await decided(gateway, wanted, TIMEOUT_SECONDS));
  await gateway.stop();
  await vasp.close();
  return rowsOf({ users, storm, asked, known, logins, secondsAgain, undecided });
}

/** What the gateway spent so far. */
interface Spent {
  readonly cpuSeconds: number;
  readonly storeReads: number;
}

async function spentBy(gateway: GatewayProcess): Promise<Spent> {
  const readsOf = (op: string): Promise<number> => gateway.metric('sapgw_store_duration_seconds_count', `op="${op}"`);
  const [acceptances = 0, sessions = 0] = await Promise.all(['acceptances-of', 'session-get'].map(readsOf));
  return { cpuSeconds: cpuSecondsOf(gateway.pid), storeReads: acceptances + sessions };
}

const difference = (after: Spent, before: Spent): Spent => ({
  cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  storeReads: after.storeReads - before.storeReads,
});

/** Users of whom nobody hears again; their questions count. */
async function askedLogins(gateway: GatewayProcess, logins: number): Promise<void> {
  const agent = new Agent({ connections: AT_A_TIME });
  for (let index = 0; index < logins; index += 1) {
    await send(agent, `http://127.0.0.1:${gateway.port}`, loginOf(`wv:warm-${index}@im.example`));
  }
  await agent.close();
}

/** Logs in users of whom the VASP knows. */
async function knownLogins(
  gateway: GatewayProcess,
  vasp: LoadVasp,
  most: number,
): Promise<{ readonly seconds: number; readonly logins: number }> {
  const agent = new Agent({ connections: AT_A_TIME });
  const origin = `http://127.0.0.1:${gateway.port}`;
  const users = [...vasp.logins.keys()].slice(0, most);
  const sessions: string[] = [];
  const waiting = users[Symbol.iterator]();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const user of waiting) {
        const { code, sessionId } = await send(agent, origin, loginOf(user));
        if (code !== '200' || sessionId === undefined) throw new Error(`a known user's login got ${code}`);
        sessions.push(sessionId);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await agent.close();
  return { seconds, logins: sessions.length };
}

interface Measured {
  readonly users: number;
  readonly storm: StormResult;
  readonly asked: Spent;
  readonly known: Spent;
  readonly logins: number;
  readonly secondsAgain: number;
  readonly undecided: number;
}

function rowsOf({ users, storm, asked, known, logins, secondsAgain, undecided }: Measured): Row[] {
  const note = `${users} users: ${storm.accepted} accept, ${storm.declined} decline, ${storm.silent} never answer`;
  return [
    { name: 'logins: asked, wall clock', value: users / storm.seconds, unit: 'users/s', better: 'higher', note },
    { name: 'logins: asked, CPU', value: (asked.cpuSeconds / users) * 1000, unit: 'ms/user', better: 'lower' },
    { name: 'logins: not asked, wall clock', value: logins / secondsAgain, unit: 'logins/s', better: 'higher' },
    { name: 'logins: not asked, CPU', value: (known.cpuSeconds / logins) * 1000, unit: 'ms/login', better: 'lower' },
    { name: 'logins: store reads, not asked', value: known.storeReads / logins, unit: 'reads/login', better: 'lower' },
    { name: 'logins: undecided', value: undecided, unit: 'users', better: 'lower' },
    { name: 'logins: forwarded without acceptance', value: storm.undueForwards, unit: 'users', better: 'lower' },
  ];
}
