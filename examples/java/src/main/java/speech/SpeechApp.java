package speech;

import io.github.voicegate.AppImage;
import io.github.voicegate.EdgeCertificate;
import io.github.voicegate.SecureTtsService;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;

/** The default example, in Java. */
public final class SpeechApp {
  public static void main(String[] args) {
    App app = new App();
    Environment env = Environment.builder()
        .account(System.getenv("CDK_DEFAULT_ACCOUNT"))
        .region(System.getenv("CDK_DEFAULT_REGION"))
        .build();
    Stack stack = new Stack(app, "Speech", StackProps.builder().env(env).build());
    Object greeting = app.getNode().tryGetContext("greeting");

    SecureTtsService.Builder.create(stack, "Tts")
        .image(AppImage.bundled())
        .certificate(EdgeCertificate.selfSigned())
        .environment(Map.of("GREETING", greeting == null ? "hello" : greeting.toString()))
        .build();

    app.synth();
  }

  private SpeechApp() {}
}
