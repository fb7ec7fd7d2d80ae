import { parseOptions, usage } from './launch/options.mjs';
import { checkPorts } from './launch/ports.mjs';
import { buildBundles, installPackages } from './launch/prepare.mjs';
import { diskFull, isProblem } from './launch/problem.mjs';
import { createProgress } from './launch/progress.mjs';
import { findPython } from './launch/python.mjs';
import { createStopper } from './launch/stopper.mjs';
import { together } from './launch/together.mjs';
import { ensureTools } from './toolchain/index.mjs';

/** `npm start`: what can be checked at once, then packages, tools and bundles, then local/main.ts in this same process. */
export async function start(args) {
  let stopper;
  try {
    const options = parseOptions(args);
    if (options.help) {
      process.stdout.write(usage);
      return;
    }
    const progress = createProgress({ stream: options.json ? process.stderr : process.stdout });
    stopper = createStopper({ onStop: (why) => progress.log(`${why}: stopping; once more to kill.`) });
    const began = Date.now();
    await checkPorts(options);
    await findPython({ signal: stopper.signal });
    const [tools] = await together(
      stopper.signal,
      (signal) => progress.step('tools', (update) => ensureTools({ update, signal })),
      (signal) => installPackages({ progress, signal }),
    );
    await progress.step('bundles', buildBundles);
    process.setSourceMapsEnabled(true);
    const { main } = await import('../dist/local.mjs');
    await main({ options, tools, progress, stop: stopper.signal, began });
  } catch (error) {
    if (!stopper?.signal.aborted || isProblem(error)) report(error);
  }
  // Whatever still holds the event loop has no say: all that was started has been stopped.
  process.exit(process.exitCode ?? (stopper?.signal.aborted ? stopper.exitCode() : 0));
}

function report(error) {
  const full = diskFull(error);
  if (isProblem(error)) {
    process.stderr.write(`${error.message}\n${full === undefined ? '' : `${full}\n`}`);
    process.exitCode = error.exitCode;
  } else if (full !== undefined) {
    process.stderr.write(`${full}\n`);
    process.exitCode = 1;
  } else {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exitCode = 1;
  }
}
