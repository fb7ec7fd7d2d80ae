/**
 * Does works beside each other. When one fails the others are told to stop, and nothing of them goes on any more when
 * its error is thrown: a lock that is given back then guards nothing that is half done.
 */
export async function together(signal, ...works) {
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const done = await Promise.allSettled(
    works.map(async (work) => {
      try {
        return await work(either);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  return done.map(({ value }) => value);
}
