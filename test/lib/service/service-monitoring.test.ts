import { readFileSync } from 'node:fs';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { defaultApp } from '../support/default-app';
import { type Properties, service, TestStack, warnings } from '../support/stack';

const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
const sections = [...runbook.matchAll(/^#{2,3} (.+)$/gm)].map(([, title = '']) => title);
/** As GitHub makes them. */
const anchors = sections.map((title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-'),
);

const alarmTopic = (stack: TestStack) => new sns.Topic(stack, 'Topic');

function alarmsOf(template: Template): Readonly<Record<string, Properties>> {
  return Object.fromEntries(
    Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
      /Monitoring(.+)[0-9A-F]{8}$/.exec(id)?.[1] ?? id,
      Properties as Properties,
    ]),
  );
}

describe('alarms', () => {
  const stack = new TestStack();
  const topic = alarmTopic(stack);
  const alarms = alarmsOf(service({ alarmTopic: topic }, stack).template());
  const told = Object.keys(alarms).filter((id) => alarms[id]?.AlarmActions !== undefined);

  it('wake somebody only where somebody must act', () => {
    expect(told.sort()).toEqual([
      'AppErrors',
      'AuthorizerFailing',
      'CertificateExpiry',
      'CertificateRenewalFailed',
      'DeploymentFailed',
      'LoadBalancerErrors',
      'NoHealthyTask',
      'StaleDecisions',
    ]);
    expect(
      Object.keys(alarms)
        .filter((id) => !told.includes(id))
        .sort(),
    ).toEqual(['AuthorizerErrors', 'AuthorizerThrottles', 'Overload']);
    for (const id of told) {
      expect(alarms[id]).toMatchObject({
        AlarmActions: [stack.resolve(topic.topicArn)],
        OKActions: [stack.resolve(topic.topicArn)],
      });
    }
  });

  it('are raised by no refused request', () => {
    expect(JSON.stringify(alarms)).not.toMatch(/4XX|"Denied"|FailedAttempts|Bans/);
  });

  it('tell of stale decisions and of a failing authorizer by the gate’s own count, within minutes', () => {
    expect(alarms.StaleDecisions).toMatchObject({
      Namespace: 'Voicegate',
      MetricName: 'StaleServed',
      Period: 60,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      Threshold: 1,
    });
    expect(alarms.AuthorizerFailing).toMatchObject({
      Namespace: 'Voicegate',
      MetricName: 'AuthorizerErrors',
      Period: 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
    });
  });

  it('tell of a deployment that was rolled back', () => {
    service({}, new TestStack())
      .template()
      .hasResourceProperties('AWS::Events::Rule', {
        EventPattern: {
          source: ['aws.ecs'],
          'detail-type': ['ECS Deployment State Change'],
          resources: [{ Ref: Match.stringLikeRegexp('Service') }],
          detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
        },
      });
    expect(alarms.DeploymentFailed).toMatchObject({ Namespace: 'AWS/Events', MetricName: 'TriggeredRules' });
  });

  it('tell of the end of a certificate of any origin, and are silent before ACM has told its days', () => {
    const options = { letsEncryptEmail: 'ops@example.com', domainNames: 'tts.example.com' };
    const origins = [
      alarms,
      alarmsOf(Template.fromStack(defaultApp().stack)),
      alarmsOf(Template.fromStack(defaultApp(options).stack)),
    ];
    for (const one of origins) {
      expect(one.CertificateExpiry).toMatchObject({
        Namespace: 'AWS/CertificateManager',
        MetricName: 'DaysToExpiry',
        Threshold: 7,
        ComparisonOperator: 'LessThanThreshold',
        TreatMissingData: 'ignore',
      });
    }
    const own = origins.map((one) =>
      Object.keys(one)
        .filter((id) => id.startsWith('Certificate'))
        .sort(),
    );
    const functions = ['CertificateEndsSoon', 'CertificateErrors', 'CertificateExpiry', 'CertificateImport'];
    expect(own).toEqual([
      ['CertificateExpiry', 'CertificateRenewalFailed'],
      [...functions, 'CertificateRenewalAhead'],
      [...functions, 'CertificateOrder'].sort(),
    ]);
    expect(origins[2]?.CertificateOrder?.AlarmDescription).toContain('voicegate certificate show --stack NAME');
  });

  it('are told to nobody without a topic, which synthesis warns of, naming the keys of the app', () => {
    expect(warnings(service().stack).join()).toContain('-c alarmEmail=you@example.com or -c alarmTopicArn=');
    const quiet = new TestStack();
    expect(warnings(service({ alarmTopic: alarmTopic(quiet) }, quiet).stack).join()).not.toContain('alarmTopic');
    expect(warnings(service({ monitoringEnabled: false }).stack).join()).not.toContain('alarmTopic');
  });

  it('are told to an address or a topic of one’s own by -c', () => {
    const byEmail = Template.fromStack(defaultApp({ alarmEmail: 'you@example.com' }).stack);
    byEmail.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'you@example.com' });
    const toldByEmail = Object.entries(alarmsOf(byEmail)).filter(([, { AlarmActions }]) => AlarmActions);
    const ofService = (ids: string[]) => ids.filter((id) => !id.startsWith('Certificate'));
    expect(ofService(toldByEmail.map(([id]) => id))).toEqual(expect.arrayContaining(ofService(told)));
    const arn = 'arn:aws:sns:eu-west-1:123456789012:on-call';
    const byTopic = alarmsOf(Template.fromStack(defaultApp({ alarmTopicArn: arn }).stack));
    expect(byTopic.NoHealthyTask?.AlarmActions).toEqual([arn]);
  });
});

describe('docs/runbook.md', () => {
  const template = Template.fromStack(defaultApp().stack);

  it('has a section for every alarm, which names it', () => {
    const alarms = Object.entries(alarmsOf(template));
    expect(alarms.length).toBeGreaterThan(8);
    for (const [id, { AlarmDescription }] of alarms) {
      const [, anchor] = /docs\/runbook\.md#([a-z0-9-]+)$/.exec(String(AlarmDescription)) ?? [];
      expect(anchors, `${id}: ${String(AlarmDescription)}`).toContain(anchor);
    }
  });

  it.each([401, 403, 413, 429, 502, 503, 504])('has a section for answers of %i', (status) => {
    expect(sections.some((title) => title.startsWith(`${status} `))).toBe(true);
  });

  it('says in every section what it means and what to do', () => {
    for (const section of runbook.split(/^### /m).slice(1)) {
      const [title = ''] = section.split('\n');
      expect(section, title).toMatch(/\*\*Now\.\*\*/);
      expect(section, title).toMatch(/\*\*Tomorrow\.\*\*/);
    }
  });

  it('speaks of saved queries that are deployed, and of each of them', () => {
    const deployed = Object.values(template.findResources('AWS::Logs::QueryDefinition')).map(({ Properties }) =>
      String(Properties.Name).replace(/^[^/]+\//, ''),
    );
    const named = new Set([...runbook.matchAll(/query \*([^*]+)\*/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual(deployed.sort());
  });
});
