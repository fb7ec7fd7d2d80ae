import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { AppImage, type CorsOptions, EdgeCertificate, SecureTtsService } from '../../../lib';
import { attributes, only, TestStack } from '../support/stack';

const ORIGIN = 'routing.http.response.access_control_allow_origin.header_value';

function service(cors?: CorsOptions) {
  const stack = new TestStack();
  new SecureTtsService(stack, 'Service', {
    image: AppImage.bundled(),
    certificate: EdgeCertificate.fromArn('arn:aws:acm:eu-west-1:111122223333:certificate/1'),
    cors,
  });
  const template = Template.fromStack(stack);
  const listeners = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::Listener'));
  const https = listeners.find(({ Properties }) => Properties.Protocol === 'HTTPS')?.Properties ?? {};
  const rules = only(template, 'AWS::WAFv2::WebACL').Rules as {
    Action?: { Block?: { CustomResponse?: { ResponseHeaders?: object[] } } };
  }[];
  const refusals = rules.flatMap(({ Action }) =>
    Action?.Block ? [Action.Block.CustomResponse?.ResponseHeaders ?? []] : [],
  );
  return { stack, attributes: attributes(https, 'ListenerAttributes'), refusals };
}

describe('cors', () => {
  it.each(['https://app.example.com', '*'])(
    'with %s stands on answers of the load balancer and the firewall too',
    (origin) => {
      const { attributes: told, refusals } = service({ allowOrigins: [origin] });
      expect(told[ORIGIN]).toBe(origin);
      expect(refusals.length).toBeGreaterThan(0);
      for (const headers of refusals) {
        expect(headers).toContainEqual({ Name: 'Access-Control-Allow-Origin', Value: origin });
        expect(headers).toContainEqual({ Name: 'Access-Control-Expose-Headers', Value: 'Retry-After' });
      }
    },
  );

  it('with several origins is the gate’s alone, and says so', () => {
    const {
      stack,
      attributes: told,
      refusals,
    } = service({
      allowOrigins: ['https://a.example.com', 'https://b.example.com'],
    });
    expect(told).not.toHaveProperty([ORIGIN]);
    expect(JSON.stringify(refusals)).not.toContain('Access-Control');
    Annotations.fromStack(stack).hasInfo('*', Match.stringLikeRegexp('can tell one origin only'));
  });

  it('is nothing unless it is asked for', () => {
    const { attributes: told, refusals } = service();
    expect(JSON.stringify([told, refusals])).not.toMatch(/access.control/i);
  });

  it.each([
    [[], 'must name at least one origin'],
    [['app.example.com'], 'got "app.example.com"'],
    [['https://app.example.com/'], 'got "https://app.example.com/"'],
    [['https://app.example.com', '*'], 'got "*"'],
    [['https://App.example.com'], 'got "https://App.example.com"'],
  ])('refuses %j', (allowOrigins, message) => {
    expect(() => service({ allowOrigins })).toThrow(message);
  });
});
