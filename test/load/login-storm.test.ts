/**
 * Everybody logs in at once: every question is decided, by its user or by the time-out, and no login reaches the VASP that its
 * user did not accept [reliability §7 F1]. A real gateway process with its store on disk; 20,000 users in 60 s before a
 * release.
 */

import { afterAll, expect, test } from '@jest/globals';
import { temporaryFolder } from '../main/running.ts';
import { scaled } from '../scale.ts';
import { chargePolicies } from './charge-policies.ts';
import { GatewayProcess } from './gateway-process.ts';
import { decided, decisions, runStorm } from './storm.ts';
import { LoadVasp } from './vasp.ts';

const SEED = Number(process.env.LOAD_SEED ?? 20_040_701);
const USERS = scaled(600, 20_000);
const SECONDS = scaled(3, 60);
const TIMEOUT_SECONDS = scaled(5, 30);

let gateway: GatewayProcess;
let vasp: LoadVasp;
afterAll(async () => {
  await gateway?.stop();
  await vasp?.close();
});

test(`${USERS} users log in within ${SECONDS} s: all are decided, none undue (seed ${SEED})`, async () => {
  vasp = await LoadVasp.listen();
  gateway = await GatewayProcess.start({
    directory: temporaryFolder(),
    vaspUrl: vasp.url,
    policies: chargePolicies(`${TIMEOUT_SECONDS}s`),
  });
  const storm = await runStorm(gateway, vasp, {
    users: USERS,
    arrival: { seconds: SECONDS },
    // Far from the time-out, so that a busy machine makes nobody late.
    thinkingMillis: TIMEOUT_SECONDS * 200,
    seed: SEED,
  });
  expect(storm.surprises).toEqual([]);
  expect(storm.undueForwards).toBe(0);
  expect([...vasp.logins.values()].filter((times) => times !== 1)).toEqual([]);
  expect(vasp.logins.size).toBe(storm.accepted);

  expect(await decided(gateway, USERS, TIMEOUT_SECONDS)).toBe(USERS);
  expect(await decisions(gateway)).toEqual({
    accepted: storm.accepted,
    declined: storm.declined,
    'timed-out': storm.silent,
  });
  expect(await gateway.records()).toBe(storm.accepted);
  expect(await gateway.stop()).toBe(0);
});
