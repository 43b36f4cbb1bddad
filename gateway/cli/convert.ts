/**
 * `sapgw decode` and `sapgw encode`: a message in WBXML made readable, and back. For looking into captures and for making
 * test messages. Exit status: 0 done, 1 the input is no message, 2 wrong use or a file that cannot be read.
 */
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type ScanOptions, scanEnvelope } from '../csp/envelope.ts';
import { CspError } from '../csp/errors.ts';
import { DEFAULT_LIMITS } from '../csp/limits.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../csp/versions.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument } from '../csp/wbxml/codec.ts';
import { decodeXmlDocument, encodeXmlDocument } from '../csp/xml.ts';
import { example } from './help.ts';

/** Where the commands read and write when it is not the process's own streams. */
export interface ConvertDeps {
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly write?: (octets: Uint8Array) => void;
  /** Writes a line for what went wrong. */
  readonly printError?: (line: string) => void;
}

interface ConvertOptions {
  readonly csp: CspVersion;
  readonly tolerant?: boolean;
  readonly hex?: boolean;
}

const EXIT_FAILED = 1;
const EXIT_UNREADABLE = 2;
const STANDARD_INPUT = '-';

/** Adds `decode` and `encode`. */
export function registerConvert(program: Command, deps: ConvertDeps = {}): void {
  convertCommand(program, 'decode', 'show a WBXML message as XML')
    .option('--hex', 'the input is hexadecimal text; everything after # in a line is a comment')
    .addHelpText('after', example('sapgw decode message.wbxml', 'sapgw encode message.xml | sapgw decode'))
    .action((file: string, options: ConvertOptions) => run(file, 'wbxml', options, deps, decode));
  convertCommand(program, 'encode', 'write an XML message as WBXML')
    .option('--hex', 'write hexadecimal text')
    .addHelpText('after', example('sapgw encode message.xml > message.wbxml'))
    .action((file: string, options: ConvertOptions) => run(file, 'xml', options, deps, encode));
}

function convertCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('[file]', 'the message; standard input when absent or -', STANDARD_INPUT)
    .addOption(
      new Option('--csp <version>', 'version of a message that names none').choices([...CSP_VERSIONS]).default('1.2'),
    )
    .option('--tolerant', 'read it as an answer of a provider is read');
}

type Convert = (input: Buffer, options: ConvertOptions) => Uint8Array;

/** @throws {CspError} */
function decode(input: Buffer, options: ConvertOptions): Uint8Array {
  const octets = options.hex ? octetsOfHex(input) : input;
  const { version } = scanEnvelope(octets, 'wbxml', scanOptions(options));
  const root = decodeWbxmlDocument(octets, version, { tolerant: options.tolerant ?? false });
  return encodeXmlDocument(root, { indent: '  ' });
}

/** @throws {CspError} */
function encode(input: Buffer, options: ConvertOptions): Uint8Array {
  const { version } = scanEnvelope(input, 'xml', scanOptions(options));
  const octets = encodeWbxmlDocument(decodeXmlDocument(input), version);
  return options.hex ? Buffer.from(`${octets.toString('hex').replace(/(..){1,16}/g, '$&\n')}`) : octets;
}

function scanOptions({ csp, tolerant = false }: ConvertOptions): ScanOptions {
  return { assumedVersion: csp, tolerant };
}

function octetsOfHex(input: Buffer): Buffer {
  const digits = input.toString('latin1').replace(/#.*/g, '').replace(/\s+/g, '');
  const good = /^(?:[0-9A-Fa-f]{2})*/.exec(digits)?.[0].length ?? 0;
  if (good < digits.length) {
    throw new CspError('NOT_WELL_FORMED', 'the input is not made of pairs of hexadecimal digits', good / 2);
  }
  return Buffer.from(digits, 'hex');
}

async function run(file: string, encoding: Encoding, options: ConvertOptions, deps: ConvertDeps, convert: Convert) {
  const { stdin = process.stdin, write = writeToStandardOutput, printError = console.error } = deps;
  const name = file === STANDARD_INPUT ? 'standard input' : file;
  let input: Buffer;
  try {
    input = file === STANDARD_INPUT ? await readAll(stdin) : await readFile(file);
  } catch (error) {
    printError(`${name}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no reason given'})`);
    process.exitCode = EXIT_UNREADABLE;
    return;
  }
  try {
    write(convert(input, options));
  } catch (error) {
    if (!(error instanceof CspError)) throw error;
    printError(`${name}: ${error.message} (${error.code}), ${place(input, error.offset, encoding)}`);
    process.exitCode = EXIT_FAILED;
  }
}

function writeToStandardOutput(octets: Uint8Array): void {
  process.stdout.write(octets);
}

/** All of the input, or as much as shows that it is too large for a message in hexadecimal digits and comments. */
async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > 16 * DEFAULT_LIMITS.bodyBytes) break;
  }
  return Buffer.concat(chunks);
}

/** Where in the input a fault is: line and column of XML, both from 1; octet of WBXML, from 0. */
function place(input: Buffer, offset: number, encoding: Encoding): string {
  if (encoding === 'wbxml') return `octet ${offset}`;
  const before = input.subarray(0, offset).toString('utf8').split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}
