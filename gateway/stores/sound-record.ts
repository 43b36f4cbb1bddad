/**
 * Reads a record and writes it again: bytes that are not exactly what this version writes for what they hold count as damaged,
 * so that a failing disk is found out before its message goes out.
 */
import { FieldReader } from './field-bytes.ts';
import { RecordError } from './records.ts';

/**
 * What the bytes hold, when they are exactly what is written for it. Whatever is wrong is one kind of error,
 * which shows none of it.
 *
 * @throws RecordError
 */
export function sound<T>(
  bytes: Buffer,
  format: number,
  what: string,
  read: (from: FieldReader) => T,
  write: (value: T) => Buffer,
): T {
  if (bytes[0] !== format) throw new RecordError(`${what} has format ${bytes[0]}; this version reads ${format}`);
  try {
    const value = read(new FieldReader(bytes, 1));
    if (write(value).equals(bytes)) return value;
  } catch {
    // Said below, in words that show nothing of the record.
  }
  throw new RecordError(`${what} is damaged`);
}
