/**
 * Twenty thousand damaged messages through the whole gateway: each gets an answer, none reaches the VASP that the scan
 * refused, and what reaches it has the bytes that were sent, or the change that a rule names.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { contentTypeOf, type Encoding } from '../../gateway/csp/versions.ts';
import { randomOf } from '../csp/envelope-samples.ts';
import { createRig, type Rig, vaspAnswer } from '../transcripts/rig.ts';
import {
  CANARIES,
  clientId,
  digestLogin,
  loginRequest,
  loginResponse,
  message,
  SPELLINGS,
  type Spelling,
  sendMessage,
  statusOk,
} from './messages.ts';

const SEED = Number(process.env.SAPGW_TEST_SEED ?? 20261122);
const MUTATIONS = 20_000;
const SESSION = 'S-4711';

describe(`mutations through the gateway, seed ${SEED}`, () => {
  test.each(SPELLINGS)('CSP $version $encoding', async (spelling) => {
    const random = randomOf(SEED + SPELLINGS.indexOf(spelling));
    const { version, encoding } = spelling;
    const contentType = contentTypeOf(version, encoding);
    const rig = createRig();
    await logIn(rig, spelling);
    const refusal = message(spelling, undefined, [['1', loginResponse(409)]], 'Response');
    const done = message(spelling, SESSION, [['1', statusOk]], 'Response');
    rig.upstream.otherwise = ({ body }) =>
      vaspAnswer(scanEnvelope(body, encoding).sessionType === 'Outband' ? refusal : done, contentType);
    const originals = messagesOf(spelling);
    const counts = { refused: 0, forwarded: 0, answered: 0 };
    const faults: string[] = [];

    for (let round = 0; round < MUTATIONS / SPELLINGS.length; round++) {
      const sent = mutated(originals[random(originals.length)] ?? Buffer.alloc(0), originals, random);
      rig.upstream.seen.length = 0;
      const reply = await rig.send(sent, contentType);
      const readable = isReadable(sent, encoding);
      const [seen] = rig.upstream.seen;
      const text = Buffer.from(reply.body).toString('latin1');
      const fault = (what: string): unknown => faults.push(`${what}: ${sent.toString('base64')}`);
      if (reply.statusCode !== 200 && reply.statusCode !== 400) fault(`HTTP ${reply.statusCode}`);
      if (reply.statusCode === 400 && !/^[^\r\n]+\n$/.test(text)) fault('HTTP 400 without one line of text');
      if (reply.statusCode === 200 && reply.body.length > 0 && !isReadable(Buffer.from(reply.body), encoding)) {
        fault('an answer that no client can read');
      }
      if (text.includes(CANARIES.password) || text.includes(CANARIES.content)) fault('the answer quotes the message');
      if (!readable && seen !== undefined) fault('the VASP saw what the scan refused');
      if (seen !== undefined && !seen.body.equals(sent) && !sameButForRules(seen.body, sent, encoding)) {
        fault('the VASP saw something else');
      }
      counts[!readable ? 'refused' : seen === undefined ? 'answered' : 'forwarded'] += 1;
    }

    expect(faults).toEqual([]);
    expect(rig.log.filter(({ level }) => level === 'error')).toEqual([]);
    // Every way out was taken, so that the rounds proved something.
    expect(Math.min(counts.refused, counts.forwarded, counts.answered)).toBeGreaterThan(20);
  });
});

async function logIn(rig: Rig, spelling: Spelling): Promise<void> {
  const contentType = contentTypeOf(spelling.version, spelling.encoding);
  const opened = message(spelling, undefined, [['1', loginResponse(200, SESSION)]], 'Response');
  rig.upstream.queue.push(vaspAnswer(opened, contentType));
  await rig.send(message(spelling, undefined, [['1', loginRequest()]]), contentType);
}

function messagesOf(spelling: Spelling): readonly Buffer[] {
  const inSession = (...transactions: readonly (readonly [string, Element])[]): Buffer =>
    message(spelling, SESSION, transactions);
  const functions = element('Functions', [element('WVCSPFeat', [element('IMFeat'), element('PresenceFeat')])]);
  const service = [...(spelling.version === '1.1' ? [clientId()] : []), functions, element('AllFunctionsRequest', 'T')];
  return [
    message(spelling, undefined, [['1', loginRequest()]]),
    message(spelling, undefined, [['2', digestLogin()]]),
    inSession(['3', sendMessage()]),
    inSession(['', element('Polling-Request')]),
    inSession(['4', element('KeepAlive-Request')], ['5', sendMessage()]),
    inSession(['6', element('Service-Request', service)]),
    message(spelling, 'S-unknown', [['8', element('KeepAlive-Request')]]),
    message(spelling, SESSION, [['g00000a-7', element('MessageDelivered', [element('MessageID', 'm1')])]], 'Response'),
  ];
}

type Random = (below: number) => number;

function mutated(original: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let left = 1 + random(2); left > 0; left--) {
    const at = random(bytes.length + 1);
    const to = Math.min(bytes.length, at + random(24));
    switch (random(10)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(random(256)), bytes.subarray(at)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
        break;
      case 4: {
        const other = others[random(others.length)] ?? bytes;
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(Math.min(at, other.length))]);
        break;
      }
      default:
        bytes = Buffer.from(bytes);
        if (at < bytes.length) bytes[at] = random(3) > 0 ? 0x61 + random(26) : random(256);
    }
  }
  return bytes;
}

function isReadable(bytes: Buffer, encoding: Encoding): boolean {
  try {
    scanEnvelope(bytes, encoding);
    return true;
  } catch (error) {
    if (error instanceof CspError) return false;
    throw error;
  }
}

/** Ids of the gateway's making restored [X6], answers taken out of a login [X15], Functions added [X5]; nothing else. */
function sameButForRules(seen: Buffer, sent: Buffer, encoding: Encoding): boolean {
  const restored = sent.toString('latin1').replace(/g[0-9a-z]{6}-/g, '');
  if (restored === seen.toString('latin1').replace(/g[0-9a-z]{6}-/g, '')) return true;
  const essence = (bytes: Buffer): string => {
    const decoded = decodeMessage(bytes, encoding);
    const transactions = decoded.transactions.map(({ mode, id, primitive }) => ({
      mode,
      id: mode === 'Response' ? id.replace(/^g[0-9a-z]{6}-/, '') : id,
      primitive: {
        ...primitive,
        children: primitive.children.filter(
          ({ name }) =>
            name !== 'SystemMessageResponseList' && (name !== 'Functions' || primitive.name !== 'Service-Request'),
        ),
      },
    }));
    return JSON.stringify({ ...decoded, transactions });
  };
  return essence(seen) === essence(sent);
}
