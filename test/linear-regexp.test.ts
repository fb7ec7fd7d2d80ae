import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const FILES = [
  'bin/keys/x.ts',
  'contract/x.ts',
  'gate/core/x.ts',
  'gate/core/credential/x.ts',
  'image/voicegate_tts/static/x.js',
  'lambda/authorizer/x.ts',
  'lib/x.ts',
  'local/edge/waf/x.ts',
  'local/launch/x.mjs',
];

describe('npm run lint:regexp', () => {
  const eslint = new ESLint();
  it.each(FILES)(
    'refuses an expression in %s that takes more than linear time, whatever its comments say',
    async (filePath) => {
      const code = [
        '// eslint-disable-next-line',
        'export const bearer = /^bearer +(.+)$/i;',
        "export const trimmed = (text) => text.replace(/ +$/, '');",
        'export const fine = /^bearer +([^ ].*)$/i;',
      ];
      const [result] = await eslint.lintText(code.join('\n'), { filePath });
      expect((result?.messages ?? []).filter(({ ruleId }) => ruleId).map(({ line, ruleId }) => [line, ruleId])).toEqual(
        [
          [2, 'regexp/no-super-linear-backtracking'],
          [3, 'regexp/no-super-linear-move'],
        ],
      );
    },
  );
});
