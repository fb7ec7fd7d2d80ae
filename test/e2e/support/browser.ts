import { existsSync } from 'node:fs';

/** Chromium of the system, or Chrome. */
export const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

export const NO_BROWSER =
  BROWSER === undefined ? 'no Chromium is installed; Debian and Ubuntu: apt-get install chromium' : undefined;
