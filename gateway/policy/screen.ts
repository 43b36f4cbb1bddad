/**
 * A phone's small screen, drawn in text: lines wrapped by words as a phone wraps them, in a frame. Widths are columns of
 * a terminal, in which an East Asian character takes two and a combining mark none.
 */

/** Columns inside the frame. */
export const SCREEN_COLUMNS = 24;
/** Stands where a phone that shows no more than it must cuts the message. */
export const CUT_MARK = '‖';

/** The text in lines of at most `columns`; words break only where one alone is wider. */
export function wrap(text: string, columns: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, columns));
}

function wrapParagraph(paragraph: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(/ +/).flatMap((long) => piecesOf(long, columns))) {
    if (line === '') line = word;
    else if (columnsOf(line) + 1 + columnsOf(word) <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A word in pieces that fit a line. */
function piecesOf(word: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (columnsOf(piece) + columnsOf(character) > columns) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** The lines in a frame. */
export function framed(lines: readonly string[], columns: number): readonly string[] {
  const edge = '─'.repeat(columns + 2);
  const padded = lines.map((line) => `│ ${line}${' '.repeat(Math.max(0, columns - columnsOf(line)))} │`);
  return [`┌${edge}┐`, ...padded, `└${edge}┘`];
}

const NO_COLUMN = /^(?:\p{Mark}|[\u200B-\u200F])$/u;
/** Hangul, kana, ideographs, full-width forms and pictures. */
const TWO_COLUMNS =
  /^[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]$/u;

/** The columns of a terminal that the text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += NO_COLUMN.test(character) ? 0 : TWO_COLUMNS.test(character) ? 2 : 1;
  return columns;
}
