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
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { wbxmlToXml, xmlToWbxml } from '../../gateway/csp/transcode/transcode.ts';
import { cpuMicros } from './cpu-micros.ts';
import { median, medianRatio } from './statistics.ts';
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

/** Measures everything; takes about twenty seconds. */
export async function benchCodec(): Promise<Row[]> {
  const withDoctype = Buffer.from(sample(30));
  const xml = Buffer.from(sample(30).replace(/<!DOCTYPE[^>]*>/, ''));
  const wbxml = xmlToWbxml(xml);
  const longWbxml = xmlToWbxml(Buffer.from(sample(500)));

  const scans = [
    scanRow(`scan XML, ${xml.length} bytes`, xml, 'xml', 2.5, 6),
    scanRow(`scan WBXML, the same message, ${wbxml.length} bytes`, wbxml, 'wbxml', 1, 3),
    scanRow(`scan WBXML, ${longWbxml.length} bytes`, longWbxml, 'wbxml', 1, 3),
  ];
  return [...scans, ...conversions(wbxml, withDoctype)];
}

const CONVERSION_ROUNDS = 5;

/**
 * Ours, each with its scan, and libwbxml's, of the same bytes, in rounds that take turns. libwbxml reads the XML with its
 * DOCTYPE only, so that ours has to read it too.
 */
function conversions(wbxml: Buffer, xml: Buffer): Row[] {
  const ours: Record<Conversion, number[]> = { toXml: [], toWbxml: [] };
  const trees: Record<Conversion, number[]> = { toXml: [], toWbxml: [] };
  const theirs: Record<Conversion, number[]> = { toXml: [], toWbxml: [] };
  for (let round = 0; round < CONVERSION_ROUNDS; round++) {
    const [toXml = Number.NaN, toWbxml = Number.NaN] = cpuMicros(1000, [
      () => wbxmlToXml(wbxml),
      () => xmlToWbxml(xml),
    ]);
    const [treeToXml = Number.NaN, treeToWbxml = Number.NaN] = cpuMicros(100, [
      () => encodeMessage(decodeMessage(wbxml, 'wbxml'), 'xml'),
      () => encodeMessage(decodeMessage(xml, 'xml'), 'wbxml'),
    ]);
    ours.toXml.push(toXml);
    ours.toWbxml.push(toWbxml);
    trees.toXml.push(treeToXml);
    trees.toWbxml.push(treeToWbxml);
    const peer = libwbxml(wbxml, xml);
    for (const way of ['toXml', 'toWbxml'] as const) theirs[way].push(peer[way] ?? Number.NaN);
  }
  const row = (name: string, values: readonly number[]): Row => ({
    name,
    value: median(values),
    unit: 'µs',
    better: 'lower',
  });
  return [
    row('WBXML to XML', ours.toXml),
    row('WBXML to XML, over a tree', trees.toXml),
    ...compare('WBXML to XML', theirs.toXml, ours.toXml, 2),
    row('XML to WBXML', ours.toWbxml),
    row('XML to WBXML, over a tree', trees.toWbxml),
    ...compare('XML to WBXML', theirs.toWbxml, ours.toWbxml, 4),
  ];
}

type Conversion = 'toXml' | 'toWbxml';

function scanRow(name: string, bytes: Buffer, encoding: 'xml' | 'wbxml', goal: number, floor: number): Row {
  const [value] = cpuMicros(20_000, [() => scanEnvelope(bytes, encoding)]);
  return { name, value, unit: 'µs', goal, floor, better: 'lower' };
}

/** Nothing where libwbxml is not installed: there is nothing to compare with. */
function compare(name: string, theirs: readonly number[], ours: readonly number[], limit: number): Row[] {
  if (theirs.some(Number.isNaN)) {
    console.error(`libwbxml or python3 is not installed, or refuses the sample message: ${name} is not compared`);
    return [];
  }
  const times = medianRatio(theirs, ours);
  return [
    { name: `${name}, libwbxml`, value: median(theirs), unit: 'µs', better: 'lower' },
    {
      name: `${name}, times as fast as libwbxml`,
      value: times,
      unit: 'x',
      goal: limit,
      floor: limit,
      better: 'higher',
    },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await benchCodec();
  process.exitCode = printTable(rows, process.argv.includes('--json')) ? 0 : 1;
}
