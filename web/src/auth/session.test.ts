import { expect, test, vi } from "vitest";
import { ApiError } from "../api/errors";
import { Session, stepOf, userOf } from "./session";

function token(claims: Record<string, unknown>): string {
  return `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.sig`;
}

const tokens = (user: string, refreshToken: string) => ({
  accessToken: token({ "cognito:username": user, "vams:roles": '["admin"]' }),
  refreshToken,
  expiresIn: 3600,
});

test("the user and the roles come from the token", () => {
  const user = userOf(token({ "vams:tokens": ["ann"], "vams:roles": ["a", "b"], amr: ["mfa"] }));
  expect(user).toEqual({ id: "ann", email: "", roles: ["a", "b"], mfa: true });
});

test("a session is restored with the stored refresh token, which is then replaced", async () => {
  localStorage.setItem("vams-session", "first");
  const refresh = vi.fn((_token: string) => Promise.resolve(tokens("ann", "second")));
  const session = new Session(refresh);

  await session.restore();

  expect(refresh.mock.calls).toEqual([["first"]]);
  expect(session.get()).toMatchObject({ name: "in", user: { id: "ann", roles: ["admin"] } });
  expect(localStorage.getItem("vams-session")).toBe("second");
});

test("a refresh token that the server knows no more ends at the sign-in, with the reason", async () => {
  localStorage.setItem("vams-session", "stale");
  const session = new Session(() => Promise.reject(new ApiError("signedOut", "no", 401)));

  await session.restore();

  expect(session.get()).toMatchObject({ name: "out", reason: expect.stringContaining("ended") });
  expect(localStorage.getItem("vams-session")).toBeNull();
});

test("calls at the same time share one refresh", async () => {
  localStorage.setItem("vams-session", "first");
  const refresh = vi.fn((_token: string) => Promise.resolve(tokens("ann", "second")));
  const session = new Session(refresh);

  const [a, b] = await Promise.all([session.token(), session.token()]);

  expect(a).toBe(b);
  expect(refresh).toHaveBeenCalledTimes(1);
});

test("the answers of a sign-in: tokens, challenges, and nonsense", () => {
  expect(stepOf({ accessToken: "a", refreshToken: "r", expiresIn: 5 })).toMatchObject({
    name: "done",
  });
  expect(stepOf({ challenge: "SOFTWARE_TOKEN_MFA", session: "s" })).toMatchObject({
    name: "challenge",
    session: "s",
  });
  expect(() => stepOf({})).toThrow(ApiError);
});
