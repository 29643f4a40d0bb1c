// Keeps uploads in the browser's database, so that a reload does not lose them. Where the browser has
// none, they live as long as the page.
import type { Job } from "./job";

const NAME = "vams-uploads";
const JOBS = "jobs";

function ask<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(JOBS, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
  return opened;
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await open()).transaction(JOBS, mode).objectStore(JOBS);
}

export interface JobStore {
  all(): Promise<Job[]>;
  put(job: Job): Promise<void>;
  remove(id: string): Promise<void>;
}

export const browserStore: JobStore = {
  async all() {
    try {
      return await ask<Job[]>((await store("readonly")).getAll() as IDBRequest<Job[]>);
    } catch {
      return [];
    }
  },
  async put(job) {
    try {
      await ask((await store("readwrite")).put(job));
    } catch {
      // Then a reload loses it.
    }
  },
  async remove(id) {
    try {
      await ask((await store("readwrite")).delete(id));
    } catch {
      // It was never kept.
    }
  },
};
