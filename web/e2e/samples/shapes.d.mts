export function uniformKtx2(red: number, green: number, blue: number): Uint8Array;
