/**
 * Reads the golden cases under broken/: policy text, a line of ten or more dashes, then exactly the problems that the
 * check must report, one a line, in order. A case of several files begins each with `=== NAME`; a case without that line
 * is one file named policy.yaml.
 */
import type { PolicyFile } from '../../gateway/policy/model.ts';

export interface GoldenCase {
  readonly files: readonly PolicyFile[];
  readonly expected: string;
}

export function readGoldenCase(text: string): GoldenCase {
  const separator = /^-{10,}\n/m.exec(text);
  if (separator === null) throw new Error('a golden case needs a line of ten or more dashes');
  const input = text.slice(0, separator.index);
  const expected = text.slice(separator.index + separator[0].length);
  if (!input.startsWith('=== ')) return { files: [{ path: 'policy.yaml', text: input }], expected };
  const files = input
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return { path: part.slice(0, end), text: part.slice(end + 1) };
    });
  return { files, expected };
}
