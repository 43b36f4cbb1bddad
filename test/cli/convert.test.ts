/** `sapgw decode` and `sapgw encode`: output, what is said about bad input, exit status. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerConvert } from '../../gateway/cli/convert.ts';
import { hex, readHexFile } from '../csp/trees.ts';

const corpusFile = (name: string) => fileURLToPath(new URL(`../corpus/csp-1.3/${name}`, import.meta.url));
const MESSAGE = '07-system-message-request';
const xml = readFileSync(corpusFile(`${MESSAGE}.xml`));
const wbxml = readHexFile(corpusFile(`${MESSAGE}.wbxml.hex`));

async function sapgw(args: readonly string[], stdin: readonly Uint8Array[] = []) {
  const output: Uint8Array[] = [];
  const errors: string[] = [];
  const program = new Command('sapgw').exitOverride();
  registerConvert(program, {
    stdin: (async function* () {
      yield* stdin;
    })(),
    write: (octets) => output.push(octets),
    printError: (line) => errors.push(line),
  });
  process.exitCode = 0;
  await program.parseAsync([...args], { from: 'user' });
  const status = process.exitCode;
  process.exitCode = 0;
  return { status, output: Buffer.concat(output), errors };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapgw-convert-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string, content: Uint8Array | string) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('decode', () => {
  test('shows a message of a file, or of standard input in any pieces', async () => {
    const fromFile = await sapgw(['decode', file('m.wbxml', wbxml)]);
    expect([fromFile.status, fromFile.output.toString(), fromFile.errors]).toEqual([0, xml.toString(), []]);
    const fromInput = await sapgw(['decode'], [wbxml.subarray(0, 7), wbxml.subarray(7)]);
    expect(fromInput.output.toString()).toBe(xml.toString());
  });

  test('takes hexadecimal text with comments', async () => {
    const { status, output } = await sapgw(['decode', '--hex', corpusFile(`${MESSAGE}.wbxml.hex`)]);
    expect([status, output.toString()]).toEqual([0, xml.toString()]);
    const { status: failed, errors } = await sapgw(['decode', '--hex', '-'], [Buffer.from('03 12 6')]);
    expect([failed, errors]).toEqual([
      1,
      ['standard input: the input is not made of pairs of hexadecimal digits (NOT_WELL_FORMED), octet 2'],
    ]);
  });

  test('reads a message that names no version as it is told', async () => {
    const bare = hex('03 01 6A 00 49 6D 6E 70 80 19 01 01 72 74 76 80 20 01 75 03 31 00 01 01 73 00 06 06 01 01 01 01');
    const first = (await sapgw(['decode', '--csp', '1.1'], [bare])).output.toString();
    expect(first).toContain('<BlockUser-Request/>');
    expect((await sapgw(['decode'], [bare])).output.toString()).toContain('<BlockEntity-Request/>');
  });

  test('says in one line what is wrong with a message, and where', async () => {
    const { status, output, errors } = await sapgw(['decode', file('m.wbxml', wbxml.subarray(0, 100))]);
    expect([status, output.length, errors.length]).toEqual([1, 0, 1]);
    expect(errors[0]).toMatch(/m\.wbxml: .* \(NOT_WELL_FORMED\), octet \d+$/);
  });
});

describe('encode', () => {
  test('writes the octets of a message', async () => {
    const { status, output } = await sapgw(['encode', corpusFile(`${MESSAGE}.xml`)]);
    expect([status, output.equals(wbxml)]).toEqual([0, true]);
  });

  test('writes hexadecimal text that decode takes', async () => {
    const { output } = await sapgw(['encode', '--hex'], [xml]);
    expect(output.toString()).toMatch(/^[0-9a-f]{32}\n(?:[0-9a-f]{1,32}\n)+$/);
    expect((await sapgw(['decode', '--hex'], [output])).output.toString()).toBe(xml.toString());
  });

  test('says line and column of what is wrong', async () => {
    const broken = xml.toString().replace('</SystemMessageText>', '</SystemMessage>');
    const { status, errors } = await sapgw(['encode', file('m.xml', broken)]);
    const line = xml.toString().split('</SystemMessageText>')[0]?.split('\n').length;
    expect([status, errors.length]).toEqual([1, 1]);
    expect(errors[0]).toMatch(new RegExp(`m\\.xml: .* \\(NOT_WELL_FORMED\\), line ${line}, column \\d+$`));
    expect(errors[0]).not.toContain('cost');
  });
});

test('a file that cannot be read is wrong use', async () => {
  const missing = join(folder, 'missing');
  expect(await sapgw(['encode', missing])).toMatchObject({
    status: 2,
    errors: [`${missing}: cannot be read (ENOENT)`],
  });
});

test('more input than a message can have is refused, not collected', async () => {
  let given = 0;
  const endless = {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    },
  };
  const errors: string[] = [];
  const program = new Command('sapgw').exitOverride();
  registerConvert(program, { stdin: endless, write: () => {}, printError: (line) => errors.push(line) });
  await program.parseAsync(['decode'], { from: 'user' });
  expect([process.exitCode, errors.length]).toEqual([1, 1]);
  expect(errors[0]).toContain('OVER_LIMIT');
  expect(given).toBeLessThan(16_000_000);
  process.exitCode = 0;
});
