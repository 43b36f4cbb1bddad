/**
 * The shape of policies for users who are not logged in [policy-files §4]. Which statuses can mean that somebody is away,
 * and what an option must say, is checked in check-off-line-user.ts.
 */
import * as z from 'zod';
import { applies, duration, flag, id, MOST_OPTIONS, order, size, text, texts, version } from './schema-forms.ts';

/** What one recipient's waiting messages may be set to. */
const MOST_MESSAGES = 100_000;
const LONGEST_DAYS = 365;
const MOST_STATUSES = 20;

const keep = z
  .strictObject({
    messages: z.int().min(1).max(MOST_MESSAGES).describe(`a whole number from 1 to ${MOST_MESSAGES}`).optional(),
    bytes: size('1KiB', '1GiB').optional(),
    for: duration(LONGEST_DAYS).optional(),
  })
  .describe('{ messages: NUMBER, bytes: SIZE, for: DURATION }');

const notify = z
  .strictObject({
    bearer: text('the name of a bearer of the configuration').max(64),
    text: texts,
    atMostEvery: duration(30).optional(),
  })
  .describe('{ bearer: NAME, text: TEXTS, atMostEvery: DURATION }');

const option = z
  .strictObject({ id, text: texts, proceed: flag.optional(), deny: texts.optional() })
  .describe('an option: { id, text, proceed: true } or { id, text, deny: TEXTS }');

const atLogin = z
  .strictObject({
    message: texts,
    options: z.array(option).max(MOST_OPTIONS).describe(`a list of at most ${MOST_OPTIONS} options`).optional(),
  })
  .describe('what is asked at login: { message: TEXTS, options: [OPTION, …] }');

export const offLineUserSchema = z.strictObject({
  kind: z.literal('off-line-user'),
  id,
  version: version.optional(),
  order: order.optional(),
  applies: applies.optional(),
  keep: keep.optional(),
  storeOn: z
    .array(z.int().min(100).max(999).describe('a status such as 533'))
    .min(1)
    .max(MOST_STATUSES)
    .describe('a list of statuses, such as [533, 410]')
    .optional(),
  notify: notify.optional(),
  atLogin: atLogin.optional(),
});
export type OffLineUserFile = z.infer<typeof offLineUserSchema>;
