/** The policies of runs under load: everybody gets everything, after a question about the charge. */

/**
 * Option 1 accepts, 2 declines; everybody is asked once a version unless `more` says otherwise.
 *
 * @param timeout as policies write it
 * @param more keys of the policy
 */
export function chargePolicies(
  timeout: string,
  more: readonly string[] = [],
  version = 1,
): Readonly<Record<'levels.yaml' | 'charge.yaml', string>> {
  return {
    'levels.yaml': 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n',
    'charge.yaml': `kind: off-line-service
id: charge
version: ${version}
purpose: advice-of-charge
message: { en: "Each message costs 0.${version}0 EUR. Do you accept?" }
options:
  - { id: accept, text: { en: Accept }, grant: full }
  - { id: decline, text: { en: Decline }, deny: { en: "You declined." } }
timeout: ${timeout}
${more.map((key) => `${key}\n`).join('')}`,
  };
}
