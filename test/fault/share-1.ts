import { registerFolder } from '../support/folder-tests.js';

await registerFolder(import.meta.dirname, 1, 2);
