import { readFileSync } from 'node:fs';
import { AwsSolutionsChecks, type NagPack, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACKNOWLEDGEMENTS } from '../../bin/acknowledgements';
import { defaultApp } from './support/default-app';

type App = ReturnType<typeof defaultApp>['app'];

let app: App;
let withLetsEncrypt: App;

beforeAll(() => {
  app = defaultApp().app;
  app.synth();
  withLetsEncrypt = defaultApp({ letsEncryptEmail: 'ops@example.com', domainNames: 'tts.example.com' }).app;
  withLetsEncrypt.synth();
});

function findings(pack: NagPack, of = app): string[] {
  return pack
    .validateScope(of)
    .violations.map(
      ({ ruleName, violatingResources }) =>
        `${ruleName}: ${violatingResources.map(({ constructPath }) => constructPath).join(', ')}`,
    );
}

describe('the app without any configuration', () => {
  it('has no finding under NIST 800-53 r5 that is not explained', () => {
    expect(findings(new NIST80053R5Checks())).toEqual([]);
  });

  it('has no finding under PCI DSS 3.2.1 that is not explained', () => {
    expect(findings(new PCIDSS321Checks())).toEqual([]);
  });
});

describe("the app with a certificate by Let's Encrypt", () => {
  it('has no finding that is not explained', () => {
    const packs = [new AwsSolutionsChecks(), new NIST80053R5Checks(), new PCIDSS321Checks()];
    expect(packs.flatMap((pack) => findings(pack, withLetsEncrypt))).toEqual([]);
  });
});

describe('docs/compliance.md', () => {
  it('has one row for every rule that is not followed to the letter, with the reason that the app gives', () => {
    const page = readFileSync(new URL('../../docs/compliance.md', import.meta.url), 'utf8');
    const rows = ACKNOWLEDGEMENTS.map(({ rule, packs, reason }) => `| \`${rule}\` | ${packs.join(', ')} | ${reason} |`);
    const [, list = ''] = page.split('## Rules of the standards');
    expect(list.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });
});
