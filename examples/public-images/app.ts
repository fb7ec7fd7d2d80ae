import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ApiKeyAuthorizer, EdgeCertificate, Firewall, HttpsLoadBalancer, SecureTtsService } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'Images', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

// Each listens on the task's loopback interface alone, where only the gate can reach it.
const images = {
  // https://github.com/remsky/Kokoro-FastAPI: docker/scripts/entrypoint.sh, which logs at debug level.
  kokoro: {
    image: ContainerImage.fromRegistry('ghcr.io/remsky/kokoro-fastapi-cpu:v0.2.4'),
    command: [
      ...['uv', 'run', '--extra', 'cpu', '--no-sync', 'python', '-m', 'uvicorn', 'api.src.main:app'],
      ...['--host', '127.0.0.1', '--port', '8880', '--log-level', 'warning'],
    ],
    upstreamPort: 8880,
    readinessPath: '/health',
  },
  // https://github.com/speaches-ai/speaches: Dockerfile, compose.yaml. It brings no voice: a key that may call
  // POST /v1/models/speaches-ai/Kokoro-82M-v1.0-ONNX has each task load one.
  speaches: {
    image: ContainerImage.fromRegistry('ghcr.io/speaches-ai/speaches:0.8.3-cpu'),
    command: ['uvicorn', '--factory', 'speaches.main:create_app', '--host', '127.0.0.1', '--port', '8000'],
    upstreamPort: 8000,
    readinessPath: '/health',
  },
  // https://github.com/matatonic/openedai-speech: startup.min.sh, openedai.py. GET / is 503 until a voice is loaded.
  openedai: {
    image: ContainerImage.fromRegistry('ghcr.io/matatonic/openedai-speech-min:0.18.2'),
    entryPoint: ['bash', '-c'],
    command: ['bash download_voices_tts-1.sh && exec python speech.py --xtts_device none --host 127.0.0.1 --port 8000'],
    upstreamPort: 8000,
  },
};

const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const hosts = Object.keys(images).map((name) => `${name}.tts.example.com`);
const loadBalancer = new HttpsLoadBalancer(stack, 'Edge', {
  vpc,
  certificate: EdgeCertificate.selfSigned(),
  domainNames: hosts,
});
new Firewall(stack, 'Firewall').protect(loadBalancer.loadBalancer);

const authorizer = new ApiKeyAuthorizer(stack, 'Authorizer');
for (const [name, props] of Object.entries(images)) {
  new SecureTtsService(stack, name, {
    vpc,
    loadBalancer,
    routing: [ListenerCondition.hostHeaders([`${name}.tts.example.com`])],
    authorizer,
    // All three speak OpenAI's API.
    synthesisPaths: ['/v1/audio/speech'],
    desiredCount: 1,
    environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
    ...props,
  });
}

app.synth();
