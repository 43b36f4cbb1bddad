/**
 * Plays every transcript of this folder against the whole gateway, in XML and WBXML and in every version that it is
 * written for. Adding a case is adding a .txt.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from '@jest/globals';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { play } from './play.ts';
import { parseScript } from './script.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ENCODINGS: readonly Encoding[] = ['xml', 'wbxml'];

describe('transcripts', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
    const script = parseScript(readFileSync(FOLDER + file, 'utf8'));
    const variants = script.versions.flatMap((version) => ENCODINGS.map((encoding) => ({ version, encoding })));
    test.each(variants)(`${file}, CSP $version, $encoding`, ({ version, encoding }) =>
      play(file, script, version, encoding),
    );
  }
});
