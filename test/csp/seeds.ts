/**
 * The messages that damaged ones are made from: usual ones, odd ones that are accepted, the project's corpus and, where it
 * is, the corpus of recorded messages. Files under `test/corpus/damaged` are inputs that once did harm; they are tried as
 * they are, and damaged further.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CspError } from '../../gateway/csp/errors.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { ACCEPTED as ACCEPTED_WBXML } from './cases-wbxml.ts';
import { ACCEPTED as ACCEPTED_XML } from './cases-xml.ts';
import { readHexFile } from './trees.ts';

const CORPUS = join(import.meta.dirname, '../corpus');
const RECORDED = join(import.meta.dirname, '../../../shared/corpus/csp-1.1');
/** Cases about limits are large: mutations of them find nothing that small ones do not. */
const MOST_BYTES = 8000;

/** Every message of the corpora in that encoding: the version it is of, and its bytes. */
export function corpusMessages(encoding: Encoding): { readonly name: string; readonly bytes: Buffer }[] {
  const found = [...filesOf(join(CORPUS, 'csp-1.2')), ...filesOf(join(CORPUS, 'csp-1.3')), ...filesOf(RECORDED)];
  return found
    .filter((file) => file.endsWith(encoding === 'xml' ? '.xml' : '.wbxml') || file.endsWith(`.${encoding}.hex`))
    .map((file) => ({ name: file, bytes: file.endsWith('.hex') ? readHexFile(file) : readFileSync(file) }));
}

function filesOf(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((file) => join(folder, file))
    : [];
}

/** Inputs that once did harm: `name.xml` or `name.wbxml`. */
export function damagedFiles(encoding: Encoding): Buffer[] {
  return filesOf(join(CORPUS, 'damaged'))
    .filter((file) => file.endsWith(`.${encoding}`))
    .map((file) => readFileSync(file));
}

/** Everything that mutations start from, in one encoding. */
export function seedsOf(encoding: Encoding): readonly Buffer[] {
  const cases = encoding === 'xml' ? ACCEPTED_XML : ACCEPTED_WBXML;
  return [
    ...cases.map(([, message]) => Buffer.from(message as string)),
    ...corpusMessages(encoding).map(({ bytes }) => bytes),
    ...damagedFiles(encoding),
  ].filter(({ length }) => length <= MOST_BYTES);
}

/** The code of the CspError that a piece of work ends with; undefined when it ends well. Anything else is thrown on. */
export function codeOf(work: () => void): CspError['code'] | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CspError) return error.code;
    throw error;
  }
}
