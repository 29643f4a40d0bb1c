export function stepFile(): string;
