/** Why a broker did not let us in, by its own words; `given`: was there a login that it could refuse? */
export function loginRefusal(said: string, given: boolean): string {
  const next = given
    ? 'check user, password and virtual host'
    : 'no login was given: set auth, or --user and --pass-file';
  return `the broker refused the login: ${said}; ${next}`;
}
