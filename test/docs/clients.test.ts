import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../slow/clients/catalogue';

const ROOT = join(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
/** Rows of the table: what it calls the client, and what it says was tried. */
const ROWS = read('docs/clients.md')
  .split('\n')
  .flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return cells.length === 6 ? [{ name: cells[1] ?? '', tried: cells[4] ?? '' }] : [];
  })
  .slice(2);

describe('docs/clients.md', () => {
  it.each(CLIENTS)('names the versions of $name that the tests install', ({ name, packages }) => {
    const row = ROWS.find((one) => one.name === name);
    for (const version of packages.map((each) => each.replace(/^.*(?:==|@)/, '')))
      expect(row?.tried).toContain(version);
  });

  it('calls no client tried that no test runs, and no request sent that no test sends', () => {
    const requests = read('image/tests/test_clients.py');
    for (const { name, tried } of ROWS) {
      if (name === 'curl') continue;
      if (tried === 'its request') expect(requests).toContain(`"${name}": (`);
      else expect(CLIENTS.map((client) => client.name)).toContain(name);
    }
  });
});
