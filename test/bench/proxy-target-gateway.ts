/**
 * The gateway under measurement, in its own process: the whole program as `serve` starts it, no policies, one user logged
 * in through it. Tells its port, and its processor time when asked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../gateway/config/load.ts';
import { startGateway } from '../../gateway/main.ts';
import { serveMeasurements } from './proxy-target.ts';
import { CONTENT_TYPE, LOGIN_BODY, SESSION_ID } from './upstream-server-messages.ts';

const vaspPort = Number(process.argv[2]);
const policies = mkdtempSync(join(tmpdir(), 'sapgw-bench-'));
process.on('exit', () => rmSync(policies, { recursive: true, force: true }));
const loaded = loadConfig({
  env: {
    SAPGW_UPSTREAM: `http://127.0.0.1:${vaspPort}`,
    SAPGW_LISTEN: '127.0.0.1:0',
    SAPGW_ADMIN: '127.0.0.1:0',
    SAPGW_POLICIES: policies,
    SAPGW_STORE: 'memory:',
    SAPGW_SECRET: Buffer.alloc(32, 7).toString('base64'),
    SAPGW_LOG_LEVEL: 'silent',
  },
  flags: {},
});
if (loaded.kind === 'invalid') throw new Error(loaded.problems.join('\n'));
const started = await startGateway(loaded.config);
if (started.kind === 'failed') throw new Error(started.problems.join('\n'));
const { port } = started.gateway.listen;

const login = await fetch(`http://127.0.0.1:${port}/imps`, {
  method: 'POST',
  headers: { 'Content-Type': CONTENT_TYPE },
  body: new Uint8Array(LOGIN_BODY),
});
if (!(await login.text()).includes(SESSION_ID)) throw new Error('the login did not go through');
serveMeasurements(port);
