/**
 * Towards a VASP that speaks one encoding only: the client's message as the VASP reads it, and the VASP's answer as the
 * client does. It stands inside everything else, so that all links see the client's encoding alone; what a message says is
 * the same on both sides (`csp/transcode/`).
 */
import { type Envelope, scanEnvelope } from '../csp/envelope.ts';
import { CspError } from '../csp/errors.ts';
import { type CodecLimits, DEFAULT_LIMITS } from '../csp/limits.ts';
import { transcode } from '../csp/transcode/transcode.ts';
import { contentTypeOf, type Encoding } from '../csp/versions.ts';
import type { Upstream, UpstreamResult } from '../ports.ts';
import type { Exchange } from './exchange.ts';

/** Whether the VASP is spoken to in another encoding than the client's. */
export function isTranscoded({ vasp, envelope }: Exchange): boolean {
  return vasp.encoding !== 'same' && vasp.encoding !== envelope.encoding;
}

type UpstreamRequest = Parameters<Upstream['send']>[1];
type Answer = Extract<UpstreamResult, { readonly kind: 'answer' }>;

/** The request for the VASP, or why the message cannot be said in its encoding: a clause without a full stop. */
export type Outgoing =
  | { readonly kind: 'request'; readonly request: UpstreamRequest }
  | { readonly kind: 'impossible'; readonly code: CspError['code']; readonly reason: string };

/** The request of an exchange that {@link isTranscoded} in the VASP's encoding, with the Content-Type of its version [P8]. */
export function toVasp({ request, body, envelope }: Exchange): Outgoing {
  const encoding = envelope.encoding === 'xml' ? 'wbxml' : 'xml';
  try {
    return {
      kind: 'request',
      request: {
        target: request.target,
        contentType: contentTypeOf(envelope.version, encoding),
        headers: withoutNames(request.headers, ABOUT_BYTES),
        body: transcode(body, envelope),
      },
    };
  } catch (error) {
    if (!(error instanceof CspError)) throw error;
    return { kind: 'impossible', code: error.code, reason: error.message };
  }
}

/**
 * What a VASP answers with may be larger than what a client sends, and some of it nobody has to read. Its bytes have been
 * bounded on their way in.
 */
const ANSWER_LIMITS: CodecLimits = {
  ...DEFAULT_LIMITS,
  bodyBytes: Number.POSITIVE_INFINITY,
  textBytes: Number.POSITIVE_INFINITY,
  elements: 250_000,
};

/**
 * The VASP's answer in the client's encoding and Content-Type; as it is when it is empty, or in the client's encoding
 * already, whatever its header says. Undefined for what is no message, or cannot be said in the client's encoding.
 */
export function toClient(exchange: Exchange, answer: Answer): Answer | undefined {
  const { request, envelope } = exchange;
  if (answer.body.length === 0) return answer;
  const encoding = encodingOf(answer.body);
  if (encoding === envelope.encoding) return answer;
  const options = { tolerant: true, assumedVersion: envelope.version, limits: ANSWER_LIMITS };
  let body: Buffer;
  try {
    const scanned: Envelope = scanEnvelope(answer.body, encoding, options);
    // In XML a client trims for itself, as it would have to without a gateway.
    body = transcode(answer.body, scanned, { ...options, unpads: true });
  } catch (error) {
    if (error instanceof CspError) return undefined;
    throw error;
  }
  const headers = ['Content-Type', request.contentType, ...withoutNames(answer.headers, ABOUT_ANSWER)];
  return { ...answer, contentType: request.contentType, headers, body };
}

/** By the first byte: every WBXML message begins with the number of its version, and no XML does. */
function encodingOf(body: Uint8Array): Encoding {
  return body[0] === 0x03 ? 'wbxml' : 'xml';
}

/** Headers that speak of the very bytes, or of the encodings that the client takes. */
const ABOUT_BYTES = new Set(['accept', 'content-md5', 'digest', 'content-digest', 'repr-digest']);
const ABOUT_ANSWER = new Set([...ABOUT_BYTES, 'content-type', 'etag']);

function withoutNames(headers: readonly string[], names: ReadonlySet<string>): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]];
    if (!names.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
