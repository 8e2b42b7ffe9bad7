/** With STOMPCTL_TEST_THOROUGH, as `npm run test:long` sets it, tests of random and of all cases try many more of them. */
export const THOROUGH = process.env.STOMPCTL_TEST_THOROUGH !== undefined;
