export function splatFile(bytes?: number): Uint8Array<ArrayBuffer>;
export function splatPly(count?: number): Uint8Array<ArrayBuffer>;
export function spzFile(): Uint8Array<ArrayBuffer>;
