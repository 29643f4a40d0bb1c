// The server's rules for passwords, so that people see them while they type. The server decides.

export interface Rule {
  text: string;
  met: boolean;
}

export function passwordRules(password: string, user: string): Rule[] {
  const rules = [
    { text: "8 characters or more", met: [...password].length >= 8 },
    { text: "a lower-case letter", met: /[a-z]/.test(password) },
    { text: "an upper-case letter", met: /[A-Z]/.test(password) },
    { text: "a digit", met: /[0-9]/.test(password) },
    { text: "a symbol", met: /[^\p{L}\p{N}]/u.test(password) },
  ];
  if (user !== "" && password.toLowerCase().includes(user.toLowerCase()))
    rules.push({ text: "not the user name in it", met: false });
  return rules;
}
