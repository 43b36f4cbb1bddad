/** Service and capability negotiation with the sandbox, in the shape of every version. */
import { describe, expect, test } from '@jest/globals';
import { child, childText, type Element, element } from '../../gateway/csp/element.ts';
import { codesOfTree } from '../../gateway/csp/service-tree.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { clientId, loggedIn, names, SPELLINGS, spelled } from './rig.ts';

function tree(...features: readonly Element[]): Element {
  return element('Functions', [element('WVCSPFeat', features)]);
}

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const { version } = spelling;
  const named = version === '1.1' ? [clientId('alice')] : [];

  test('Functions in the answer is what was wanted and is not there', async () => {
    const peer = await loggedIn(createSandbox(), spelling, 'alice');
    const wanted = tree(
      element('FundamentalFeat', [element('InviteFunc'), element('SearchFunc', [element('SRCH')])]),
      element('IMFeat', [element('IMSendFunc')]),
      element('GroupFeat'),
    );
    const response = await peer.request(
      element('Service-Request', [...named, wanted, element('AllFunctionsRequest', 'F')]),
    );
    expect(names(response)).toEqual(version === '1.1' ? ['ClientID', 'Functions'] : ['Functions']);
    expect(spelled(child(response, 'Functions'))).toBe(
      '<Functions><WVCSPFeat><FundamentalFeat><InviteFunc/></FundamentalFeat><GroupFeat/></WVCSPFeat></Functions>',
    );
  });

  test('nothing denied means no Functions; AllFunctions is spelled out when it is asked for', async () => {
    const peer = await loggedIn(createSandbox(), spelling, 'alice');
    const wanted = tree(element('IMFeat', [element('IMAuthFunc')]));
    const response = await peer.request(
      element('Service-Request', [...named, wanted, element('AllFunctionsRequest', 'T')]),
    );
    expect(child(response, 'Functions')).toBeUndefined();
    const all = child(response, 'AllFunctions')?.children[0];
    expect(all?.children.map(({ name }) => name)).toEqual(['FundamentalFeat', 'PresenceFeat', 'IMFeat']);
    const codes = all === undefined ? [] : codesOfTree(all, version).codes();
    expect(codes.includes('NEWM')).toBe(true);
    expect(codes.includes('CALI')).toBe(version !== '1.3');
    expect(codes.includes('VRID')).toBe(version !== '1.1');
    expect(codes.includes('REACT')).toBe(version !== '1.3');
    expect(codes.includes('INVIT')).toBe(false);
  });

  test('capabilities are agreed without any CIR method', async () => {
    const peer = await loggedIn(createSandbox(), spelling, 'alice');
    const list = element('CapabilityList', [
      element('ClientType', 'MOBILE_PHONE'),
      element('InitialDeliveryMethod', 'P'),
      element('SupportedBearer', 'HTTP'),
      element('SupportedBearer', 'SMS'),
      element('SupportedCIRMethod', 'STCP'),
      element('ServerPollMin', 30),
    ]);
    const response = await peer.request(element('ClientCapability-Request', [...named, list]));
    if (version === '1.1') {
      expect(names(response)).toEqual(['ClientID', 'CapabilityList']);
      expect(names(child(response, 'CapabilityList'))).not.toContain('SupportedCIRMethod');
      expect(childText(child(response, 'CapabilityList'), 'ClientType')).toBe('MOBILE_PHONE');
    } else {
      expect(names(response)).toEqual(['AgreedCapabilityList']);
      const agreed = child(response, 'AgreedCapabilityList');
      expect([...names(agreed)].sort()).toEqual(['ServerPollMin', 'SupportedBearer']);
      expect(childText(agreed, 'ServerPollMin')).toBe('30');
    }
  });
});

test('a session that named another ClientID is told so', async () => {
  const peer = await loggedIn(createSandbox(), { version: '1.1', encoding: 'xml' }, 'alice');
  const response = await peer.request(
    element('ClientCapability-Request', [clientId('other'), element('CapabilityList', [])]),
  );
  expect(spelled(response)).toContain('<Status><Result><Code>422</Code>');
});
