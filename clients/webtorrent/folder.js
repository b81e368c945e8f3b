// A folder of small JSON files. A write has been flushed when its promise resolves, and replaces the file as a whole:
// after a crash at any moment there is the old content or the new.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export class Folder {
  #path;
  #waiting = new Map(); // name -> the write that has not begun
  #last = new Map(); // name -> the end of the last write

  constructor(path) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#path = path;
  }

  /** The content of every file. A damaged one is an error: to go on without it could give something away twice. */
  read() {
    return readdirSync(this.#path).flatMap(name => {
      if (name.endsWith('.tmp')) rmSync(join(this.#path, name));
      if (!name.endsWith('.json')) return [];
      try {
        return [JSON.parse(readFileSync(join(this.#path, name), 'utf8'))];
      } catch (error) {
        throw new Error(`${join(this.#path, name)} cannot be read: ${error.message}`);
      }
    });
  }

  /** Writes the value; undefined removes the file. Calls before a write has begun share it, and the last value counts. */
  write(name, value) {
    const waiting = this.#waiting.get(name);
    if (waiting) {
      waiting.value = value;
      return waiting.done;
    }
    const next = { value };
    this.#waiting.set(name, next);
    const before = this.#last.get(name) ?? Promise.resolve();
    next.done = before.catch(() => {}).then(() => {
      this.#waiting.delete(name);
      return this.#replace(name, next.value);
    });
    this.#last.set(name, next.done);
    const end = () => this.#last.get(name) === next.done && this.#last.delete(name);
    next.done.then(end, end);
    return next.done;
  }

  /** Ends when every write that has been asked for has ended. */
  flush = () => Promise.allSettled(this.#last.values());

  async #replace(name, value) {
    const path = join(this.#path, `${name}.json`);
    if (value === undefined) return rm(path, { force: true });
    const text = JSON.stringify(value); // before anything is awaited: the value may change
    const file = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
    await this.#flushNames();
  }

  // A renamed file is safe once its folder is flushed. Not every system can open a folder (Windows cannot).
  async #flushNames() {
    const folder = await open(this.#path, 'r').catch(() => null);
    try {
      await folder?.sync().catch(() => {});
    } finally {
      await folder?.close();
    }
  }
}
