/**
 * How fast messages are read: the envelope scan of both encodings, and the conversions between them, ours beside those of
 * libwbxml in the same run when that library is installed. Run with `tsx test/bench/codec.ts [--json]`; the exit code is
 * 1 when a floor is missed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { printTable, type Row } from './table.ts';

const SESSION =
  '<Session><SessionDescriptor><SessionType>Inband</SessionType><SessionID>im.user.com#48815@server.com</SessionID></SessionDescriptor>';
const DESCRIPTOR =
  '<TransactionDescriptor><TransactionMode>Request</TransactionMode><TransactionID>IMApp01#12345@NOK5110</TransactionID></TransactionDescriptor>';

/** A SendMessage-Request of version 1.1, which libwbxml knows, with a text of that many characters. */
function sample(textLength: number): string {
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(20).slice(0, textLength);
  return (
    `<?xml version="1.0"?><!DOCTYPE WV-CSP-Message PUBLIC "-//OMA//DTD WV-CSP 1.1//EN" "http://x"><WV-CSP-Message xmlns="http://www.wireless-village.org/CSP1.1">${SESSION}<Transaction>${DESCRIPTOR}` +
    '<TransactionContent xmlns="http://www.wireless-village.org/TRC1.1"><SendMessage-Request><MessageInfo>' +
    `<ContentType>text/plain</ContentType><ContentSize>${textLength}</ContentSize></MessageInfo><ContentData>${text}</ContentData>` +
    '</SendMessage-Request></TransactionContent></Transaction></Session></WV-CSP-Message>'
  );
}

const ROUNDS = 25;
const WARM_UP_ROUNDS = 8;

/** The median of the rounds, in microseconds of processor time a call: what else the machine does matters less to that. */
function medianMicros(calls: number, work: () => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let call = 0; call < calls; call++) work();
    const { user, system } = process.cpuUsage(start);
    if (round >= WARM_UP_ROUNDS) rounds.push((user + system) / calls);
  }
  rounds.sort((a, b) => a - b);
  return rounds[ROUNDS >> 1] ?? Number.NaN;
}

interface Libwbxml {
  readonly installed: boolean;
  readonly toXml?: number | null;
  readonly toWbxml?: number | null;
}

function libwbxml(wbxml: Uint8Array, xml: Uint8Array): Libwbxml {
  const directory = mkdtempSync(join(tmpdir(), 'codec-bench-'));
  try {
    const files = [join(directory, 'm.wbxml'), join(directory, 'm.xml')] as const;
    writeFileSync(files[0], wbxml);
    writeFileSync(files[1], xml);
    const script = fileURLToPath(new URL('./libwbxml.py', import.meta.url));
    return JSON.parse(execFileSync('python3', [script, ...files], { encoding: 'utf8' })) as Libwbxml;
  } catch {
    return { installed: false };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Measures everything; takes about ten seconds. */
export async function benchCodec(): Promise<Row[]> {
  const withDoctype = Buffer.from(sample(30));
  const xml = Buffer.from(sample(30).replace(/<!DOCTYPE[^>]*>/, ''));
  const wbxml = encodeDocument(decodeDocument(xml, 'xml', '1.1'), 'wbxml', '1.1');
  const longWbxml = encodeDocument(decodeDocument(Buffer.from(sample(500)), 'xml', '1.1'), 'wbxml', '1.1');

  const rows: Row[] = [
    scanRow(`scan XML, ${xml.length} bytes`, xml, 'xml', 2.5, 6),
    scanRow(`scan WBXML, the same message, ${wbxml.length} bytes`, wbxml, 'wbxml', 1, 3),
    scanRow(`scan WBXML, ${longWbxml.length} bytes`, longWbxml, 'wbxml', 1, 3),
  ];
  const toXml = medianMicros(1000, () => encodeDocument(decodeDocument(wbxml, 'wbxml', '1.1'), 'xml', '1.1'));
  const toWbxml = medianMicros(300, () => encodeDocument(decodeDocument(xml, 'xml', '1.1'), 'wbxml', '1.1'));
  rows.push(
    { name: 'WBXML to XML', value: toXml, unit: 'µs', better: 'lower' },
    { name: 'XML to WBXML', value: toWbxml, unit: 'µs', better: 'lower' },
  );
  const theirs = libwbxml(wbxml, withDoctype);
  if (!theirs.installed) {
    console.error('libwbxml is not installed (or python3 is not): nothing to compare the conversions with');
    return rows;
  }
  compare(rows, 'WBXML to XML', theirs.toXml, toXml, 2);
  compare(rows, 'XML to WBXML', theirs.toWbxml, toWbxml, 4);
  return rows;
}

function scanRow(name: string, bytes: Buffer, encoding: 'xml' | 'wbxml', goal: number, floor: number): Row {
  const value = medianMicros(20_000, () => scanEnvelope(bytes, encoding));
  return { name, value, unit: 'µs', goal, floor, better: 'lower' };
}

function compare(rows: Row[], name: string, theirs: number | null | undefined, ours: number, goal: number): void {
  if (theirs === null || theirs === undefined) {
    console.error(`libwbxml refuses the sample message: ${name} is not compared`);
    return;
  }
  rows.push(
    { name: `${name}, libwbxml`, value: theirs, unit: 'µs', better: 'lower' },
    { name: `${name}, times as fast as libwbxml`, value: theirs / ours, unit: 'x', goal, better: 'higher' },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await benchCodec();
  process.exitCode = printTable(rows, process.argv.includes('--json')) ? 0 : 1;
}
