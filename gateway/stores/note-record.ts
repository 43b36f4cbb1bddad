/** A note as it lies in every store: the number of its format, then its text. Its name is short, because it is part of a key. */
import { RecordError } from './records.ts';

const FORMAT = 1;
const MAX_NAME_CHARACTERS = 100;

export function writeNote(text: string): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), Buffer.from(text)]);
}

/** @throws RecordError */
export function readNote(bytes: Buffer): string {
  if (bytes[0] !== FORMAT) throw new RecordError('a note is damaged');
  return bytes.toString('utf8', 1);
}

/** @throws RangeError */
export function checkNoteName(name: string): void {
  if (name.length <= MAX_NAME_CHARACTERS) return;
  throw new RangeError(`the name of a note has more than ${MAX_NAME_CHARACTERS} characters`);
}
