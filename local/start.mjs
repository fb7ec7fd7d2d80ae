// `npm start`. Only syntax that every Node with ES modules reads: the check of its version must be able to speak.
var required = [20, 19];
var given = process.versions.node.split('.').map(Number);

if (given[0] < required[0] || (given[0] === required[0] && given[1] < required[1])) {
  console.error(
    'Voicegate needs Node ' +
      required.join('.') +
      ' or newer, this is ' +
      process.version +
      ': install a newer one (https://nodejs.org) and run it again.',
  );
  process.exitCode = 1;
} else {
  import('./launch.mjs').then((launch) => launch.start(process.argv.slice(2)));
}
