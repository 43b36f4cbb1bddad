/**
 * How messages to users and the users' settings are written in the store, each beginning with the number of its format. A
 * message has its id as key; an open one with usual names takes 83 bytes, one about another user 155:
 *
 *     format 1 · state 1 · way 1 · flags 1 · user 17 · definition 17 · created 6 · expires 6 · sequence, version, tries 1
 *     to 8 each · VASP, policy 1 + n each, then what the flags say: about-key 17, about 1 + n, broadcast 1 + n or 17,
 *     sent, delivered, answered, ended 6 each, option 1 + n
 *
 * A record whose bytes are not exactly what this version writes for it counts as damaged.
 */
import type { MessageRecord, MessageState, UserSettings } from '../system-message-ports.ts';
import { type FieldReader, FieldWriter } from './field-bytes.ts';
import { RecordError } from './records.ts';
import { sound } from './sound-record.ts';

const MESSAGE_FORMAT = 1;
const SETTINGS_FORMAT = 1;

/** Their places are what is written: new ones go to the end. */
const STATES: readonly MessageState[] = ['open', 'inbox', 'delivered', 'answered', 'expired', 'withdrawn', 'read'];
const WAYS: readonly MessageRecord['way'][] = [undefined, 'system-message', 'conversation', 'page'];

const ABOUT_KEY = 0x01;
const ABOUT = 0x02;
const BROADCAST = 0x04;
const SENT = 0x08;
const DELIVERED = 0x10;
const ANSWERED = 0x20;
const OPTION = 0x40;
const ENDED = 0x80;

const HELP_OFF = 0x01;
const FORGOTTEN = 0x02;

/** The settings of a user as they stand in the store. */
export interface StoredSettings extends UserSettings {
  /** Ids of messages that were erased with the user before they had ended: whoever has one in memory does not write it again. */
  readonly forgotten: readonly string[];
}

export function writeMessage(record: MessageRecord): Buffer {
  const { aboutKey, about, broadcast, sentAt, deliveredAt, answeredAt, option, endedAt } = record;
  const to = new FieldWriter();
  to.number(MESSAGE_FORMAT, 1);
  to.number(STATES.indexOf(record.state), 1);
  to.number(WAYS.indexOf(record.way), 1);
  to.number(flagsOf(record), 1);
  to.key(record.userKey);
  to.key(record.definition);
  to.number(record.createdAt, 6);
  to.number(record.expiresAt, 6);
  to.count(record.sequence);
  to.count(record.version);
  to.count(record.tries);
  to.text(record.vasp);
  to.text(record.policy);
  if (aboutKey !== undefined) to.key(aboutKey);
  if (about !== undefined) to.block(about);
  if (broadcast !== undefined) to.key(broadcast);
  for (const time of [sentAt, deliveredAt, answeredAt, endedAt]) if (time !== undefined) to.number(time, 6);
  if (option !== undefined) to.text(option);
  return to.bytes();
}

function flagsOf(record: MessageRecord): number {
  return (
    (record.aboutKey === undefined ? 0 : ABOUT_KEY) |
    (record.about === undefined ? 0 : ABOUT) |
    (record.broadcast === undefined ? 0 : BROADCAST) |
    (record.sentAt === undefined ? 0 : SENT) |
    (record.deliveredAt === undefined ? 0 : DELIVERED) |
    (record.answeredAt === undefined ? 0 : ANSWERED) |
    (record.option === undefined ? 0 : OPTION) |
    (record.endedAt === undefined ? 0 : ENDED)
  );
}

/**
 * The message that stands under an id; the bytes may change after.
 *
 * @throws RecordError
 */
export function readMessage(id: string, bytes: Buffer): MessageRecord {
  return sound(bytes, MESSAGE_FORMAT, 'a message record', (from) => messageOf(id, from), writeMessage);
}

function messageOf(id: string, from: FieldReader): MessageRecord {
  const state = STATES[from.number(1)];
  const wayPlace = from.number(1);
  if (state === undefined || wayPlace >= WAYS.length) throw new RecordError('a message record is damaged');
  const flags = from.number(1);
  const userKey = from.key();
  const definition = from.key();
  const createdAt = from.number(6);
  const expiresAt = from.number(6);
  const sequence = from.count();
  const version = from.count();
  const tries = from.count();
  const vasp = from.text();
  const policy = from.text();
  const aboutKey = (flags & ABOUT_KEY) === 0 ? undefined : from.key();
  const about = (flags & ABOUT) === 0 ? undefined : from.block();
  const broadcast = (flags & BROADCAST) === 0 ? undefined : from.key();
  const sentAt = (flags & SENT) === 0 ? undefined : from.number(6);
  const deliveredAt = (flags & DELIVERED) === 0 ? undefined : from.number(6);
  const answeredAt = (flags & ANSWERED) === 0 ? undefined : from.number(6);
  const endedAt = (flags & ENDED) === 0 ? undefined : from.number(6);
  const option = (flags & OPTION) === 0 ? undefined : from.text();
  // One literal: put together from parts, such an object takes ten times as long to make.
  return {
    id,
    userKey,
    vasp,
    policy,
    version,
    definition,
    sequence,
    aboutKey,
    about,
    broadcast,
    state,
    createdAt,
    expiresAt,
    sentAt,
    tries,
    deliveredAt,
    answeredAt,
    option,
    way: WAYS[wayPlace],
    endedAt,
  };
}

export function writeSettings({ help, seen, forgotten }: StoredSettings): Buffer {
  const to = new FieldWriter();
  to.number(SETTINGS_FORMAT, 1);
  to.number((help === 'off' ? HELP_OFF : 0) | (forgotten.length === 0 ? 0 : FORGOTTEN), 1);
  if (forgotten.length > 0) to.count(forgotten.length);
  for (const id of forgotten) to.key(id);
  to.count(seen.size);
  for (const [policy, version] of seen) {
    to.text(policy);
    to.count(version);
  }
  return to.bytes();
}

/** @throws RecordError */
export function readSettings(bytes: Buffer): StoredSettings {
  return sound(bytes, SETTINGS_FORMAT, 'a record of settings', settingsOf, writeSettings);
}

function settingsOf(from: FieldReader): StoredSettings {
  const flags = from.number(1);
  const forgotten: string[] = [];
  for (let left = (flags & FORGOTTEN) === 0 ? 0 : from.count(); left > 0; left -= 1) forgotten.push(from.key());
  const seen = new Map<string, number>();
  for (let left = from.count(); left > 0; left -= 1) seen.set(from.text(), from.count());
  return { help: (flags & HELP_OFF) === 0 ? 'on' : 'off', seen, forgotten };
}
