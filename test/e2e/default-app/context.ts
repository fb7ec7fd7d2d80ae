/** Seconds for which the gate keeps a decision; what was changed counts after them. */
export const TTL = 1;

/** Settings of the one app that the files of this folder look at: nothing that they do comes near a limit. */
export const CONTEXT = {
  engine: 'espeak-ng',
  requestsPerMinute: '6000',
  synthesisPerMinute: '6000',
  positiveTtl: String(TTL),
  // A task that is replaced waits that long for its last request.
  longestRequest: '10',
  accessLogs: 'false',
};
