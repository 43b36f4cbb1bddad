/** Reads the body of an admin request as JSON: bounded, of the right type, and told in words what is wrong with it. */
import type { IncomingMessage } from 'node:http';

export type JsonBody =
  /** Undefined: there was no body. */
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'wrong'; readonly statusCode: number; readonly code: string; readonly message: string };

export const MOST_BODY_BYTES = 64 * 1024;

export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Giving up must not close the connection: the answer still has to go out on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return wrong(413, 'body-too-large', `A body has at most ${MOST_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return { kind: 'read', value: undefined };
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return wrong(415, 'unsupported-media-type', 'A body is JSON: send it with Content-Type: application/json.');
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
    return { kind: 'read', value };
  } catch {
    return wrong(
      400,
      'bad-json',
      'The body is not JSON in UTF-8; send an object such as {"user":"wv:alice@im.example"}.',
    );
  }
}

function wrong(statusCode: number, code: string, message: string): JsonBody {
  return { kind: 'wrong', statusCode, code, message };
}
