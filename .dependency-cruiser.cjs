/** Which files may import which: the rooms of docs/architecture.md, and no cycles, neither of files nor of folders. */
const room = (name) => `^${name}/`;

/** Imports of one room run one way. */
const closed = (from, to, comment) => ({
  name: `${from}-not-${to.join('-')}`,
  comment,
  severity: 'error',
  from: { path: room(from) },
  to: { path: `^(${to.join('|')})/` },
});

/** Packages that `npm start` installs. */
const installed = Object.keys(require('./local/package.json').dependencies).join('|');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-cycle-of-folders',
      comment: 'A folder that is imported by one that it imports: both are one thing, or something shared is missing.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(bin|contract|gate|lambda|lib|local)/' },
      to: { circular: true },
    },
    closed('contract', ['bin', 'gate', 'lambda', 'lib', 'local'], 'What rooms agree on depends on none of them.'),
    closed('bin', ['gate', 'lambda'], 'The app and the command take bundles as files.'),
    closed('lib', ['bin', 'gate', 'lambda', 'local'], 'The library takes bundles as files.'),
    closed('local', ['bin', 'gate', 'lambda', 'lib'], 'The local cloud knows AWS, not the constructs.'),
    closed('lambda', ['bin', 'gate', 'lib', 'local'], 'A function is bundled alone.'),
    closed('gate', ['bin', 'lambda', 'lib', 'local'], 'The gate is bundled alone.'),
    { ...closed('gate/core', ['gate/(?!core/)'], 'The core knows nothing of njs.'), name: 'core-not-host' },
    {
      name: 'not-under-vitest',
      comment: 'tsx runs them, and vitest cannot be loaded there.',
      severity: 'error',
      from: { path: '^(bench|test/slow)/' },
      to: { path: '^node_modules/vitest/', reachable: true },
    },
    {
      name: 'no-package-of-development',
      comment: 'What runs is in local/package.json: `npm start` and the command line install no other packages.',
      severity: 'error',
      from: { path: '^(bin|contract|gate|lambda|lib|local)/|^build\\.mjs$' },
      to: { path: '^node_modules/', pathNot: `^node_modules/(${installed})/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|cdk\\.out|\\.voicegate)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
