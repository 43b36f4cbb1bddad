/** Whose messages a recipient wants, as VASPs say it. */
import { describe, expect, test } from '@jest/globals';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import type { Element } from '../../gateway/csp/element.ts';
import { CSP_VERSIONS, type CspVersion } from '../../gateway/csp/versions.ts';
import { mayWrite, readAccessLists } from '../../gateway/stored-message/access-lists.ts';

function response(xml: string): Element {
  return decodeDocument(Buffer.from(`<GetBlockedList-Response>${xml}</GetBlockedList-Response>`), 'xml', '1.2');
}

const ALICE = '<EntityList><UserID>\nwv:alice@im.example\n</UserID></EntityList>';
const alice = ['wv:alice@im.example'];

describe('the lists of a VASP', () => {
  const inside = (list: string, inUse: string): string => `<${list}>${inUse}${ALICE}</${list}>`;

  test.each<
    [version: CspVersion, xml: string, blocked: readonly string[] | undefined, granted: readonly string[] | undefined]
  >([
    ['1.1', '', undefined, undefined],
    ['1.1', inside('BlockList', '<InUse>T</InUse>'), alice, undefined],
    ['1.2', inside('BlockList', '<InUse>\nT\n</InUse>'), alice, undefined],
    ['1.2', inside('BlockList', '<InUse>F</InUse>'), undefined, undefined],
    ['1.2', inside('BlockList', ''), alice, undefined],
    ['1.2', inside('GrantList', ''), undefined, undefined],
    ['1.2', inside('GrantList', '<InUse>T</InUse>'), undefined, alice],
    ['1.2', '<GrantList><InUse>T</InUse></GrantList>', undefined, []],
    ['1.2', '<BlockList><InUse>T</InUse></BlockList>', [], undefined],
    // Beside the lists, as Baraza and InUse of 1.3 have it.
    [
      '1.3',
      `${inside('BlockList', '')}<BlockListInUse>T</BlockListInUse><GrantList/><GrantListInUse>F</GrantListInUse>`,
      alice,
      undefined,
    ],
    ['1.3', `${inside('BlockList', '')}<BlockListInUse>F</BlockListInUse>`, undefined, undefined],
    ['1.3', `${inside('GrantList', '')}<GrantListInUse>T</GrantListInUse>`, undefined, alice],
    ['1.3', inside('BlockList', '<InUse>F</InUse>'), undefined, undefined],
    ['1.2', `${inside('BlockList', '')}<BlockListInUse>F</BlockListInUse>`, undefined, undefined],
    // Who is in that contact list is not known here.
    [
      '1.3',
      '<GrantList><EntityList><UserID>wv:x</UserID><ContactList>wv:c/friends</ContactList></EntityList></GrantList><GrantListInUse>T</GrantListInUse>',
      undefined,
      undefined,
    ],
  ])('in %s: %s', (version, xml, blocked, granted) => {
    expect(readAccessLists(response(xml), version)).toEqual({ blocked, granted });
  });

  test.each(CSP_VERSIONS)('name users alone, in %s', (version) => {
    const xml =
      '<BlockList><InUse>T</InUse><EntityList><UserID>wv:he@there.example</UserID><ScreenName><SName>Billyboy</SName>' +
      '<GroupID>wv:john/chat@there.example</GroupID></ScreenName><GroupID>wv:/boring@there.example</GroupID></EntityList></BlockList>';
    expect(readAccessLists(response(xml), version)).toEqual({ blocked: ['wv:he@there.example'], granted: undefined });
  });
});

describe('a sender', () => {
  const blocks = { blocked: ['WV:Alice@im.example', 'bob'], granted: undefined };
  const grants = { blocked: undefined, granted: ['wv:alice'] };

  test.each([
    ['wv:alice@im.example', false],
    ['ALICE@IM.EXAMPLE', false],
    ['wv:%61lice@im.example', false],
    ['wv:alice', false],
    ['wv:alice@other.example', true],
    ['wv:bob@im.example', false],
    ['wv:bob@other.example', true],
    ['wv:carol@im.example', true],
  ])('%s among blocked ones may write: %s', (sender, may) => {
    expect(mayWrite(blocks, sender, 'im.example')).toBe(may);
  });

  test.each([
    ['wv:alice@im.example', true],
    ['wv:alice', true],
    ['wv:alice@other.example', false],
    ['wv:carol@im.example', false],
  ])('%s where only some are granted may write: %s', (sender, may) => {
    expect(mayWrite(grants, sender, 'IM.example')).toBe(may);
  });

  test('may write where no list is in use', () => {
    expect(mayWrite({ blocked: undefined, granted: undefined }, 'wv:anybody', '')).toBe(true);
  });

  test('may not write where it is blocked and granted', () => {
    expect(mayWrite({ blocked: ['wv:a@b'], granted: ['wv:a@b'] }, 'wv:a@b', '')).toBe(false);
  });

  test('is compared as it stands where the domain is not known', () => {
    expect(mayWrite({ blocked: ['wv:alice'], granted: undefined }, 'wv:alice', '')).toBe(false);
    expect(mayWrite({ blocked: ['wv:alice'], granted: undefined }, 'wv:alice@im.example', '')).toBe(true);
  });
});
