/** The admin listener of a gateway under test, and a phone that logs in at it: what tests of running gateways share. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { clientId, message, type Spelling } from '../gateway/messages.ts';
import { withAnswers } from '../recordings/answering.ts';
import { temporaryFolder } from './running.ts';

export const TOKEN = 'admin-token-0123456789-0123456789-0123456789';

/** A file with {@link TOKEN}, as an operator writes it. */
export function tokenFile(): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, `${TOKEN}\n`);
  return file;
}

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

/** Calls the API with the token; a body is sent as JSON. */
export async function call(adminUrl: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${adminUrl}/api/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** Asks again and again until the answer is as wanted; the test's own time-out ends it. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** One value of the metrics, such as `sapgw_policy_reloads_total{result="failed"}`. */
export async function metric(adminUrl: string, series: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

const SPELLING: Spelling = { version: '1.3', encoding: 'xml' };

/** A Login-Request of CSP 1.3 in XML; by a password, unless another credential is given. */
export function loginOf(user: string, credential = element('Password', 'secret')): Buffer {
  const login = element('Login-Request', [
    element('UserID', user),
    clientId(),
    credential,
    element('TimeToLive', 600),
    element('SessionCookie', 'cookie'),
  ]);
  return message(SPELLING, undefined, [['1', login]]);
}

export async function post(url: string, body: Buffer): Promise<Element | undefined> {
  const headers = { 'content-type': contentTypeOf('1.3', 'xml') };
  const response = await fetch(url, { method: 'POST', headers, body });
  return decodeMessage(Buffer.from(await response.arrayBuffer()), 'xml').transactions[0]?.primitive;
}

export const codeOf = (primitive: Element | undefined): string | undefined =>
  childText(child(primitive, 'Result'), 'Code');

/** What a login is asked: the texts of its messages, and the list that an answer is made from. */
export interface Asked {
  readonly texts: readonly string[];
  readonly list: Element;
}

export function askedBy(primitive: Element | undefined): Asked | undefined {
  const list = descendant(primitive, 'Result', 'SystemMessageList');
  if (list === undefined) return undefined;
  return { list, texts: list.children.map((one) => childText(one, 'SystemMessageText') ?? '') };
}

/** Logs in and accepts by the first option what is asked; the texts that were asked. */
export async function logIn(url: string, user: string, option = 1): Promise<readonly string[]> {
  const login = loginOf(user);
  const first = await post(url, login);
  const asked = askedBy(first);
  const last = asked === undefined ? first : await post(url, withAnswers(login, 'xml', asked.list, option));
  if (codeOf(last) !== '200') throw new Error(`the login of ${user} ended with ${codeOf(last)}`);
  return asked?.texts ?? [];
}
