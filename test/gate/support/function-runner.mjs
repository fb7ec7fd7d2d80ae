// Runs a Lambda handler of Node: events in by lines of JSON, answers out the same way.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(process.argv[2]).href).then((module) =>
  module.handler === undefined ? module.default : module,
);

function call(event) {
  return new Promise((resolve, reject) => {
    const callback = (error, value) => (error === null || error === undefined ? resolve(value) : reject(error));
    const result = handler(event, {}, callback);
    if (result instanceof Promise) result.then(resolve, reject);
  });
}

process.stdout.write('\n');
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await call(JSON.parse(line)).then(
    (value) => ({ value: value ?? null }),
    // As the runtime reports what a handler throws, or hands to its callback.
    (error) => ({ error: { errorMessage: String(error?.message ?? error), errorType: error?.name ?? 'string' } }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
