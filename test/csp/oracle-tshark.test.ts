/**
 * Wireshark reads what the gateway sends: every WBXML answer of the transcripts, which hold what it builds itself, splices
 * and passes on, and messages that it has put from XML into WBXML. None may be marked as malformed or hold a token that
 * the dissector does not know, but for those that are listed. Without tshark there is one test that says so; in CI it must
 * be there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { xmlToWbxml } from '../../gateway/csp/transcode/transcode.ts';
import { contentTypeOf, encodingOfContentType } from '../../gateway/csp/versions.ts';
import { decodeWbxmlDocument } from '../../gateway/csp/wbxml/codec.ts';
import { play } from '../transcripts/play.ts';
import { parseScript } from '../transcripts/script.ts';
import { type Asked, World } from '../transcripts/world.ts';
import { type CapturedAnswer, captureOf, MOST_BODY_BYTES } from './pcap.ts';
import { corpusMessages } from './seeds.ts';

const TRANSCRIPTS = join(import.meta.dirname, '../transcripts');
const isInstalled = spawnSync('tshark', ['--version']).status === 0;

/** Plays every transcript in WBXML, in every version that it is written for; gives what the clients were answered. */
async function answersOfTranscripts(): Promise<CapturedAnswer[]> {
  const asked: Asked[] = [];
  const post = World.prototype.post;
  World.prototype.post = function (this: World, ...args: Parameters<World['post']>): Promise<void> {
    asked.push(args[1]);
    return post.apply(this, args);
  };
  try {
    for (const file of readdirSync(TRANSCRIPTS).filter((name) => name.endsWith('.txt'))) {
      const script = parseScript(readFileSync(join(TRANSCRIPTS, file), 'utf8'));
      for (const version of script.versions) await play(file, script, version, 'wbxml');
    }
  } finally {
    World.prototype.post = post;
  }
  return asked.flatMap(({ reply }) => {
    if (reply === undefined) return [];
    const at = reply.headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
    const contentType = reply.headers[at + 1] ?? '';
    return encodingOfContentType(contentType) === 'wbxml' ? [{ contentType, body: reply.body }] : [];
  });
}

function answersOfTranscoding(): CapturedAnswer[] {
  return corpusMessages('xml').map(({ bytes }) => {
    const body = xmlToWbxml(bytes);
    return { contentType: contentTypeOf(scanEnvelope(body, 'wbxml').version, 'wbxml'), body };
  });
}

/** The type of 1.3 is one that Wireshark has no dissector for, until it is told which. */
const AS_WBXML = `media_type==${contentTypeOf('1.3', 'wbxml')},wbxml`;
/** What Wireshark has to say of every answer of HTTP, in its own spelling. */
const STATUS_LINE = 'HTTP/1.1 200 OK\\r\\n';

const LITERALS = ['wbxml.literal', 'wbxml.literal_a', 'wbxml.literal_c', 'wbxml.literal_ac'];

/** Elements that Wireshark's tables call otherwise than ours, which go by the DTDs of 1.2 and 1.3. */
const NAMED_OTHERWISE: Readonly<Record<string, string>> = {
  'Auto-Subscribe': 'AutoSubscribe',
  'WV-CSP-NSDiscovery-Request': 'WV-CSP-VersionDiscovery-Request',
  'WV-CSP-NSDiscovery-Response': 'WV-CSP-VersionDiscovery-Response',
};

interface Dissection {
  readonly isWbxml: boolean;
  readonly isMalformed: boolean;
  readonly expert: string;
  readonly tags: readonly string[];
  readonly hasLiterals: boolean;
  readonly values: string;
}

function dissect(answers: readonly CapturedAnswer[]): Dissection[] {
  const folder = mkdtempSync(join(tmpdir(), 'tshark-'));
  try {
    const file = join(folder, 'answers.pcap');
    writeFileSync(file, captureOf(answers));
    const fields = [
      'frame.protocols',
      '_ws.malformed',
      '_ws.expert.message',
      'wbxml.known_tag',
      'wbxml.ext_t',
      ...LITERALS,
    ];
    const { stdout } = spawnSync(
      'tshark',
      ['-n', '-r', file, '-d', AS_WBXML, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [protocols = '', malformed = '', expert = '', tags = '', values = '', ...literals] = line.split('\t');
        return {
          isWbxml: protocols.endsWith(':wbxml'),
          isMalformed: malformed !== '' || /_ws\.malformed/.test(protocols),
          expert: expert.replace(STATUS_LINE, ''),
          tags: tags.split(',').map((name) => NAMED_OTHERWISE[name] ?? name),
          hasLiterals: literals.some((names) => names !== ''),
          values,
        };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is wrong with an answer as Wireshark reads it; its names must be those that our decoder reads, in order. */
function faultOf(
  { isWbxml, isMalformed, expert, tags, hasLiterals, values }: Dissection,
  body: Uint8Array,
): string | undefined {
  if (!isWbxml) return 'no WBXML was seen';
  if (isMalformed || expert !== '') return `marked: ${expert}`;
  if (/<Unknown /.test(values)) return `a value that is not known: ${values}`;
  const { version } = scanEnvelope(body, 'wbxml');
  const names = namesOf(decodeWbxmlDocument(body, version));
  // Names of the string table stand in a field of their own, out of order.
  const ours = hasLiterals ? names.filter((name) => tags.includes(name)) : names;
  const at = ours.findIndex((name, index) => name !== tags[index]);
  if (at === -1 && ours.length === tags.length) return undefined;
  return `${ours[at]} is read as ${tags[at]}`;
}

function namesOf({ name, children }: Element): string[] {
  return [name, ...children.flatMap(namesOf)];
}

describe('Wireshark and what the gateway sends', () => {
  if (!isInstalled) {
    test('tshark is not installed, which is allowed outside CI', () => expect(process.env.CI).toBeUndefined());
    return;
  }

  test('a message with a fault is marked, so that a mark means something', () => {
    const [whole] = answersOfTranscoding() as [CapturedAnswer];
    const [good, cut] = dissect([whole, { ...whole, body: whole.body.subarray(0, -20) }]);
    expect({ good: good?.isMalformed, cut: cut?.isMalformed }).toEqual({ good: false, cut: true });
  });

  test('nothing of the transcripts and of transcoding is malformed', async () => {
    const answers = [...(await answersOfTranscripts()), ...answersOfTranscoding()].filter(
      ({ body }) => body.length > 0 && body.length <= MOST_BODY_BYTES,
    );
    const versions = answers.map(({ body }) => scanEnvelope(body, 'wbxml').version);
    expect(new Set(versions)).toEqual(new Set(['1.1', '1.2', '1.3']));
    expect(answers.length).toBeGreaterThan(300);
    const found = dissect(answers);
    expect(found.length).toBe(answers.length);
    const wrong = found.flatMap((dissection, index) => {
      const fault = faultOf(dissection, (answers[index] as CapturedAnswer).body);
      return fault === undefined ? [] : [`${versions[index]} answer ${index}: ${fault}`];
    });
    expect([...new Set(wrong)]).toEqual([]);
  });
});
