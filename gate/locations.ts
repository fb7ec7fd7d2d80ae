/** Names that the configuration and the program share. */

/** A location that answers errors. It has a path, not a name: a request line that nginx cannot read has no path to keep. */
export const ANSWER_LOCATION = '/.voicegate/answer';
/** The same for requests that nobody listens to any longer, whose connection ends with the answer. */
export const CLOSING_LOCATION = '/.voicegate/closing';
/** The same for those without a body to come that count for their client's limit: the connection goes on. */
export const KEPT_LOCATION = '/.voicegate/kept';
/** A subrequest to it ends its request, and the connection, whatever else goes on. */
export const LATE_LOCATION = '/.voicegate/late';
/** The location by which the program invokes the authorizer. */
export const INVOKE_LOCATION = '/.voicegate/invoke';
/** The app, where connections to it are kept. */
export const APP_UPSTREAM = 'voicegate_app';
/** The group of addresses at which Lambda is reached; the entry script writes it. */
export const LAMBDA_UPSTREAM = 'voicegate_lambda';
/** The sign-in page: shows it, takes its form, and ends sessions. */
export const SESSION_PATH = '/.voicegate/session';
/** What the page looks like. */
export const SESSION_STYLE_PATH = '/.voicegate/session.css';

/** The status, told to nobody, by which a request goes on where its text is counted. */
export const DIVERTED = 598;
/** Where that is: a name, which no target can be. */
export const TEXT_LOCATION = '@text';
