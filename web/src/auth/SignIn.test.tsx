import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { session } from "./session";
import { SignIn } from "./SignIn";

vi.mock("../app/App", () => ({ App: () => null }));

const config = { stackName: "plant", banner: "<b>Test</b> system", provider: null };

function server(answer: (path: string, body: Record<string, string>) => [number, unknown]) {
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const [status, body] = answer(url, JSON.parse(String(init.body)) as Record<string, string>);
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
}

const done = { accessToken: "a.e30.s", refreshToken: "r", expiresIn: 3600 };

async function signIn(password: string) {
  const person = userEvent.setup();
  await person.type(screen.getByLabelText("User name"), "ann");
  await person.type(screen.getByLabelText("Password"), password);
  await person.click(screen.getByRole("button", { name: "Sign in" }));
  return person;
}

afterEach(() => {
  session.end(null);
  vi.unstubAllGlobals();
});

test("a wrong password is said, and the banner is there", async () => {
  server(() => [401, { message: "Wrong user name or password." }]);
  render(<SignIn config={config} reason={null} />);

  await signIn("bad");

  expect(await screen.findByText("Wrong user name or password.")).toBeTruthy();
  expect(screen.getByRole("note").textContent).toBe("Test system");
});

test("a temporary password is changed on the way in", async () => {
  const seen: string[] = [];
  server((path, body) => {
    seen.push(path);
    if (path.endsWith("auth/login"))
      return [200, { challenge: "NEW_PASSWORD_REQUIRED", session: "s1" }];
    expect(body).toEqual({ session: "s1", newPassword: "Correct-Horse-8" });
    return [200, done];
  });
  render(<SignIn config={config} reason={null} />);

  const person = await signIn("temporary");
  await person.type(await screen.findByLabelText("New password"), "Correct-Horse-8");
  await person.type(screen.getByLabelText("New password again"), "Correct-Horse-8");
  await person.click(screen.getByRole("button", { name: "Set password" }));

  await vi.waitFor(() => expect(session.get().name).toBe("in"));
  expect(seen).toHaveLength(2);
});

test("two new passwords that differ are not sent", async () => {
  let calls = 0;
  server(() => {
    ++calls;
    return [200, { challenge: "NEW_PASSWORD_REQUIRED", session: "s1" }];
  });
  render(<SignIn config={config} reason={null} />);

  const person = await signIn("temporary");
  await person.type(await screen.findByLabelText("New password"), "Correct-Horse-8");
  await person.type(screen.getByLabelText("New password again"), "Correct-Horse-9");
  await person.click(screen.getByRole("button", { name: "Set password" }));

  expect(await screen.findByText("The two passwords differ.")).toBeTruthy();
  expect(calls).toBe(1);
});

test("the second factor is asked for", async () => {
  server((path, body) => {
    if (path.endsWith("auth/login"))
      return [200, { challenge: "SOFTWARE_TOKEN_MFA", session: "s2" }];
    expect(body).toEqual({ session: "s2", mfaCode: "123456" });
    return [200, done];
  });
  render(<SignIn config={config} reason={null} />);

  const person = await signIn("good");
  await person.type(await screen.findByLabelText("Code"), "123456");
  await person.click(screen.getByRole("button", { name: "Verify" }));

  await vi.waitFor(() => expect(session.get().name).toBe("in"));
});
