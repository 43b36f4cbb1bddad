/**
 * How long what lies in a share stays in Redis when nobody removes it: no key goes without a life, so that nothing is left of
 * a gateway that was given up. What is over is judged by the gateway's own clock and removed by it; lives are far longer than
 * that takes, and a time that lies in the past by this machine's clock gives a day.
 */

const DAY_MILLIS = 86_400_000;

/** After a time has come at which the gateway removes something: it may be off for so long, and still find it. */
export const MARGIN_MILLIS = {
  /** A kept message and its content: its sender may still be told that it has expired. */
  mail: 31 * DAY_MILLIS,
  /** Dead ones are for the operator for 30 days. */
  deadMail: 31 * DAY_MILLIS,
  /** Failed ones are for the operator, others tell when a user was last told. */
  notification: 8 * DAY_MILLIS,
  /** System Messages that came to their end are kept for 7 days. */
  systemMessage: 8 * DAY_MILLIS,
  /** Beyond the last record that an index has a row for: it still knows what the record counted. */
  index: 60 * DAY_MILLIS,
} as const;

/** What a client agreed on once, from the last time that it did. */
export const WISHES_MILLIS = 400 * DAY_MILLIS;

/** From now on, in milliseconds. @param until wall-clock milliseconds */
export function lifeMillis(until: number, marginMillis: number): number {
  return Math.max(Math.ceil(until + marginMillis - Date.now()), DAY_MILLIS);
}

/** Of an index with a row for a record of this life. */
export function indexLifeMillis(life: number): number {
  return life + MARGIN_MILLIS.index;
}
