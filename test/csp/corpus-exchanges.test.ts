/**
 * Recordings of a real server, when they are at hand: every WBXML message in them, with what another decoder read in it.
 * Ours must read the same; what it refuses is listed with the reason.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../gateway/csp/element.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { decodeWbxmlDocument } from '../../gateway/csp/wbxml/codec.ts';
import { hex } from './trees.ts';

const RECORDINGS = new URL('../../../shared/corpus/exchanges/', import.meta.url);

/** The recordings with messages that are refused even by the tolerant reading, on purpose, and the codes of the refusals. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  http: ['NOT_WELL_FORMED'],
  malformed: ['NOT_WELL_FORMED', 'NOT_UTF8', 'UNKNOWN_TOKEN'],
  'unknown-primitive': ['UNKNOWN_TOKEN'],
};

/** [depth, name, text] of every element, in order. */
function rows(element: Element, depth = 0): (string | number)[][] {
  return [[depth, element.name, element.text], ...element.children.flatMap((child) => rows(child, depth + 1))];
}

function recordedRows(listing: string): (string | number)[][] {
  const row = /^( *)([^\s[]+) \[[^\]]+\](?: xmlns="[^"]*" \{[^}]*\})?(?: = "([\s\S]*?)" {2}<([^>\n]*)>)?$/gm;
  const found = [...listing.matchAll(row)].map(([, indent = '', name = '', text = '', items = '']) => [
    indent.length / 2,
    name,
    // The other decoder shows packed dates as octets.
    items === 'OPAQUE(6) date' ? 'packed date' : text,
  ]);
  // It shows binary content as octets, too, and leaves ContentEncoding None as the server sent it.
  const binary = found.find(([, name, text]) => name === 'ContentData' && String(text).startsWith('hex:'));
  const encoding = found.find(([, name]) => name === 'ContentEncoding');
  if (binary !== undefined) binary[2] = hex(String(binary[2]).slice('hex:'.length)).toString('base64');
  if (binary !== undefined && encoding !== undefined) encoding[2] = 'BASE64';
  return found;
}

if (!existsSync(RECORDINGS)) {
  test('the recordings are not here; nothing to compare with', () => {
    expect(existsSync(RECORDINGS)).toBe(false);
  });
} else {
  describe('recorded WBXML', () => {
    const files = readdirSync(RECORDINGS).filter((file) => file.includes('-wbxml-'));
    test.each(files)('%s', (file) => {
      const scenario = file.replace(/^.*-wbxml-|\.txt$/g, '');
      const recording = readFileSync(new URL(file, RECORDINGS), 'utf8');
      const messages = recording.matchAll(
        /^-- hex\n((?:[0-9a-f]{4} {2}.*\n)+)-- decoded\n([\s\S]*?)(?=^<{8}|^={8}|$(?![\s\S]))/gm,
      );
      let compared = 0;
      for (const [, dump = '', listing = ''] of messages) {
        const octets = hex(dump.replace(/^.{6}(.{48}).*$/gm, '$1'));
        try {
          const tree = decodeWbxmlDocument(octets, versionOf(octets), { tolerant: true });
          const expected = recordedRows(listing);
          // The other decoder reads value 0x68 as 1.3 does, whatever the version.
          const misread = expected.find(([, name, text]) => name === 'Cap' && text === 'AP');
          if (misread !== undefined && octets[1] === 0x10) misread[2] = 'IM';
          const read = rows(tree).map((row, i) =>
            expected[i]?.[2] === 'packed date' ? [row[0], row[1], 'packed date'] : row,
          );
          expect(read).toEqual(expected);
          compared++;
        } catch (error) {
          if (!(error instanceof CspError)) throw error;
          expect([scenario, REFUSED[scenario]?.includes(error.code)]).toEqual([scenario, true]);
        }
      }
      expect(compared).toBeGreaterThan(0);
    });
  });
}

/** By the public identifier, as these recordings have it. */
function versionOf(octets: Buffer): CspVersion {
  return octets[1] === 0x12 ? '1.3' : octets[1] === 0x11 ? '1.2' : '1.1';
}
