/**
 * A kept message as one row of a copy: its place, its header and its content, each in the bytes of `mailbox-records.ts`:
 *
 *     length 2 · place · length 4 · header · content, with its format, to the end (nothing: there is none)
 */
import { RecordError } from './records.ts';

export interface MailRow {
  readonly place: Buffer;
  readonly header: Buffer;
  readonly content: Buffer | undefined;
}

export function writeMailRow({ place, header, content }: MailRow): Buffer {
  const lengths = Buffer.alloc(6);
  lengths.writeUInt16BE(place.length, 0);
  lengths.writeUInt32BE(header.length, 2);
  const parts = [lengths.subarray(0, 2), place, lengths.subarray(2), header];
  return Buffer.concat(content === undefined ? parts : [...parts, content]);
}

/** Parts of the same memory. @throws RecordError */
export function readMailRow(value: Uint8Array): MailRow {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  try {
    const headerAt = 2 + bytes.readUInt16BE(0);
    const contentAt = headerAt + 4 + bytes.readUInt32BE(headerAt);
    if (contentAt > bytes.length) throw new RecordError('a row of a copy is damaged');
    const content = contentAt === bytes.length ? undefined : bytes.subarray(contentAt);
    return { place: bytes.subarray(2, headerAt), header: bytes.subarray(headerAt + 4, contentAt), content };
  } catch {
    throw new RecordError('a row of a copy is damaged');
  }
}
