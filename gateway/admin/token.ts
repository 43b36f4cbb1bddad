/**
 * The token that the admin API asks for: the content of a file, read for each request so that it can be replaced at any
 * time. It is compared in constant time. Each wrong one is answered late, and after some of them in a minute at once with
 * a refusal, so that trying many is of no use; the right one is never refused.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../error-code.ts';
import type { Clock } from '../ports.ts';

export type TokenVerdict =
  | { readonly kind: 'right' | 'missing' | 'wrong' | 'not-configured' }
  /** A sentence about the file; it holds nothing of the token. */
  | { readonly kind: 'unusable'; readonly problem: string }
  | { readonly kind: 'too-many'; readonly retryAfterSeconds: number };

export interface AdminToken {
  /** @param authorization the request's Authorization header */
  judge(authorization: string | undefined): Promise<TokenVerdict>;
}

const MIN_TOKEN_CHARACTERS = 32;
const WRONG_IN_WINDOW = 20;
const WINDOW_MILLIS = 60_000;
const WRONG_ANSWER_MILLIS = 250;

/** Without a file nothing that needs the token is done. */
export function openAdminToken(file: string | undefined, clock: Pick<Clock, 'monotonic'>): AdminToken {
  let windowStart = Number.NEGATIVE_INFINITY;
  let wrongInWindow = 0;

  const wrong = async (): Promise<TokenVerdict> => {
    const now = clock.monotonic();
    if (now - windowStart >= WINDOW_MILLIS) {
      windowStart = now;
      wrongInWindow = 0;
    }
    wrongInWindow++;
    if (wrongInWindow > WRONG_IN_WINDOW) {
      return { kind: 'too-many', retryAfterSeconds: Math.ceil((windowStart + WINDOW_MILLIS - now) / 1000) };
    }
    await sleep(WRONG_ANSWER_MILLIS);
    return { kind: 'wrong' };
  };

  return {
    async judge(authorization) {
      if (file === undefined) return { kind: 'not-configured' };
      const read = await readToken(file);
      if (read.kind === 'unusable') return read;
      const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
      if (given === undefined) return { kind: 'missing' };
      return timingSafeEqual(digest(given), digest(read.token)) ? { kind: 'right' } : wrong();
    },
  };
}

type ReadToken =
  | { readonly kind: 'read'; readonly token: string }
  | { readonly kind: 'unusable'; readonly problem: string };

/** The token of a file, blanks around it cut off; also for the command line. */
export async function readToken(file: string): Promise<ReadToken> {
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (/\s/.test(token)) return unusable(file, 'holds more than one word');
    if (token.length < MIN_TOKEN_CHARACTERS) {
      return unusable(
        file,
        `holds fewer than ${MIN_TOKEN_CHARACTERS} characters; \`openssl rand -hex 32\` makes a good one`,
      );
    }
    return { kind: 'read', token };
  } catch (error) {
    return unusable(file, `cannot be read: ${errorCode(error)}`);
  }
}

const unusable = (file: string, problem: string): ReadToken => ({
  kind: 'unusable',
  problem: `the admin token file ${file} ${problem}`,
});

/** Equal lengths, whatever was sent. */
const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
