// The sign-in page. It stands alone: none of the application's components, so that it is there at
// once; those are fetched while the password is typed.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { PublicConfig } from "../api/config";
import { messageOf } from "../api/errors";
import { Banner } from "../ui/Banner";
import { passwordRules } from "./passwords";
import { startProviderLogin } from "./provider";
import { answerChallenge, login, session, type LoginStep } from "./session";
import "./signin.css";

type Step =
  | { name: "password" }
  | { name: "help" }
  | { name: "newPassword"; session: string }
  | { name: "code"; session: string };

function Field(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password";
  autoComplete: string;
  hint?: string;
  focus?: boolean;
  numeric?: boolean;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const secret = props.type === "password";
  useEffect(() => {
    if (props.focus) input.current?.focus();
  }, [props.focus]);
  return (
    <div className="si-field">
      <label htmlFor={id}>{props.label}</label>
      {props.hint && (
        <p className="si-hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <div className="si-control">
        <input
          id={id}
          ref={input}
          type={secret && !shown ? "password" : "text"}
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
          autoComplete={props.autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          inputMode={props.numeric ? "numeric" : undefined}
          aria-describedby={props.hint ? `${id}-hint` : undefined}
          required
        />
        {secret && (
          <button
            type="button"
            className="si-show"
            aria-pressed={shown}
            aria-label={`Show ${props.label.toLowerCase()}`}
            onClick={() => setShown(!shown)}
          >
            {shown ? "Hide" : "Show"}
          </button>
        )}
      </div>
    </div>
  );
}

function Frame(props: { config: PublicConfig; children: ReactNode }) {
  return (
    <>
      <Banner html={props.config.banner} />
      <main className="si-page">
        <section className="si-card" aria-labelledby="si-title">
          <img src="favicon.svg" alt="" width="44" height="44" />
          {props.children}
        </section>
        <p className="si-foot">
          Visual Asset Management
          {props.config.stackName === "" ? "" : ` · ${props.config.stackName}`}
        </p>
      </main>
    </>
  );
}

function useAttempt() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, setProblem, attempt };
}

function Form(props: {
  busy: boolean;
  problem: string | null;
  action: string;
  onSubmit: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!props.busy) props.onSubmit();
  };
  return (
    <form onSubmit={submit} aria-busy={props.busy}>
      <div role="alert">{props.problem && <p className="si-problem">{props.problem}</p>}</div>
      {props.children}
      <button type="submit" className="si-primary" aria-disabled={props.busy}>
        {props.busy ? "One moment…" : props.action}
      </button>
    </form>
  );
}

export function SignIn({ config, reason }: { config: PublicConfig; reason: string | null }) {
  const [step, setStep] = useState<Step>({ name: "password" });
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [code, setCode] = useState("");
  const { busy, problem, setProblem, attempt } = useAttempt();

  useEffect(() => {
    document.title = "VAMS - Sign in";
    // The application, while its user is still typing.
    const timer = setTimeout(() => void import("../app/App"), 300);
    return () => clearTimeout(timer);
  }, []);

  const take = (result: LoginStep) => {
    if (result.name === "done") return session.begin(result.tokens);
    setCode("");
    setStep(
      result.challenge === "NEW_PASSWORD_REQUIRED"
        ? { name: "newPassword", session: result.session }
        : { name: "code", session: result.session },
    );
  };
  const back = () => {
    setProblem(null);
    setPassword("");
    setStep({ name: "password" });
  };

  if (config.provider !== null) {
    const provider = config.provider;
    return (
      <Frame config={config}>
        <h1 id="si-title">Sign in</h1>
        <p className="si-lead">Your organisation’s identity provider looks after the accounts.</p>
        <div role="alert">
          {(problem ?? reason) && <p className="si-problem">{problem ?? reason}</p>}
        </div>
        <button
          type="button"
          className="si-primary"
          onClick={() => void attempt(() => startProviderLogin(provider, false))}
        >
          Continue to sign-in
        </button>
        {provider.scopeMfa !== "" && (
          <button
            type="button"
            className="si-secondary"
            onClick={() => void attempt(() => startProviderLogin(provider, true))}
          >
            Continue with a second factor
          </button>
        )}
      </Frame>
    );
  }

  if (step.name === "help")
    return (
      <Frame config={config}>
        <h1 id="si-title">No access to your account?</h1>
        <p className="si-lead">
          <strong>Forgotten password.</strong> An administrator can set a temporary one under User
          Management; you choose your own when you sign in with it.
        </p>
        <p className="si-lead">
          <strong>Lost authenticator.</strong> Sign in with your password and enter one of the
          recovery codes in place of the six digits. Without those, the operator of this server
          removes the second factor: <code>vams user mfa-reset</code>.
        </p>
        <p className="si-lead">
          <strong>Nobody can sign in.</strong> The operator can always get back in with{" "}
          <code>vams user reset-password</code> on the server’s machine.
        </p>
        <button type="button" className="si-secondary" onClick={back}>
          Back to sign-in
        </button>
      </Frame>
    );

  if (step.name === "newPassword") {
    const rules = passwordRules(next, user);
    const submit = () => {
      if (next !== again) return setProblem("The two passwords differ.");
      void attempt(async () => take(await answerChallenge(step, { newPassword: next })));
    };
    return (
      <Frame config={config}>
        <h1 id="si-title">Choose your password</h1>
        <p className="si-lead">The one you have is temporary.</p>
        <Form busy={busy} problem={problem} action="Set password" onSubmit={submit}>
          <input type="hidden" autoComplete="username" value={user} readOnly />
          <Field
            label="New password"
            type="password"
            value={next}
            onChange={setNext}
            autoComplete="new-password"
            focus
          />
          <ul className="si-rules" aria-label="A password needs">
            {rules.map((rule) => (
              <li key={rule.text} data-met={rule.met}>
                <span aria-hidden="true">{rule.met ? "✓" : "·"}</span> {rule.text}
                <span className="vams-sr">{rule.met ? " (done)" : " (missing)"}</span>
              </li>
            ))}
          </ul>
          <Field
            label="New password again"
            type="password"
            value={again}
            onChange={setAgain}
            autoComplete="new-password"
          />
        </Form>
        <button type="button" className="si-link" onClick={back}>
          Start over
        </button>
      </Frame>
    );
  }

  if (step.name === "code")
    return (
      <Frame config={config}>
        <h1 id="si-title">Second factor</h1>
        <Form
          busy={busy}
          problem={problem}
          action="Verify"
          onSubmit={() =>
            void attempt(async () => take(await answerChallenge(step, { mfaCode: code.trim() })))
          }
        >
          <Field
            label="Code"
            hint="The six digits of your authenticator app, or one of your recovery codes."
            value={code}
            onChange={setCode}
            autoComplete="one-time-code"
            focus
          />
        </Form>
        <button type="button" className="si-link" onClick={back}>
          Start over
        </button>
      </Frame>
    );

  return (
    <Frame config={config}>
      <h1 id="si-title">Sign in</h1>
      {reason !== null && problem === null && (
        <p className="si-note" role="status">
          {reason}
        </p>
      )}
      <Form
        busy={busy}
        problem={problem}
        action="Sign in"
        onSubmit={() => void attempt(async () => take(await login(user.trim(), password)))}
      >
        <Field label="User name" value={user} onChange={setUser} autoComplete="username" focus />
        <Field
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        />
      </Form>
      <button type="button" className="si-link" onClick={() => setStep({ name: "help" })}>
        Cannot sign in?
      </button>
    </Frame>
  );
}
