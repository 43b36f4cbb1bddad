/**
 * A real browser for tests: Chromium, when it is there. On a developer's machine that has none the tests say so and pass;
 * in CI, which installs it, its absence fails.
 */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import playwright, { type BrowserContext, type BrowserContextOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium is; undefined when it is not installed. */
export const CHROMIUM = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface TestBrowser {
  /** A visitor of its own: no history, no cookies. */
  visitor(options?: BrowserContextOptions): Promise<BrowserContext>;
  close(): Promise<void>;
}

/** @throws {Error} when it is not installed. */
export async function openBrowser(): Promise<TestBrowser> {
  if (CHROMIUM === undefined) throw new Error(`Chromium is not installed: none of ${NAMES.join(', ')} is on the PATH`);
  const home = mkdtempSync(join(tmpdir(), 'sapgw-chromium-'));
  const browser = await playwright.chromium.launch({
    executablePath: CHROMIUM,
    args: ARGUMENTS,
    // What it keeps besides the profile, which Playwright puts into a fresh folder.
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  return {
    visitor: (options) => browser.newContext(options),
    close: async () => {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
