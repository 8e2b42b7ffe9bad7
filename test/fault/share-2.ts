import { registerFolder } from '../support/folder-tests.js';

await registerFolder(import.meta.dirname, 2, 2);
