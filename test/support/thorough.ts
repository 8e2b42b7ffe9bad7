/** With CI_MINUTES, as in CI and in `npm run test:long`, tests of random and of all cases try many more of them. */
export const THOROUGH = process.env.CI_MINUTES !== undefined;
