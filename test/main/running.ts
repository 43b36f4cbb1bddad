/** A real gateway for tests, as `sapgw serve` starts it: free ports on the loopback, a memory store, a fixed key. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { loadConfig } from '../../gateway/config/load.ts';
import { type Config, sandboxVasp, type VaspConfig } from '../../gateway/config.ts';
import { type RunningGateway, startGateway } from '../../gateway/main.ts';

/** A VASP as configured, but for what is given. */
export function vaspConfig(name: string, url: string, more: Partial<VaspConfig> = {}): VaspConfig {
  return { ...sandboxVasp(url), name, domain: undefined, ...more };
}

/** A complete configuration: no policies, everything else at its default. */
export function testConfig(more: Partial<Config> = {}): Config {
  const loaded = loadConfig({ env: {}, flags: {} });
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.join('\n'));
  return {
    ...loaded.config,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    policies: policyFolder({}),
    store: { kind: 'memory' },
    secret: { kind: 'keys', text: '0123456789abcdef0123456789abcdef' },
    log: { level: 'silent', access: false },
    ...more,
  };
}

export async function start(config: Config): Promise<RunningGateway> {
  const started = await startGateway(config);
  if (started.kind === 'failed') throw new Error(started.problems.join('\n'));
  return started.gateway;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own for one test; it goes with the last test of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sapgw-test-'));
  folders.push(folder);
  return folder;
}

/** A folder with these files, by name. */
export function policyFolder(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  presence-only: { grant: [FundamentalFeat, PresenceFeat] }
`;

/**
 * An Advice of Charge for everybody, at every login: option 1 grants everything, 2 presence, 3 declines. Clients without
 * System Messages get \`without\`, a YAML flow mapping.
 */
export function chargePolicy(without: string, ask = 'every-login'): string {
  return `kind: off-line-service
id: aoc
version: 1
purpose: advice-of-charge
message: { en: "Each message costs 0.10 EUR. Do you accept?" }
options:
  - { id: accept, text: { en: Accept }, grant: full }
  - { id: presence, text: { en: Presence only }, grant: presence-only }
  - { id: decline, text: { en: Decline }, deny: { en: "You declined the charge." } }
requiresResponse: true
timeout: 2m
resend: 3
onTimeout: { deny: { en: "No answer came in time." } }
ask: ${ask}
record: keyed
withoutSystemMessages: ${without}
`;
}
