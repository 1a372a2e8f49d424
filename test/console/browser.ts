/** A real Chromium for tests of pages: found on this machine, driven by playwright-core, closed at the end. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** It runs as root in CI, without a display, and asks nothing of the outside. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `undefined` where there is none: skip, and say `HOW_TO_GET_CHROMIUM`. */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = chromiumPath();
  return executablePath === undefined
    ? undefined
    : chromium.launch({ executablePath, args: FLAGS, timeout: 60_000 });
}

export const HOW_TO_GET_CHROMIUM =
  "Chromium is not on the PATH: install Debian's package chromium, or set HIGHWATER_TEST_CHROMIUM to its path";

export function chromiumPath(): string | undefined {
  const given = process.env['HIGHWATER_TEST_CHROMIUM'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...(given === undefined ? [] : [given]), ...paths].find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
