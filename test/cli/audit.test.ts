/** `sapgw audit`: what it prints, what it finds, and that an export proves itself. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { accepted, OTHER_TEXT, record, TEXT } from '../stores/records-of-tests.ts';
import { ALICE, BOB, Kept } from './kept.ts';

let kept: Kept;
beforeEach(async () => {
  kept = new Kept();
  await kept.fill();
});
afterEach(() => kept.remove());

const headOf = (out: string): string => /^head (.*)$/m.exec(out)?.[1] ?? '';

/** Deletes an entry behind the gateway's back. */
async function removeEntry(sequence: number): Promise<void> {
  const root = open<Buffer, string>(join(kept.folder, 'data'), { encoding: 'binary', maxDbs: 64 });
  const entries = root.openDB<Buffer, Buffer>({ name: 'audit', encoding: 'binary', keyEncoding: 'binary' });
  await entries.remove(Buffer.from([0, 0, 0, 0, 0, sequence]));
  await root.close();
}

describe('verify', () => {
  test('says that nothing is wrong, and the head to note', async () => {
    const { out, err, status } = await kept.sapgw('audit', 'verify');
    expect(out).toMatch(/^5 entries\nhead 5:[0-9a-f]{64}\nnothing is wrong\n$/);
    expect([err, status]).toEqual([[], 0]);
  });

  test('names each problem, and exits with 1', async () => {
    await removeEntry(2);
    const { out, status } = await kept.sapgw('audit', 'verify');
    expect(out.split('\n').slice(2)).toEqual(['entry 2 is missing', '1 problem', '']);
    expect(status).toBe(1);
  });

  test('tells programs the same', async () => {
    await removeEntry(5);
    const { out, status } = await kept.sapgw('audit', 'verify', '--json');
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      entries: 4,
      erased: 0,
      head: expect.stringMatching(/^5:/),
      problems: expect.arrayContaining([{ sequence: 5, code: 'missing', message: 'is missing' }]),
    });
    expect(status).toBe(1);
  });

  test('a noted head finds that an older copy was put back', async () => {
    const before = readFileSync(join(kept.folder, 'data', 'data.mdb'));
    const old = headOf((await kept.sapgw('audit', 'verify')).out);
    await kept.store((store) => store.acceptances.accept('x', accepted([record(6), record(7)])));
    const noted = headOf((await kept.sapgw('audit', 'verify')).out);
    expect((await kept.sapgw('audit', 'verify', '--head', old)).status).toBe(0);
    expect((await kept.sapgw('audit', 'verify', '--head', noted)).status).toBe(0);
    const other = await kept.sapgw('audit', 'verify', '--head', `5:${'0'.repeat(64)}`);
    expect(other.out).toContain('the chain has another hash at 5 than the noted head: it was written anew');
    writeFileSync(join(kept.folder, 'data', 'data.mdb'), before);
    expect((await kept.sapgw('audit', 'verify')).status).toBe(0);
    const back = await kept.sapgw('audit', 'verify', '--head', noted);
    expect(back.out).toContain('the chain ends with 5, before the noted head 7: entries were cut off, or an older');
    expect(back.status).toBe(1);
  });

  test.each([['5'], ['5:abc'], ['x:'.concat('0'.repeat(64))]])('--head %s is wrong use', async (head) => {
    const { err, status } = await kept.sapgw('audit', 'verify', '--head', head);
    expect(err.join()).toContain('--head: must be N:HASH');
    expect(status).toBe(2);
  });

  test('a key that is not the gateway’s does not believe the seal', async () => {
    writeFileSync(join(kept.folder, 'secret'), 'another key '.repeat(4).replaceAll(' ', ''));
    const { out, status } = await kept.sapgw('audit', 'verify');
    expect(out).toContain('the head is not sealed with this gateway’s key');
    expect(status).toBe(1);
  });

  test.each([
    ['memory:', 'lives inside the running gateway only; ask its admin API, http://127.0.0.1:8081/api/v1'],
    ['lmdb:./nowhere', 'nowhere: holds no store'],
  ])('with the store %s it says where to look', async (store, problem) => {
    const { err, status } = await kept.sapgw('audit', 'verify', '--store', store);
    expect(err.join()).toContain(problem);
    expect(status).toBe(2);
    expect(existsSync('nowhere')).toBe(false);
  });

  test('a damaged store is told and not moved', async () => {
    const file = join(kept.folder, 'data', 'data.mdb');
    writeFileSync(file, readFileSync(file).subarray(0, 12_000));
    const { err, status } = await kept.sapgw('audit', 'verify');
    expect([err.join(), status]).toEqual([expect.stringContaining('is damaged: '), 2]);
    expect(readdirSync(kept.folder).sort()).toEqual(['data', 'gateway.yaml', 'secret']);
  });

  test('missing keys are told and not made', async () => {
    const { err, status } = await kept.sapgw('audit', 'verify', '--secret-file', join(kept.folder, 'other'));
    expect([err.join(), status]).toEqual([expect.stringContaining('other: is not there'), 2]);
    expect(existsSync(join(kept.folder, 'other'))).toBe(false);
  });
});

describe('export', () => {
  test('one line an entry, every field in its place', async () => {
    const { out, status } = await kept.sapgw('audit', 'export');
    const lines = out.split('\n');
    expect([lines.length, status]).toEqual([6, 0]);
    const user = kept.key('one', ALICE);
    const previous = '0'.repeat(64);
    const { hash } = JSON.parse(lines[0] ?? '') as { hash: string };
    expect(lines[0]).toBe(
      `{"sequence":1,"id":"${record(1).id}","user":"${user}","vasp":"one","policy":"advice-of-charge","version":3,` +
        `"outcome":"accepted","option":"accept","text":"${TEXT.hash}","language":"en",` +
        `"presentedAt":"2023-11-14T22:13:20.001Z","decidedAt":"2023-11-14T22:13:40.001Z","tries":1,` +
        `"way":"system-message","level":"full","granted":["full"],"csp":"1.2",` +
        `"charge":{"amount":"0.10","currency":"EUR","per":"message","estimate":false},` +
        `"previous":"${previous}","hash":"${hash}"}`,
    );
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({ charge: null, level: null });
    expect(out).not.toMatch(/alice|bob/i);
  });

  test('an erased entry keeps its hashes alone', async () => {
    await kept.store((store) => store.audit.erase(kept.key('one', BOB)));
    const { out } = await kept.sapgw('audit', 'export');
    const line = out.split('\n')[3] ?? '';
    expect(line).toMatch(
      /^\{"sequence":4,"erased":true,"content":"[0-9a-f]{64}","previous":"[0-9a-f]{64}","hash":"[0-9a-f]{64}"\}$/,
    );
  });

  test.each<[string, readonly string[], readonly number[]]>([
    ['a time', ['--from', '2023-11-14T22:13:40.003Z'], [3, 4, 5]],
    ['an end', ['--until', '2023-11-14T22:13:40.003Z'], [1, 2]],
    ['a day', ['--until', '2023-11-15'], [1, 2, 3, 4, 5]],
    ['a time elsewhere', ['--from', '2023-11-15T00:13:40.005+02:00'], [5]],
    ['a policy', ['--policy', 'terms'], [2]],
    ['a VASP', ['--vasp', 'two'], [3]],
    ['a user', ['--user', 'WV:ALICE@im.example'], [1, 2, 3, 5]],
    ['a user at a VASP', ['--user', ALICE, '--vasp', 'two'], [3]],
    ['somebody unknown', ['--user', 'wv:nobody@im.example'], []],
  ])('by %s', async (_name, words, sequences) => {
    const { out, status } = await kept.sapgw('audit', 'export', ...words);
    const found = out.split('\n').filter((line) => line !== '');
    expect(found.map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual(sequences);
    expect(status).toBe(0);
  });

  test.each([
    [['--from', 'yesterday'], '--from: must be a time'],
    [['--until', '2023-11-14T10:00'], '--until: must be a time'],
    [['--format', 'xml'], '--format: must be jsonl or csv'],
    [['--user', ALICE, '--vasp', 'three'], 'the configuration has no VASP three; it has one, two'],
  ])('%j is wrong use', async (words, problem) => {
    const { out, err, status } = await kept.sapgw('audit', 'export', ...words);
    expect([out, err.join(), status]).toEqual(['', expect.stringContaining(problem), 2]);
  });

  test('texts are written once each under their hash', async () => {
    const texts = join(kept.folder, 'texts');
    await kept.sapgw('audit', 'export', '--texts', texts);
    expect(readdirSync(texts).sort()).toEqual([`${TEXT.hash}.txt`, `${OTHER_TEXT.hash}.txt`].sort());
    for (const name of readdirSync(texts)) {
      const hash = createHash('sha256')
        .update(readFileSync(join(texts, name)))
        .digest('hex');
      expect(`${hash}.txt`).toBe(name);
    }
  });

  test('texts stand in the lines when they are asked for, and the file still verifies', async () => {
    const { out } = await kept.sapgw('audit', 'export', '--with-texts');
    expect(JSON.parse(out.split('\n')[2] ?? '')).toMatchObject({ shown: OTHER_TEXT.text });
    expect((await verified(out)).status).toBe(0);
    const forged = await verified(out.replace('Messages cost EUR 0.10', 'Messages cost EUR 0.01'));
    expect(forged.out).toContain('line 1 holds a text (shown) whose SHA-256 is not the one that it names (text)');
  });

  test('CSV has a header, quotes what needs it, and no formulas', async () => {
    const { out } = await kept.sapgw('audit', 'export', '--format', 'csv', '--with-texts');
    const lines = out.split('\r\n');
    expect(lines[0]).toBe(
      'sequence,id,user,vasp,policy,version,outcome,option,text,language,presentedAt,decidedAt,tries,way,level,granted,' +
        'csp,chargeAmount,chargeCurrency,chargePer,chargeEstimate,erased,content,previous,hash,shown',
    );
    expect(lines).toHaveLength(7);
    expect(lines[5]).toContain(",'=cmd(),");
    expect(lines[5]).toContain(',a b,1.2,0.10,EUR,message,false,,,');
    expect(lines[3]).toContain(',"Meddelanden kostar 0,10 EUR styck."');
    expect(lines[1]).toContain(',"Messages cost EUR 0.10 each. Accept?\n1 Accept\n2 Decline"');
  });

  test('an entry that cannot be read is left out and told', async () => {
    const root = open<Buffer, string>(join(kept.folder, 'data'), { encoding: 'binary', maxDbs: 64 });
    const entries = root.openDB<Buffer, Buffer>({ name: 'audit', encoding: 'binary', keyEncoding: 'binary' });
    await entries.put(Buffer.from([0, 0, 0, 0, 0, 2]), Buffer.of(1, 2, 3));
    await root.close();
    const { out, err, status } = await kept.sapgw('audit', 'export');
    expect(out.split('\n')).toHaveLength(5);
    expect([err, status]).toEqual([['entry 2 cannot be read and is left out; see sapgw audit verify'], 1]);
  });
});

/** What `audit verify --file` says of an export. */
function verified(text: string, ...words: readonly string[]) {
  const file = join(kept.folder, 'export.jsonl');
  writeFileSync(file, text);
  return kept.sapgw('audit', 'verify', '--file', file, ...words);
}

describe('verify --file', () => {
  const exported = async (...words: readonly string[]) => (await kept.sapgw('audit', 'export', ...words)).out;

  test('a whole export proves itself, and says what it cannot prove', async () => {
    const { out, status } = await verified(await exported());
    expect(out).toMatch(
      /^5 entries\nhead 5:[0-9a-f]{64}\nnote: whether anything came after 5 an export does not prove; compare a noted head with --head\nnothing is wrong\n$/,
    );
    expect(status).toBe(0);
  });

  test('with erased entries, after retention', async () => {
    await kept.store(async (store) => {
      await store.audit.erase(kept.key('one', BOB));
      await store.audit.dropBefore(record(3).decidedAt);
    });
    const { out, status } = await verified(await exported());
    expect(out).toContain('3 entries, 1 of them erased\n');
    expect(out).toContain('note: begins with 3: what came before was dropped by retention, or left out by a filter');
    expect(status).toBe(0);
  });

  test('a filtered export is no whole chain', async () => {
    const { out, status } = await verified(await exported('--user', ALICE));
    expect(out).toContain('note: an export made with a filter is not a whole chain');
    expect(out).toContain('entry 4 is missing');
    expect(status).toBe(1);
  });

  test.each<[string, (lines: string[]) => string[], RegExp]>([
    ['changed', (lines) => lines.map((line) => line.replace('"tries":1', '"tries":2')), /entry 1 has been changed/],
    ['swapped', ([a = '', b = '', ...rest]) => [b, a, ...rest], /entry 1 stands here a second time, or out of order/],
    ['taken out', (lines) => lines.toSpliced(1, 1), /entry 2 is missing\n/],
    ['repeated', ([a = '', ...rest]) => [a, a, ...rest], /entry 1 stands here a second time/],
    [
      'with a key more',
      (lines) => [`{"note":1,${lines[0]?.slice(1)}`, ...lines.slice(1)],
      /line 1 has a key that no entry has: note/,
    ],
    ['without a key', (lines) => lines.map((line) => line.replace('"tries":1,', '')), /line 1 lacks the key tries/],
    [
      'with another time',
      (lines) => lines.map((line) => line.replace('40.003Z', '40Z')),
      /line 3 has a value that no entry has: decidedAt/,
    ],
    ['no JSON', (lines) => ['{', ...lines], /line 1 is no JSON/],
  ])('a line %s is found', async (_name, change, problem) => {
    const lines = (await exported()).split('\n').slice(0, -1);
    const { out, status } = await verified(`${change(lines).join('\n')}\n`);
    expect(out).toMatch(problem);
    expect(status).toBe(1);
  });

  test('a noted head is compared', async () => {
    const noted = headOf((await kept.sapgw('audit', 'verify')).out);
    const whole = await exported();
    expect(await verified(whole, '--head', noted)).toMatchObject({ status: 0 });
    const cut = await verified(whole.split('\n').slice(0, 3).join('\n'), '--head', noted);
    expect(cut.out).toContain('the export ends with 3, before the noted head 5');
    expect(cut.status).toBe(1);
  });

  test('a file that is not there is told', async () => {
    const { err, status } = await kept.sapgw('audit', 'verify', '--file', join(kept.folder, 'none'));
    expect([err.join(), status]).toEqual([expect.stringContaining('none: cannot be read: ENOENT'), 2]);
  });
});
