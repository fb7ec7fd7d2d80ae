// The default example, in Go.
package main

import (
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/voicegate/voicegate-go/voicegate"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Speech"), &awscdk.StackProps{
		Env: &awscdk.Environment{
			Account: jsii.String(os.Getenv("CDK_DEFAULT_ACCOUNT")),
			Region:  jsii.String(os.Getenv("CDK_DEFAULT_REGION")),
		},
	})
	greeting, ok := app.Node().TryGetContext(jsii.String("greeting")).(string)
	if !ok {
		greeting = "hello"
	}

	voicegate.NewSecureTtsService(stack, jsii.String("Tts"), &voicegate.SecureTtsServiceProps{
		Image:       voicegate.AppImage_Bundled(),
		Certificate: voicegate.EdgeCertificate_SelfSigned(nil),
		Environment: &map[string]*string{"GREETING": jsii.String(greeting)},
	})

	app.Synth(nil)
}
