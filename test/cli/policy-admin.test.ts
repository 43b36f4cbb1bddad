/** Proves what the commands on a running gateway's policies print and end with, and what they say when they cannot ask. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerPolicyAdmin } from '../../gateway/cli/policy-admin.ts';
import { temporaryFolder } from '../main/running.ts';

interface Asked {
  readonly request: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

let server: Server;
let admin: string;
let token: string;
let answer: { readonly status: number; readonly json: unknown } = { status: 200, json: {} };
const asked: Asked[] = [];

beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => void reply(request).then((text) => response.end(text)));
  server.on('request', (_request, response) => {
    response.statusCode = answer.status;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  token = join(temporaryFolder(), 'token');
  writeFileSync(token, 'x'.repeat(32));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  process.exitCode = 0;
});

async function reply(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method, url, headers } = request;
  asked.push({
    request: `${method} ${url}`,
    authorization: headers.authorization,
    body: Buffer.concat(chunks).toString(),
  });
  return JSON.stringify(answer.json);
}

async function run(...args: readonly string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const program = new Command().exitOverride();
  registerPolicyAdmin(program, { print: (line) => out.push(line), printError: (line) => errors.push(line) });
  process.exitCode = 0;
  await program.parseAsync(['node', 'sapgw', ...args]);
  const status = process.exitCode;
  process.exitCode = 0;
  return { out: out.join('\n'), errors: errors.join('\n'), status };
}

const here = (): readonly string[] => ['--admin', `http://${admin}`, '--token-file', token];
const HASHES = { set: 'abcdef0123456789', before: '0123456789abcdef' };

describe('what is asked and told', () => {
  test('status', async () => {
    const policies = [{ id: 'aoc', version: 3, purpose: 'terms', mode: 'observe', order: 10 }];
    const offLineUser = [
      { id: 'waiting', version: 1, order: 100, bearer: 'sms', asks: true },
      { id: 'quiet', version: 2, order: 7, bearer: null, asks: false },
    ];
    const folder = { inForce: false, problems: ['a.yaml:1:1: wrong'] };
    const live = [{}, {}];
    answer = {
      status: 200,
      json: { ...HASHES, since: '2026-01-01T00:00:00.000Z', source: 'folder', folder, policies, offLineUser, live },
    };
    const { out, status } = await run('status', ...here());
    expect(out).toBe(`set abcdef012345 in force since 2026-01-01T00:00:00.000Z, from the folder
  aoc version 3, terms, observe, order 10
  waiting version 1, keeps messages, tells by sms, asks at login, order 100
  quiet version 2, keeps messages, order 7
negotiations may still be under 1 earlier
the folder is not in force:
  a.yaml:1:1: wrong`);
    expect(status).toBe(0);
    expect(asked).toEqual([{ request: 'GET /api/v1/policies', authorization: undefined, body: '' }]);
  });

  test('reload and rollback carry the token', async () => {
    answer = { status: 200, json: { result: 'loaded', ...HASHES, warnings: [] } };
    expect((await run('reload', ...here())).out).toBe(
      'loaded: set abcdef012345 is in force, before it was 0123456789ab',
    );
    answer = { status: 200, json: { result: 'rolled-back', ...HASHES, kept: false } };
    expect((await run('rollback', '--admin', admin, '--token-file', token)).out).toContain('a restart would undo this');
    const authorization = `Bearer ${'x'.repeat(32)}`;
    expect(asked).toEqual([
      { request: 'POST /api/v1/policies/reload', authorization, body: '' },
      { request: 'POST /api/v1/policies/rollback', authorization, body: '' },
    ]);
  });

  test('ask-again says whom, and what became of it', async () => {
    answer = { status: 200, json: { result: 'removed', acceptances: 2 } };
    const one = await run('ask-again', '--user', 'wv:alice@im.example', '--policy', 'aoc', ...here());
    expect(one.out).toBe('2 acceptances forgotten; the user is asked again at the next login');
    expect(asked[0]?.body).toBe('{"policy":"aoc","user":"wv:alice@im.example"}');
    answer = { status: 200, json: { result: 'kept', acceptances: null } };
    expect((await run('ask-again', '--everybody', ...here())).out).toContain('the store cannot tell');
    expect(asked[1]?.body).toBe('{"everybody":true}');
  });

  test('a refusal is 1, in the words of the gateway or as JSON', async () => {
    answer = { status: 409, json: { error: { code: 'nothing-earlier', message: 'No earlier set.' } } };
    expect(await run('rollback', ...here())).toEqual({ out: '', errors: 'No earlier set.', status: 1 });
    const json = await run('rollback', '--json', ...here());
    expect([JSON.parse(json.out), json.status]).toEqual([answer.json, 1]);
  });
});

describe('what cannot be asked ends with 2 and a next step', () => {
  test('nobody there', async () => {
    server.close();
    await once(server, 'close');
    const { errors, status } = await run('status', ...here());
    expect(errors).toBe(
      `no gateway answers at http://${admin}; start it with sapgw serve, or name its admin listener with --admin or --config`,
    );
    expect(status).toBe(2);
  });

  test('no token, or none that can be read', async () => {
    expect(await run('reload', '--admin', admin)).toMatchObject({
      errors: expect.stringMatching(/--token-file/),
      status: 2,
    });
    const gone = await run('reload', '--admin', admin, '--token-file', join(temporaryFolder(), 'none'));
    expect(gone).toMatchObject({ errors: expect.stringMatching(/ENOENT/), status: 2 });
    expect(asked).toEqual([]);
  });

  test('a configuration that is wrong, an address that is none, users named in two ways', async () => {
    const config = join(temporaryFolder(), 'gateway.yaml');
    writeFileSync(config, 'lissten: 1\n');
    expect(await run('status', '--config', config)).toMatchObject({
      errors: expect.stringMatching(/lissten/),
      status: 2,
    });
    expect(await run('status', '--admin', 'http://')).toMatchObject({
      errors: expect.stringMatching(/^--admin: /),
      status: 2,
    });
    const both = await run('ask-again', '--everybody', '--user', 'a', ...here());
    expect(both).toMatchObject({ errors: expect.stringMatching(/by one of --user ID/), status: 2 });
  });
});
