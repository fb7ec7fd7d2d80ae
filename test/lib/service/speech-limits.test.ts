import { gunzipSync } from 'node:zlib';
import { Duration, Size, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { SPEECH_ENV } from '../../../contract/speech-limits';
import { AppImage, ControlCharacters, Firewall, type SecureTtsServiceProps, type TextRules } from '../../../lib';
import { containers, only, service, TestStack } from '../support/stack';

interface Variable {
  readonly Name: string;
  readonly Value: string;
}

function environment(stack: Stack, container: string): Readonly<Record<string, string>> {
  const variables = (containers(Template.fromStack(stack))[container]?.Environment ?? []) as Variable[];
  return Object.fromEntries(variables.map(({ Name, Value }) => [Name, Value]));
}

/** The rules of texts that the gate is told: its options lie in its bundle. */
function rulesIn(bundle: string): unknown {
  const found = /"textRules":(\{(?:[^{}]|\{[^{}]*\})*\})/.exec(bundle)?.[1];
  return found === undefined ? undefined : JSON.parse(found);
}

/** What the gate's bundle, the firewall and the image are told. */
function told({ stack }: { stack: Stack }) {
  const bundle = gunzipSync(Buffer.from(environment(stack, 'gate-init').VOICEGATE_BUNDLE ?? '', 'base64')).toString();
  const { TTS_MAX_TEXT_CHARACTERS: text, TTS_MAX_SPEECH_CHARACTERS: speech } = environment(stack, 'app');
  const rules = JSON.stringify(only(Template.fromStack(stack), 'AWS::WAFv2::WebACL').Rules);
  return {
    image: [text, speech],
    rules: rulesIn(bundle),
    body: Number(/client_max_body_size (\d+)/.exec(bundle)?.[1]),
    query: Number(
      /"SizeConstraintStatement":\{[^}]*"FieldToMatch":\{"QueryString":\{\}\},"Size":(\d+)/.exec(rules)?.[1],
    ),
  };
}

const bundled = (props: Partial<SecureTtsServiceProps> = {}) => service({ image: AppImage.bundled(), ...props });

describe('the longest texts', () => {
  it('are 500 and 4,096 characters of the bundled image, and no larger body passes', () => {
    expect(told(bundled())).toEqual({
      image: [undefined, undefined],
      rules: { maxCharacters: { text: 500, input: 4_096 }, refusesControl: false, refusesUnreadable: false },
      body: 65_536,
      query: 6_512,
    });
  });

  it('are unknown of somebody else’s image', () => {
    expect(told(service())).toMatchObject({
      ...{ image: [undefined, undefined], rules: undefined, body: 1_048_576, query: 6_512 },
    });
  });

  it('are told to image, gate and firewall, whoever made the image', () => {
    const props = { maxTextCharacters: 1_000, maxSpeechCharacters: 10_000 };
    for (const made of [bundled(props), service(props)]) {
      expect(told(made)).toMatchObject({ image: ['1000', '10000'], body: 16_384 + 120_000, query: 12_512 });
    }
  });

  it('may be told otherwise by the environment of the image', () => {
    const made = bundled({ maxTextCharacters: 100, environment: { TTS_MAX_TEXT_CHARACTERS: '50' } });
    expect(told(made)).toMatchObject({ image: ['50', undefined], rules: undefined });
  });

  it('and control characters are looked at by the gate for any image, where that is said', () => {
    const textRules = { maxCharacters: 300, maxSpeechCharacters: 900, controlCharacters: ControlCharacters.REFUSE };
    const rules = { maxCharacters: { text: 300, input: 900 }, refusesControl: true, refusesUnreadable: true };
    for (const made of [service({ textRules }), bundled({ textRules })]) expect(told(made)).toMatchObject({ rules });
    expect(told(service({ textRules: { maxCharacters: 300 } }))).toMatchObject({
      rules: { maxCharacters: { text: 300, input: 300 }, refusesControl: false },
    });
  });

  it.each<[TextRules, RegExp]>([
    [{}, /textRules must hold maxCharacters or ControlCharacters.REFUSE; leave it out for none/],
    [{ maxCharacters: 0 }, /textRules: maxCharacters must be .* 1 .*, got 0/],
    [{ maxCharacters: 100_001 }, /textRules: maxCharacters must be .* 100000.*, got 100001/],
    [{ maxSpeechCharacters: 5 }, /maxSpeechCharacters is an exception from maxCharacters; give that one, too/],
    [
      { controlCharacters: 'drop' as ControlCharacters },
      /textRules: controlCharacters must be pass or refuse, got "drop"/,
    ],
  ])('refuses the rules %o, saying what is allowed', (textRules, message) => {
    expect(() => service({ textRules })).toThrow(message);
  });

  it.each<[Partial<SecureTtsServiceProps>, RegExp]>([
    [{ maxTextCharacters: 0 }, /SecureTtsService: maxTextCharacters must be .* 1 .*, got 0/],
    [{ maxSpeechCharacters: 100_001 }, /SecureTtsService: maxSpeechCharacters must be .*, got 100001/],
    [
      { maxSpeechCharacters: 10_000, maxBodySize: Size.kibibytes(64) },
      /maxBodySize must be at least 136384 bytes for texts of 10000 characters, got 65536; raise it, or lower/,
    ],
  ])('refuses %o, saying what is allowed', (wrong, message) => {
    expect(() => bundled(wrong)).toThrow(message);
  });

  it('refuses a firewall that would refuse them', () => {
    const stack = new TestStack();
    const firewall = new Firewall(stack, 'Firewall');
    expect(() => service({ firewall, maxTextCharacters: 600 }, stack)).toThrow(
      /maxTextCharacters is 600, but firewall refuses texts of more than 500; give it maxTextCharacters: 600 too/,
    );
  });

  it('are never broken off: the image waits for a whole file for less than the longest request', () => {
    const waits = (props: Partial<SecureTtsServiceProps>) =>
      environment(bundled(props).stack, 'app')[SPEECH_ENV.wholeSeconds];
    expect(waits({})).toBe('90');
    expect(waits({ longestRequest: Duration.seconds(30) })).toBe('22');
    expect(waits({ longestRequest: Duration.seconds(1) })).toBe('0');
    expect(environment(service().stack, 'app')).not.toHaveProperty(SPEECH_ENV.wholeSeconds);
  });
});
