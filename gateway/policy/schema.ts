/**
 * The shape of every policy file, once: the types come from it, the checks of shape use it, and a JSON Schema can be
 * made of it. What one key means for another is checked in check-*.ts. This file has service levels and questions before
 * login; schema-on-line.ts, schema-off-line-user.ts and schema-tests.ts have the other kinds.
 */
import * as z from 'zod';
import { applies, duration, flag, id, levelName, MOST_OPTIONS, order, text, texts, version } from './schema-forms.ts';

/** The kinds of files in a set. */
export const KINDS = ['service-levels', 'off-line-service', 'on-line-service', 'off-line-user'] as const;

const ruling = z
  .strictObject({ deny: texts.optional(), grant: levelName.optional() })
  .describe('{ deny: TEXTS } or { grant: LEVEL }');

const serviceNames = z.array(text('a name of the service tree')).describe('a list of names of the service tree');

export const serviceLevelsSchema = z.strictObject({
  kind: z.literal('service-levels'),
  default: levelName,
  levels: z
    .record(
      z.string(),
      z
        .strictObject({ grant: serviceNames, except: serviceNames.optional() })
        .describe('{ grant: [NAME, …] }, with except: [NAME, …] if needed'),
    )
    .describe('service levels by name'),
});
export type ServiceLevelsFile = z.infer<typeof serviceLevelsSchema>;

const charge = z
  .strictObject({
    kind: z.literal('currency'),
    amount: z
      .string()
      .regex(/^\d{1,9}(\.\d{1,6})?$/)
      .describe('an amount in quotes, such as "0.10"'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('three capital letters of ISO 4217, such as EUR'),
    per: z.string().min(1).max(24).describe('what the charge is for, up to 24 characters, such as message'),
    estimate: flag.optional(),
  })
  .describe('{ kind: currency, amount: "0.10", currency: EUR, per: message }');

export const optionSchema = z
  .strictObject({ id, text: texts, grant: levelName.optional(), deny: texts.optional() })
  .describe('an option: { id, text, grant: LEVEL } or { id, text, deny: TEXTS }');

const verification = z
  .strictObject({
    inText: texts.optional(),
    url: flag.optional(),
    key: z.string().min(1).max(40).describe('the word that proves reading, up to 40 characters'),
  })
  .describe('{ inText: TEXTS, key: WORD } or { url: true, key: random }');

const askMode = z.enum(['every-login', 'on-change', 'once']);
const ask = z
  .union([askMode, z.strictObject({ every: duration(3_650) })])
  .describe('every-login, on-change, once or { every: DURATION }');

export const offLineServiceSchema = z.strictObject({
  kind: z.literal('off-line-service'),
  id,
  version,
  purpose: z.enum(['advice-of-charge', 'terms', 'notice']),
  order: order.optional(),
  applies: applies.optional(),
  charge: charge.optional(),
  message: texts,
  options: z.array(optionSchema).max(MOST_OPTIONS).describe(`a list of at most ${MOST_OPTIONS} options`).optional(),
  verification: verification.optional(),
  requiresResponse: flag.optional(),
  timeout: duration(7).optional(),
  resend: z.int().min(0).max(20).describe('a whole number from 0 to 20').optional(),
  onTimeout: ruling.optional(),
  ask: ask.optional(),
  record: z.enum(['keyed', 'none']).optional(),
  withoutSystemMessages: z
    .strictObject({ deny: texts.optional(), grant: levelName.optional(), converse: flag.optional() })
    .describe('{ deny: TEXTS }, { grant: LEVEL } or { converse: true }')
    .optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
});
export type OffLineServiceFile = z.infer<typeof offLineServiceSchema>;
