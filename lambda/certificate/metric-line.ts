import { CERTIFICATE_METRICS } from '../../contract/certificate-properties';

/** Tells a metric of a certificate. */
export type CountMetric = (certificateArn: string, metric: string, value: number) => void;

/** A log line of which CloudWatch makes a metric (embedded metric format): the function needs no right for it. */
export function metricLine(now: number, certificateArn: string, metric: string, value: number): string {
  const { namespace, dimension } = CERTIFICATE_METRICS;
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: [[dimension]], Metrics: [{ Name: metric, Unit: 'Count' }] },
      ],
    },
    [dimension]: certificateArn,
    [metric]: value,
  });
}
