/**
 * The project's own corpus: messages of CSP 1.2 and 1.3 as XML and, octet for octet, as WBXML. Both files of a pair are
 * fixed facts, checked against the published token tables and, for 1.2, against libwbxml; the codec must read either into
 * the same tree and write exactly either.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { encodeXmlDocument } from '../../gateway/csp/xml.ts';
import { hex, lines, readHexFile } from './trees.ts';

const CORPUS = new URL('../corpus/', import.meta.url);
const namesOf = (version: string) =>
  readdirSync(new URL(`csp-${version}/`, CORPUS))
    .filter((file) => file.endsWith('.xml'))
    .map((file) => file.slice(0, -'.xml'.length));

for (const version of ['1.2', '1.3'] as const) {
  describe(`CSP ${version}`, () => {
    test.each(namesOf(version))('%s', (name) => {
      const xml = readFileSync(new URL(`csp-${version}/${name}.xml`, CORPUS));
      const wbxml = readHexFile(new URL(`csp-${version}/${name}.wbxml.hex`, CORPUS));
      const tree = decodeDocument(xml, 'xml', version);

      expect(lines(decodeDocument(wbxml, 'wbxml', version))).toEqual(lines(tree));
      expect(encodeDocument(tree, 'wbxml', version).toString('hex')).toBe(wbxml.toString('hex'));
      expect(encodeXmlDocument(tree, { indent: '  ' }).toString()).toBe(xml.toString());
      expect(decodeDocument(encodeDocument(tree, 'xml', version), 'xml', version)).toEqual(tree);
    });

    test.each(namesOf(version))('%s has one envelope in both encodings', (name) => {
      const xml = readFileSync(new URL(`csp-${version}/${name}.xml`, CORPUS));
      const wbxml = readHexFile(new URL(`csp-${version}/${name}.wbxml.hex`, CORPUS));
      const [inXml, inWbxml] = [scanEnvelope(xml, 'xml'), scanEnvelope(wbxml, 'wbxml')].map((envelope) => ({
        version: envelope.version,
        kind: envelope.kind,
        sessionType: envelope.sessionType,
        sessionId: envelope.sessionId,
        poll: envelope.poll?.value,
        transactions: envelope.transactions.map(({ mode, id, primitive, resultCode }) => [
          mode,
          id,
          primitive,
          resultCode,
        ]),
      }));
      expect(inWbxml).toEqual(inXml);
      expect(inXml?.version).toBe(version);
    });
  });
}

test('every element of System Messages is in the corpus of 1.3', () => {
  const paths = new Set(
    namesOf('1.3').flatMap((name) =>
      lines(decodeDocument(readFileSync(new URL(`csp-1.3/${name}.xml`, CORPUS)), 'xml', '1.3')).map((line) =>
        line.replace(/^.*TransactionContent/, '').replace(/[ :].*$/, ''),
      ),
    ),
  );
  const message = 'SystemMessageList/SystemMessage';
  const response = 'SystemMessageResponseList/SystemMessageResponse';
  for (const path of [
    `/SystemMessage-Request/${message}/SystemMessageID`,
    `/SystemMessage-Request/${message}/RequiresResponse`,
    `/SystemMessage-Request/${message}/SystemMessageText`,
    `/SystemMessage-Request/${message}/AnswerOptions/AnswerOption/AnswerOptionID`,
    `/SystemMessage-Request/${message}/AnswerOptions/AnswerOption/AnswerOptionText`,
    `/SystemMessage-Request/${message}/VerificationMechanism/InText`,
    `/SystemMessage-Request/${message}/VerificationMechanism/URL`,
    `/SystemMessage-User/${response}/SystemMessageID`,
    `/SystemMessage-User/${response}/ChosenOptionID`,
    `/SystemMessage-User/${response}/VerificationKey`,
    `/Login-Request/${response}/ChosenOptionID`,
    `/Login-Response/Result/${message}/AnswerOptions/AnswerOption/AnswerOptionID`,
    '/Login-Response/Result/TryAgainTimeout',
    `/Status/Result/${message}/SystemMessageText`,
    '/Status/Result/TryAgainTimeout',
    `/Disconnect/Result/${message}/SystemMessageID`,
    `/KeepAlive-Response/Result/${message}/SystemMessageID`,
  ]) {
    expect([path, paths.has(path)]).toEqual([path, true]);
  }
});

test('the tokens that change their meaning stand in the corpus as each version has them', () => {
  const holds = (file: string, octets: string) => readHexFile(new URL(file, CORPUS)).includes(hex(octets));
  // Page 9 token 0x0B: ReactiveAuthState GRANTED in 1.2, AnswerOptionText in 1.3.
  expect(holds('csp-1.2/22-reactive-authorisation-status.wbxml.hex', '4B 80 35 01')).toBe(true);
  expect(holds('csp-1.3/07-system-message-request.wbxml.hex', '4B 03 49 20 61 63 63 65 70 74 00 01')).toBe(true);
  // Page 3 token 0x14: CIRURL in 1.2, CIRHTTPAddress in 1.3, each around a URL of page 0.
  expect(holds('csp-1.2/09-capability-response-cirurl.wbxml.hex', '54 00 00 77 03')).toBe(true);
  expect(holds('csp-1.3/18-capability-response.wbxml.hex', '54 00 00 77 03')).toBe(true);
  // Value 0x68 is AP in 1.3 alone; IM is 0x12 in every version. InviteType is page 1 token 0x18.
  expect(holds('csp-1.3/30-invite-application.wbxml.hex', '58 80 68 01')).toBe(true);
  expect(holds('csp-1.2/27-invite-user.wbxml.hex', '58 80 12 01')).toBe(true);
  // Value 0x3D: History as a Name, GROUP_ID as a SearchElement.
  expect(holds('csp-1.3/28-group-property-history.wbxml.hex', '5E 80 3D 01')).toBe(true);
  expect(holds('csp-1.3/29-search-group-id.wbxml.hex', '64 80 3D 01')).toBe(true);
});
