import { gunzipSync } from 'node:zlib';
import type { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { PAGE_PATHS } from '../../../contract/names';
import { ApiKeyAuthorizer, AppImage, AuthorizerGate } from '../../../lib';
import { containers, service, TestStack, taskWithApp } from '../support/stack';

const IMAGES = {
  'a registry': ecs.ContainerImage.fromRegistry('example.com/tts:1'),
  'a URI': AppImage.fromUri('example.com/tts:1'),
  'the very folder of the bundled image': AppImage.fromFolder('image'),
};

/** The public routes of the only gate, as its bundle in the template holds them. */
function publicRoutes(stack: Stack): string {
  const environment = containers(Template.fromStack(stack))['gate-init']?.Environment as {
    Name: string;
    Value: string;
  }[];
  const bundle = environment.find(({ Name }) => Name === 'VOICEGATE_BUNDLE')?.Value ?? '';
  return (
    /"?publicRoutes"?:(\[[^\]]*\])/.exec(gunzipSync(Buffer.from(bundle, 'base64')).toString())?.[1] ?? 'none found'
  );
}

const told = (stack: Stack) =>
  Annotations.fromStack(stack).findInfo('*', Match.stringLikeRegexp('Every path needs a credential')).length;

describe('public paths', () => {
  it.each(Object.entries(IMAGES))('are none of an image from %s, which is told at synth', (_, image) => {
    const { stack } = service({ image });
    expect(publicRoutes(stack)).toBe('[]');
    expect(told(stack)).toBe(1);
  });

  it('are none behind a gate that was added to a task, which is told at synth', () => {
    const stack = new TestStack();
    AuthorizerGate.addTo(taskWithApp(stack), { authorizer: new ApiKeyAuthorizer(stack, 'Authorizer') });
    expect(publicRoutes(stack)).toBe('[]');
    expect(told(stack)).toBe(1);
  });

  it('are those that were said, and then nothing is told', () => {
    const { stack } = service({ publicPaths: ['POST /hook'] });
    expect(JSON.parse(publicRoutes(stack))).toEqual([{ method: 'POST', path: '/hook' }]);
    expect(told(stack)).toBe(0);
    expect(told(service({ publicPaths: [] }).stack)).toBe(0);
  });

  it('are the page of the bundled image, whose files stand where nothing else does', () => {
    const { stack } = service({ image: AppImage.bundled() });
    const routes = JSON.parse(publicRoutes(stack)) as { method: string; path: string }[];
    expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(
      PAGE_PATHS.flatMap((path) => [`GET ${path}`, `HEAD ${path}`]),
    );
    expect(told(stack)).toBe(0);
  });
});
