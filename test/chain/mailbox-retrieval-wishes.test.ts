/** What a client agrees on about messages [P4.3, P4.4], as the mailbox sees it afterwards: through a whole gateway. */
import { describe, expect, test } from '@jest/globals';
import { sessionKeyOf } from '../../gateway/chain/identity.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { result, status } from '../../gateway/csp/status.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { loginRequest, loginResponse, message, type Spelling } from '../gateway/messages.ts';
import { PollingWorld, SESSION } from '../gateway/polling-world.ts';
import { ScriptedMailbox, without } from './mailbox-retrieval-scripted.ts';

const SPELLING_1_3: Spelling = { version: '1.3', encoding: 'xml' };
const PUSHED = { method: 'P', pushedBytes: undefined };
const ANNOUNCED = { method: 'N', pushedBytes: undefined };

async function open(version: CspVersion = '1.2') {
  const mailbox = new ScriptedMailbox();
  const world = await PollingWorld.open({ version, encoding: 'xml' }, { mailbox });
  mailbox.kept.push('one');
  const key = sessionKeyOf(world.rig.secrets, 'verona', SESSION);
  return {
    mailbox,
    world,
    /** Something is asked, and the VASP answers. */
    async agree(request: Element, answer: Element): Promise<void> {
      world.rig.upstream.queue.push((asked) => world.answerWith(asked, answer));
      await world.ask(request);
    },
    /** How the session wants messages, as the mailbox sees it with the next poll and the store has it. */
    async delivery() {
      await world.poll();
      return [mailbox.visitor?.delivery, (await world.rig.store.sessions.get(key))?.delivery];
    },
    async accept(): Promise<void> {
      const userKey = (await world.rig.store.sessions.get(key))?.userKey ?? '';
      const remember = [{ policy: 'terms', version: 1, option: 'yes', acceptedAt: 0 }];
      await world.rig.store.acceptances.accept(userKey, { remember, records: [], texts: [] });
    },
  };
}

const set = (method: string, ...more: readonly Element[]): Element =>
  element('SetDeliveryMethod-Request', [element('DeliveryMethod', method), ...more]);
const capabilities = (...list: readonly Element[]): Element =>
  element('ClientCapability-Request', [element('CapabilityList', list)]);
const CAPABILITIES_AGREED = element('ClientCapability-Response', [element('AgreedCapabilityList')]);
const N_AT_FIRST = capabilities(element('InitialDeliveryMethod', 'N'), element('AcceptedContentLength', 100));

describe('a delivery method', () => {
  test('is pushed until something else was agreed', async () => {
    const { delivery } = await open();
    expect(await delivery()).toEqual([PUSHED, undefined]);
  });

  test.each([
    ['N by SetDeliveryMethod', set('N'), status(200), ANNOUNCED],
    ['up to a size', set('P', element('AcceptedContentLength', 1000)), status(200), { method: 'P', pushedBytes: 1000 }],
    ['N by the capabilities', N_AT_FIRST, CAPABILITIES_AGREED, ANNOUNCED],
  ])('%s holds from then on, also after a restart', async (_how, request, answer, agreed) => {
    const { agree, delivery, world } = await open();
    await agree(request, answer);
    expect(await delivery()).toEqual([agreed, agreed]);
    world.rig.restart();
    expect(await delivery()).toEqual([agreed, agreed]);
    await agree(set('P'), status(200));
    expect(await delivery()).toEqual([PUSHED, PUSHED]);
  });

  test.each([
    ['refused', set('N'), status(405)],
    ['for a group', set('N', element('GroupID', 'wv:x/party@im.example')), status(200)],
    ['of capabilities that were refused', N_AT_FIRST, status(500)],
    ['what everybody has anyway', set('P'), status(200)],
  ])('%s changes nothing', async (_how, request, answer) => {
    const { agree, delivery } = await open();
    await agree(request, answer);
    expect(await delivery()).toEqual([PUSHED, undefined]);
  });

  test('is not kept while no messages are', async () => {
    const { agree, delivery, mailbox } = await open();
    mailbox.open = false;
    await agree(set('N'), status(200));
    mailbox.open = true;
    expect(await delivery()).toEqual([PUSHED, undefined]);
  });
});

describe('wishes for the time away', () => {
  const sms = element('SupportedOfflineBearer', 'SMS');
  const reject = element('OfflineETEMHandling', 'REJECT');
  const services = (...features: readonly Element[]): Element =>
    element('Service-Request', [
      element('Functions', [element('WVCSPFeat', features)]),
      element('AllFunctionsRequest', false),
    ]);
  const SERVICES_AGREED = element('Service-Response', [
    element('Functions', [element('WVCSPFeat', [element('GroupFeat')])]),
  ]);

  test('are noticed of capabilities and services in 1.3', async () => {
    const { agree, accept, mailbox } = await open('1.3');
    await accept();
    await agree(capabilities(reject, sms), CAPABILITIES_AGREED);
    await agree(services(element('IMFeat')), SERVICES_AGREED);
    expect(mailbox.wished).toEqual([
      { bearers: ['SMS'], etemHandling: 'REJECT', notifications: undefined },
      { bearers: undefined, etemHandling: undefined, notifications: true },
    ]);
  });

  test('are as far as the level goes', async () => {
    const { agree, accept, mailbox, world } = await open('1.3');
    await accept();
    await world.grantOnly(...without('OFFNOTIF'));
    await agree(services(element('IMFeat')), SERVICES_AGREED);
    expect(mailbox.wished).toEqual([{ bearers: undefined, etemHandling: undefined, notifications: false }]);
  });

  test.each<[string, CspVersion, Element, Element]>([
    ['of 1.2', '1.2', capabilities(sms), CAPABILITIES_AGREED],
    ['that were refused', '1.3', capabilities(sms), element('Status', [result(500)])],
    ['that are none', '1.3', element('ClientCapability-Request'), CAPABILITIES_AGREED],
  ])('%s are not noticed', async (_which, version, request, answer) => {
    const { agree, accept, mailbox } = await open(version);
    await accept();
    await agree(request, answer);
    expect(mailbox.wished).toEqual([]);
  });

  test('and the delivery method may come with the login, in 1.3', async () => {
    const { accept, delivery, mailbox, world } = await open('1.3');
    await accept();
    world.vaspSays(message(SPELLING_1_3, undefined, [['1', loginResponse(200, SESSION)]], 'Response'));
    const list = element('CapabilityList', [element('InitialDeliveryMethod', 'N'), sms]);
    await world.send(message(SPELLING_1_3, undefined, [['1', loginRequest(list)]]));
    expect(mailbox.wished).toEqual([{ bearers: ['SMS'], etemHandling: '', notifications: undefined }]);
    expect(await delivery()).toEqual([ANNOUNCED, ANNOUNCED]);
  });

  test('of somebody who has accepted nothing are not kept', async () => {
    const { agree, mailbox } = await open('1.3');
    await agree(capabilities(sms), CAPABILITIES_AGREED);
    expect(mailbox.wished).toEqual([]);
  });
});
