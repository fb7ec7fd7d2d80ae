import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { CERTIFICATE_METRICS } from '../../contract/certificate-properties';
import type { EdgeCertificateConfig } from '../edge/edge-certificate';
import { countedEvents } from './counted-events';
import type { Watch } from './watch';

const DEFAULT_ALARM_DAYS = 7;
const LOOK = '"voicegate certificate show --stack NAME" tells its state, and the log of the function why.';

/** What is watched of a certificate, whatever its origin. */
export function certificateWatches(scope: Construct, config: EdgeCertificateConfig): Watch[] {
  const certificateArn = config.certificate.certificateArn;
  const own = (metricName: string): cloudwatch.Metric =>
    new cloudwatch.Metric({
      namespace: CERTIFICATE_METRICS.namespace,
      metricName,
      dimensionsMap: { [CERTIFICATE_METRICS.dimension]: certificateArn },
      statistic: cloudwatch.Stats.SUM,
      period: Duration.hours(6),
    });
  const days = config.expiryAlarmDays ?? DEFAULT_ALARM_DAYS;
  return [
    {
      id: 'CertificateExpiry',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/CertificateManager',
        metricName: 'DaysToExpiry',
        dimensionsMap: { CertificateArn: certificateArn },
        statistic: cloudwatch.Stats.MINIMUM,
        period: Duration.days(1),
      }),
      threshold: days,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      atOnce: true,
      // ACM tells it from the day after the first deployment until the end of the certificate, and not afterwards: before
      // it was seen there is nothing to alarm about, and what was below stays in alarm.
      missing: cloudwatch.TreatMissingData.IGNORE,
      description: `The certificate ends in less than ${Number(days.toFixed(2))} days, and then no client connects. ${remedy(config)}`,
    },
    ...(config.managedRenewal ? [managedRenewal(scope, certificateArn)] : []),
    ...ownWatches(config, own),
  ];
}

/** What the functions behind a certificate tell. */
function ownWatches(config: EdgeCertificateConfig, own: (metricName: string) => cloudwatch.Metric): Watch[] {
  const { functions = [], selfSigned } = config;
  if (functions.length === 0) return [];
  const watch = (id: string, metricName: string, description: string): Watch => ({
    id,
    metric: own(metricName),
    threshold: 1,
    atOnce: true,
    description,
  });
  const errors = functions.map((one, index) => [
    `m${index}`,
    one.metricErrors({ statistic: cloudwatch.Stats.SUM, period: Duration.hours(6) }),
  ]);
  return [
    watch(
      'CertificateEndsSoon',
      CERTIFICATE_METRICS.endsSoon,
      `Less than 7 days, or than a fifth of its lifetime, are left of the certificate. ${remedy(config)}`,
    ),
    watch(
      'CertificateImport',
      CERTIFICATE_METRICS.importFailed,
      `AWS Certificate Manager did not take a new certificate; the old one stays. ${LOOK}`,
    ),
    {
      id: 'CertificateErrors',
      metric: new cloudwatch.MathExpression({
        expression: 'SUM(METRICS())',
        label: 'Errors',
        usingMetrics: Object.fromEntries(errors),
        period: Duration.hours(6),
      }),
      threshold: 1,
      atOnce: true,
      description:
        'A function that looks after the certificate fails; nobody renews it until this ends. Its log says why.',
    },
    selfSigned
      ? watch(
          'CertificateRenewalAhead',
          CERTIFICATE_METRICS.renewalAhead,
          'The self-signed certificate gets a new key in 60 or 30 days (its log says which): callers who trust the old file will need the new one. On that day hand out what "voicegate certificate show --stack NAME --pem" prints.',
        )
      : watch(
          'CertificateOrder',
          CERTIFICATE_METRICS.orderFailed,
          `The certificate authority refused an order or did not carry it out; the next run tries again. ${LOOK}`,
        ),
  ];
}

/** ACM's own renewal, which tells by an event that it cannot go on. */
function managedRenewal(scope: Construct, certificateArn: string): Watch {
  const metric = countedEvents(scope, 'CertificateRenewal', {
    description: 'AWS Certificate Manager cannot renew the certificate by itself',
    source: 'aws.acm',
    detailType: ['ACM Certificate Renewal Action Required', 'ACM Certificate Expired', 'ACM Certificate Revoked'],
    resources: [certificateArn],
  });
  return {
    id: 'CertificateRenewalFailed',
    metric,
    threshold: 1,
    atOnce: true,
    description:
      'AWS Certificate Manager cannot renew the certificate. Most often its CNAME record has gone from DNS: "voicegate certificate status ARN" prints it; put it back.',
  };
}

function remedy({ managedRenewal, selfSigned, functions = [] }: EdgeCertificateConfig): string {
  if (managedRenewal) {
    return 'AWS Certificate Manager renews what it issued as long as the CNAME records of "voicegate certificate status ARN" are in DNS; an imported one has to be imported again under its ARN.';
  }
  if (selfSigned || functions.length === 0) return `It should have been renewed 30 days before. ${LOOK}`;
  return `Each domain name must lead to the load balancer on port 80. ${LOOK}`;
}
