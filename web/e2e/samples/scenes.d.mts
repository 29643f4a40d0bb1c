export function usdaFile(other?: string): string;
export function usdaPart(): string;
export const OFF: string;
export const WRL: string;
export const BIM: string;
export const AMF: string;
