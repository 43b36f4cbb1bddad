/** How a client wants its messages, and what it wishes for the time when it is away. */
import { describe, expect, test } from '@jest/globals';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import { ServiceSet, serviceSetOf } from '../../gateway/csp/service-tree.ts';
import { wishedDelivery } from '../../gateway/stored-message/delivery.ts';
import { mayKeep, mayNotify, NO_WISHES, wishesIn, withWishes } from '../../gateway/stored-message/wishes.ts';
import { FULL_INFO } from './letters.ts';

function request(name: string, content: string) {
  return decodeDocument(Buffer.from(`<${name}>${content}</${name}>`), 'xml', '1.3');
}

describe('a delivery method', () => {
  const capabilities =
    '<CapabilityList><InitialDeliveryMethod>N</InitialDeliveryMethod><AcceptedContentLength>100</AcceptedContentLength></CapabilityList>';

  test.each([
    ['SetDeliveryMethod-Request', '<DeliveryMethod>P</DeliveryMethod>', { method: 'P', pushedBytes: undefined }],
    ['SetDeliveryMethod-Request', '<DeliveryMethod>\nN\n</DeliveryMethod>', { method: 'N', pushedBytes: undefined }],
    [
      'SetDeliveryMethod-Request',
      '<DeliveryMethod>P</DeliveryMethod><AcceptedContentLength>1024</AcceptedContentLength>',
      { method: 'P', pushedBytes: 1024 },
    ],
    [
      'SetDeliveryMethod-Request',
      '<DeliveryMethod>P</DeliveryMethod><AcceptedContentLength>0</AcceptedContentLength>',
      { method: 'P', pushedBytes: undefined },
    ],
    ['SetDeliveryMethod-Request', '<DeliveryMethod>N</DeliveryMethod><GroupID>wv:x/y@z</GroupID>', undefined],
    ['SetDeliveryMethod-Request', '<DeliveryMethod>X</DeliveryMethod>', undefined],
    ['SetDeliveryMethod-Request', '', undefined],
    ['ClientCapability-Request', capabilities, { method: 'N', pushedBytes: undefined }],
    ['Login-Request', capabilities, { method: 'N', pushedBytes: undefined }],
    ['Login-Request', '', undefined],
    ['ClientCapability-Request', '<CapabilityList/>', undefined],
  ])('of %s with %s', (name, content, expected) => {
    expect(wishedDelivery(request(name, content))).toEqual(expected);
  });
});

describe('a wish', () => {
  const ALL = ServiceSet.ALL;
  const withheld = ALL.minus(serviceSetOf('OFFNOTIF') ?? ServiceSet.NONE);
  const sms = '<SupportedOfflineBearer>SMS</SupportedOfflineBearer>';
  const services = (tree: string): string => `<Functions><WVCSPFeat>${tree}</WVCSPFeat></Functions>`;

  test.each([
    ['ClientCapability-Request', '', ALL, undefined],
    ['ClientCapability-Request', '<CapabilityList/>', ALL, { bearers: [], etemHandling: '', notifications: undefined }],
    [
      'ClientCapability-Request',
      `<CapabilityList><OfflineETEMHandling>SENDREJECT</OfflineETEMHandling>${sms}<SupportedOfflineBearer>WSP</SupportedOfflineBearer></CapabilityList>`,
      ALL,
      { bearers: ['SMS', 'WSP'], etemHandling: 'SENDREJECT', notifications: undefined },
    ],
    ['Service-Request', services(''), ALL, { ...NO_WISHES, notifications: true }],
    ['Service-Request', services('<IMFeat/>'), ALL, { ...NO_WISHES, notifications: true }],
    ['Service-Request', services('<IMFeat/>'), withheld, { ...NO_WISHES, notifications: false }],
    [
      'Service-Request',
      services('<IMFeat><IMReceiveFunc><NEWM/></IMReceiveFunc></IMFeat>'),
      ALL,
      { ...NO_WISHES, notifications: false },
    ],
    [
      'Service-Request',
      services('<IMFeat><IMReceiveFunc><NEWM/><OFFNOTIF/></IMReceiveFunc></IMFeat>'),
      ALL,
      { ...NO_WISHES, notifications: true },
    ],
    ['Service-Request', '<AllFunctionsRequest>T</AllFunctionsRequest>', ALL, undefined],
    [
      'Login-Request',
      `${services('<IMFeat/>')}<CapabilityList>${sms}</CapabilityList>`,
      ALL,
      { bearers: ['SMS'], etemHandling: '', notifications: true },
    ],
  ])('in %s with %s', (name, content, granted, expected) => {
    expect(wishesIn(request(name, content), granted)).toEqual(expected);
  });

  const bySms = { bearers: ['sms'], etemHandling: '', notifications: true };
  const byWap = { ...bySms, bearers: ['WSP'] };

  test('stays where nothing more was said of it', () => {
    expect(withWishes(byWap, { ...NO_WISHES, notifications: false })).toEqual({ ...byWap, notifications: false });
  });

  test('is taken back by a list without it', () => {
    expect(withWishes(byWap, { bearers: [], etemHandling: '', notifications: undefined })).toEqual({
      bearers: [],
      etemHandling: '',
      notifications: true,
    });
  });

  test('is kept only when there is something to keep', () => {
    expect(withWishes(undefined, { bearers: [], etemHandling: '', notifications: true })).toBeUndefined();
    expect(withWishes(byWap, { bearers: ['WSP'], etemHandling: '', notifications: true })).toBeUndefined();
    expect(withWishes(undefined, byWap)).toEqual(byWap);
  });

  test.each([
    [NO_WISHES, true, true],
    [{ ...NO_WISHES, bearers: [] }, true, true],
    [bySms, true, true],
    [byWap, false, true],
    [{ ...NO_WISHES, notifications: false }, false, false],
  ])('of %j lets text messages and other bearers tell the user: %s, %s', (wishes, texts, others) => {
    expect([mayNotify(wishes, true), mayNotify(wishes, false)]).toEqual([texts, others]);
  });

  test.each([
    ['REJECT', false],
    ['SENDREJECT', false],
    ['PRIORITYREJECT', true],
    ['PRIORITYSTORE', true],
    ['SENDSTORE', true],
    ['', true],
    [undefined, true],
  ])('for the handling %s keeps an ExtBlockETEM: %s', (etemHandling, keeps) => {
    const plain = element(
      'MessageInfo',
      FULL_INFO.children.filter(({ name }) => name !== 'ExtBlockETEM'),
    );
    expect(mayKeep({ ...NO_WISHES, etemHandling }, FULL_INFO)).toBe(keeps);
    expect(mayKeep({ ...NO_WISHES, etemHandling }, plain)).toBe(true);
  });
});
