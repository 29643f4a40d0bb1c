export function ifcFile(): string;
