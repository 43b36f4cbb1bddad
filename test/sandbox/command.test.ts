/** `sapgw handset` and `sapgw sandbox` as a user starts them: what they print and how they exit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { FakeGateway, judgeTariffAndTerms } from './fake-gateway.ts';
import { handsetOf } from './rig.ts';

const COMMAND = fileURLToPath(new URL('./command.ts', import.meta.url));

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(...args: readonly string[]): Promise<{ exit: number | null; out: string; err: string }> {
  const child = start(...args);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, err] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream))),
  );
  return { exit: await exit, out: out ?? '', err: err ?? '' };
}

describe('sapgw handset', () => {
  const sandbox: Sandbox = createSandbox();
  const gateway = new FakeGateway(sandbox, judgeTariffAndTerms);
  let server: Server;
  let url = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const contentType = request.headers['content-type'] ?? '';
        const reply = await gateway.handle({ contentType, body: Buffer.concat(chunks) });
        response.writeHead(reply.statusCode, {
          'Content-Type': reply.contentType,
          'Content-Length': reply.body.length,
        });
        response.end(reply.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const handset = (...args: readonly string[]) =>
    run('handset', '--url', url, '--user', 'wv:alice@sandbox', '--password', 'secret', ...args);

  test('shows what is asked, answers, logs in and sends', async () => {
    const bob = handsetOf(sandbox, 'bob');
    await bob.login();
    const { exit, out, err } = await handset(
      ...['--answer', 'accept,1:GREEN', '--encoding', 'wbxml', '--four-way'],
      ...['--send', 'wv:bob@sandbox', '--text', 'hi there', '--trace'],
    );
    expect(out).toContain('The service asks (1 of 2):');
    expect(out).toContain('  3) I decline');
    expect(out).toContain('key: Type the word GREEN.');
    expect(out).toMatch(
      /Logged in as wv:alice@sandbox\.\nNot available: groups, .*INVIT.*\nSent to wv:bob@sandbox\.\nLogged out\.\n$/,
    );
    expect(exit).toBe(0);
    expect(err).toContain('<DigestBytes>...</DigestBytes>');
    expect(err).toContain('<Nonce>...</Nonce>');
    expect(await bob.receive()).toMatchObject([{ kind: 'message', text: 'hi there' }]);
  });

  test('a declined question is a refused login', async () => {
    const { exit, out } = await handset('--answer', '3,1:GREEN');
    expect(out).toMatch(/Login refused: 403 As you wish\.\n$/);
    expect(exit).toBe(1);
  });

  test('one JSON object a line, for programs', async () => {
    const { exit, out } = await handset('--json', '--answer', '1,1:GREEN', '--send', 'wv:carol@sandbox', '--text', 'x');
    const reports = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ event }) => event)).toEqual(['asked', 'logged-in', 'not-sent', 'logged-out']);
    expect(reports[0].messages[1]).toMatchObject({ id: 'tc-1', options: [{ id: '1', text: 'I agree' }, { id: '2' }] });
    expect(reports[2]).toMatchObject({ to: 'wv:carol@sandbox', code: 533 });
    expect(exit).toBe(1);
  });

  test('without answers and without a person the question is shown, and nobody logged in', async () => {
    const { exit, out } = await handset();
    expect(out).toContain('  1) I accept');
    expect(out).toContain('Not logged in, the messages are not answered: 403 Please answer first.');
    expect(exit).toBe(1);
  });

  test.each([
    ['an answer that is no option', ['--answer', 'perhaps'], /"perhaps" is none of the options: 1 I accept/],
    ['an unknown version', ['--version', '1.4'], /Allowed choices are 1\.1, 1\.2, 1\.3/],
    ['a text for nobody', ['--text', 'x'], /--send and --text belong together/],
    [
      'a command without its slash',
      ['--do', 'add wv:bob@sandbox'],
      /--do takes a command such as "\/add wv:bob@sandbox"/,
    ],
  ])('%s is wrong use', async (_, args, expected) => {
    const { exit, out, err } = await handset(...args);
    expect(out + err).toMatch(expected);
    expect(exit).toBe(2);
  });

  test('a gateway that is not there is said, with the next step', async () => {
    const { exit, out } = await run('handset', '--url', 'http://127.0.0.1:1/', '--user', 'alice', '--password', 'x');
    expect(out).toBe(
      'No luck: nobody answers at http://127.0.0.1:1.\nStart the gateway with `npm start`, or give its address with --url.\n',
    );
    expect(exit).toBe(1);
  });
});

describe('sapgw sandbox', () => {
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  test('says where it listens, serves its users, and stops when told', async () => {
    const child = start('sandbox', '--listen', '127.0.0.1:0', '--domain', 'x.example', '--user', 'eve:pa:ss');
    children.push(child);
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let out = '';
    const url = await new Promise<string>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk;
        const said = /listens on (\S+)\n/.exec(out)?.[1];
        if (said !== undefined) resolve(said);
      });
      child.once('exit', () => resolve('nowhere'));
    });
    const { exit: loggedIn, out: shown } = await run(
      ...['handset', '--url', url, '--user', 'wv:eve@x.example', '--password', 'pa:ss', '--version', '1.1'],
    );
    expect(shown).toContain('Logged in as wv:eve@x.example.');
    expect(loggedIn).toBe(0);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(out).toContain('1.1 xml Login-Request -> Login-Response 200');
    expect(out).not.toContain('pa:ss');
  });

  test.each([
    ['a port that is none', ['--listen', '127.0.0.1:99999'], /An address looks like 127\.0\.0\.1:9090/],
    ['a user without a password', ['--user', 'wv:alice'], /A user looks like alice:secret/],
  ])('%s is wrong use', async (_, args, expected) => {
    const { exit, err } = await run('sandbox', ...args);
    expect(err).toMatch(expected);
    expect(exit).toBe(2);
  });
});
