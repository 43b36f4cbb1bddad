/** `sapgw nodes` and what `/status` says, against two gateways on one Redis, and against one that has a store of its own. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerNodes } from '../../gateway/cli/nodes.ts';
import type { Config } from '../../gateway/config.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { start, testConfig } from '../main/running.ts';
import { addressOf, until } from '../nodes/world.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';

const running: RunningGateway[] = [];

afterEach(async () => {
  process.exitCode = undefined;
  for (const gateway of running.splice(0)) await gateway.stop();
});

async function gatewayOf(more: Partial<Config> = {}): Promise<RunningGateway> {
  const gateway = await start(testConfig(more));
  running.push(gateway);
  return gateway;
}

const adminOf = (gateway: RunningGateway): string => `http://127.0.0.1:${gateway.admin.port}`;

async function sapgw(gateway: RunningGateway, ...flags: readonly string[]): Promise<readonly string[]> {
  const out: string[] = [];
  const program = new Command('sapgw');
  registerNodes(program, { print: (line) => out.push(line), printError: (line) => out.push(line) });
  await program.parseAsync(['node', 'sapgw', 'nodes', '--admin', adminOf(gateway), ...flags]);
  return out;
}

test('one machine says that it is alone', async () => {
  const gateway = await gatewayOf();
  expect(await sapgw(gateway)).toEqual(['one machine does everything: its store is its own']);
  expect(JSON.parse((await sapgw(gateway, '--json')).join('\n'))).toEqual({ self: null, nodes: [], inTouch: null });
  expect(process.exitCode).toBe(0);
});

describeWithRedis('sapgw nodes', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test('shows each machine, and which shares it holds', async () => {
    const store = { store: { kind: 'redis', address: addressOf(server.url()) } } as const;
    const one = await gatewayOf(store);
    const other = await gatewayOf(store);
    let lines: readonly string[] = [];
    const isShared = async (): Promise<boolean> => {
      lines = await sapgw(one);
      return lines.filter((line) => line.includes(": 16 of the users' shares")).length === 2;
    };
    let isSo = false;
    await until('both have their half', () => {
      void isShared().then((so) => {
        isSo = so;
      });
      return isSo;
    });
    expect(lines[0]).toMatch(/^\S+ \(this one\): 16 of the users' shares, since \S+Z, heard of \d+ ms ago$/);
    expect(lines[1]).toMatch(/^\S+: 16 of the users' shares, since \S+Z, heard of \d+ ms ago$/);
    expect(lines).toHaveLength(2);
    const told = JSON.parse((await sapgw(other, '--json')).join('\n')) as { self: string; inTouch: boolean };
    expect(told.inTouch).toBe(true);
    expect(lines[1]?.startsWith(`${told.self}:`)).toBe(true);
    const status = await (await fetch(`${adminOf(one)}/status`)).text();
    expect(status).toMatch(/in touch with the nodes +yes\n/);
    expect(status).toMatch(/\nnodes\n +node +up since +shares +heard of, ms ago\n/);
  });
});
