/** A phone that cannot be asked: logs in, and shows its user the sentence that came back, with the address in it. */
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { message, type Spelling } from '../gateway/messages.ts';

export const OLD_PHONE: Spelling = { version: '1.1', encoding: 'wbxml' };

export interface Login {
  readonly code: string;
  readonly words: string;
  /** The first address in the words; empty when there is none. */
  readonly url: string;
  readonly token: string;
}

export function loginOf(user: string, spelling: Spelling = OLD_PHONE): { body: Buffer; contentType: string } {
  const login = element('Login-Request', [
    element('UserID', user),
    element('ClientID', [element('URL', 'http://client.example/old')]),
    element('Password', 'canary-password-7f3a'),
    element('TimeToLive', 600),
    element('SessionCookie', 'canary-cookie-c04e'),
  ]);
  return {
    body: message(spelling, undefined, [['1', login]]),
    contentType: contentTypeOf(spelling.version, spelling.encoding),
  };
}

export function readLogin(body: Uint8Array, { encoding }: Spelling = OLD_PHONE): Login {
  const [transaction] = decodeMessage(Buffer.from(body), encoding).transactions;
  const result: Element | undefined = transaction?.primitive.children.find(({ name }) => name === 'Result');
  const words = childText(result, 'Description') ?? '';
  const [url = ''] = /https?:\/\/\S+/.exec(words) ?? [];
  return { code: childText(result, 'Code') ?? '', words, url, token: url.slice(url.lastIndexOf('/') + 1) };
}

/** Logs in over HTTP. `languages` goes into Accept-Language. */
export async function logIn(port: number, user: string, languages?: string): Promise<Login> {
  const { body, contentType } = loginOf(user);
  const response = await fetch(`http://127.0.0.1:${port}/imps`, {
    method: 'POST',
    headers: {
      'Content-Type': contentType,
      'Accept-Language': languages ?? '*',
    },
    body: new Uint8Array(body),
  });
  return readLogin(new Uint8Array(await response.arrayBuffer()));
}
