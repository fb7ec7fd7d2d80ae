// One promise that biome cannot keep: what reads text that strangers or users wrote takes time linear in its length.
import parser from '@typescript-eslint/parser';
import regexp from 'eslint-plugin-regexp';

export default [
  {
    files: ['{bin,contract,gate,image,lambda,lib,local}/**/*.{ts,mts,mjs,js}'],
    languageOptions: { parser },
    linterOptions: { noInlineConfig: true },
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      // A search that begins anew at each character, such as for spaces at the end.
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
];
