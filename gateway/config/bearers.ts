/**
 * How bearers are written in a configuration and written out again [operations §2]: a way to reach users who are not logged
 * in, under a name that policies use. Each kind has its own keys; what is not of its kind is a problem.
 */
import { z } from 'zod';
import type { BearerConfig } from '../config.ts';
import { file, name, senderAddress, smppUrl, systemType, url } from './values.ts';

const credentials = { userFile: file(), passwordFile: file(), from: senderAddress().optional() };

const BEARER = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('kannel'), url: url(), ...credentials }),
    z.strictObject({ kind: z.literal('smpp'), url: smppUrl(), ...credentials, systemType: systemType().optional() }),
    z.strictObject({ kind: z.literal('webhook'), url: url(), keyFile: file() }),
  ])
  .describe('a mapping with kind: kannel, smpp or webhook');

export const BEARERS = z
  .record(name(), BEARER)
  .describe('bearers by name, such as { sms: { kind: kannel, url: URL, userFile: FILE, passwordFile: FILE } }')
  .default({});

/** The bearers as the program uses them; `at` makes paths absolute. */
export function bearersOf(
  written: z.output<typeof BEARERS>,
  at: (path: string) => string,
): ReadonlyMap<string, BearerConfig> {
  return new Map(Object.entries(written).map(([bearerName, bearer]) => [bearerName, bearerOf(bearer, at)]));
}

function bearerOf(bearer: z.output<typeof BEARER>, at: (path: string) => string): BearerConfig {
  if (bearer.kind === 'webhook') return { ...bearer, keyFile: at(bearer.keyFile) };
  const { from, userFile, passwordFile } = bearer;
  const common = { url: bearer.url, userFile: at(userFile), passwordFile: at(passwordFile), from };
  if (bearer.kind === 'kannel') return { kind: 'kannel', ...common };
  return { kind: 'smpp', ...common, systemType: bearer.systemType };
}

/** As an operator would write them; undefined where there is none. */
export function writtenBearers(bearers: ReadonlyMap<string, BearerConfig>): unknown {
  if (bearers.size === 0) return undefined;
  const written = (bearer: BearerConfig) => Object.entries(bearer).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    [...bearers].map(([bearerName, bearer]) => [bearerName, Object.fromEntries(written(bearer))]),
  );
}
