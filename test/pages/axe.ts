/** What axe-core finds wrong with a page that a browser shows. It is a script: the page must let it in. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const WCAG_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Puts axe-core into the page, before {@link violations}. */
export async function giveAxe(page: Page): Promise<void> {
  await page.evaluate(AXE);
}

/** What axe-core, which the page has been given, finds by these rules or groups of rules. */
export async function violations(page: Page, rules: readonly string[]): Promise<readonly string[]> {
  const found = await page.evaluate((only) => {
    const { axe } = globalThis as typeof globalThis & { readonly axe: { run(options: object): Promise<AxeResults> } };
    return axe.run({ runOnly: only, resultTypes: ['violations'] });
  }, rules);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}
