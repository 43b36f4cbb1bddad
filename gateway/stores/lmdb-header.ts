/**
 * Looks at an LMDB file before LMDB maps it: the library does not survive a file that is no environment, or one that was
 * cut short, and takes the process with it. Read here are the two meta pages, as the LMDB inside lmdb-js lays them
 * out on a 64-bit little-endian machine: whether they are meta pages, and whether the roots of the newest trees are
 * inside the file. Everything else is LMDB's to judge.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../error-code.ts';

const PAGE_HEADER_BYTES = 24;
const META_BYTES = 136;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/** Offsets in a meta page. */
const AT = { magic: 24, version: 28, pageSize: 48, freeRoot: 88, mainRoot: 136, transaction: 152 } as const;

/** Looks at a file that seems damaged, before it is called so, and the pause between two of them. */
const LOOKS = 11;
const PAUSE_MILLIS = 50;

/**
 * What is wrong with the environment's file, in a few words; undefined when it looks sound or is not there yet. Another
 * process may be making it or writing to it at this moment: what is damaged stays so for half a second.
 */
export function damageOf(directory: string): string | undefined {
  let damage: string | undefined;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLIS);
    damage = damageNow(directory);
    if (damage === undefined) return undefined;
  }
  return damage;
}

function damageNow(directory: string): string | undefined {
  if (endianness() !== 'LE') return undefined;
  let file: number;
  try {
    file = openSync(join(directory, 'data.mdb'), 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return fstatSync(file).size === 0 ? undefined : damageOfFile(file);
  } finally {
    closeSync(file);
  }
}

function damageOfFile(file: number): string | undefined {
  const first = readMeta(file, 0);
  if (first === undefined) return 'no LMDB file';
  const { pageSize } = first;
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return 'impossible page size';
  const second = readMeta(file, pageSize);
  if (second === undefined) return 'second meta page damaged';
  const newest = second.transaction > first.transaction ? second : first;
  // Measured after the pages were read that name the roots: the file only grows.
  const pages = BigInt(Math.floor(fstatSync(file).size / pageSize));
  return newest.roots.every((root) => root === NO_PAGE || root < pages) ? undefined : 'file cut short';
}

interface Meta {
  readonly pageSize: number;
  readonly transaction: bigint;
  readonly roots: readonly bigint[];
}

function readMeta(file: number, offset: number): Meta | undefined {
  const page = Buffer.alloc(PAGE_HEADER_BYTES + META_BYTES);
  if (readSync(file, page, 0, page.length, offset) < page.length) return undefined;
  if (page.readUInt32LE(AT.magic) !== MAGIC || page.readUInt32LE(AT.version) !== DATA_VERSION) return undefined;
  return {
    pageSize: page.readUInt32LE(AT.pageSize),
    transaction: page.readBigUInt64LE(AT.transaction),
    roots: [page.readBigUInt64LE(AT.freeRoot), page.readBigUInt64LE(AT.mainRoot)],
  };
}
