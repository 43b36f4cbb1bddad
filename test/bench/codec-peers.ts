/** Reading the proxy benchmark's message beside a general parser: fast-xml-parser makes plain objects, we scan or make a tree. */
import { XMLParser } from 'fast-xml-parser';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { cpuMicros } from './cpu-micros.ts';
import type { Row } from './table.ts';
import { REQUEST_BODY } from './upstream-server-messages.ts';

/** Takes a few seconds. */
export function benchCodecPeers(): Row[] {
  const parser = new XMLParser();
  const [peer = Number.NaN, tree = Number.NaN, scan = Number.NaN] = cpuMicros(2_000, [
    () => parser.parse(REQUEST_BODY.toString()),
    () => decodeDocument(REQUEST_BODY, 'xml', '1.2'),
    () => scanEnvelope(REQUEST_BODY, 'xml'),
  ]);
  const row = (name: string, value: number): Row => ({
    name: `${name}, ${REQUEST_BODY.length} bytes`,
    value,
    unit: 'µs',
    ratio: { value: peer / value, to: 'fast-xml-parser' },
    better: 'lower',
  });
  return [row('XML, fast-xml-parser', peer), row('XML into a tree', tree), row('XML scanned', scan)];
}
